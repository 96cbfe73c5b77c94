public import Authority
import Cedar
import Logging
import Synchronization

/// Counts people's signed words, decides anew with them, and has carried out what is permitted then.
public final class Approvals: Sendable {
    let core: Core
    let deliberations: Deliberations
    private let locks: Locks
    private let execution: Execution
    /// Refusals that are not stored yet, by the ids of their entries.
    let heldRefusals = Mutex<[String: SignedApproval]>([:])

    init(_ core: Core, _ deliberations: Deliberations, _ locks: Locks, _ execution: Execution) {
        self.core = core
        self.deliberations = deliberations
        self.locks = locks
        self.execution = execution
    }

    /// Takes a person's signed statement on a change.
    ///
    /// - Parameter proof: the statement with its signature, which has been verified as the person's.
    public func record(_ proof: SignedApproval, by person: Person) async throws -> Change {
        let statement = proof.statement
        let found: Change?
        do { found = try await core.store.change(statement.change) } catch let error as StoreError
            where statement.verdict == .refuse
        {
            // Put back later, the record would be used again: whoever refuses meanwhile must have refused it then too.
            throw try await refuse(unreadable: proof, person, error)
        }
        guard let change = found else { throw Refusal(.changeNotFound, "There is no such change.") }
        if let problem = statement.problem(for: change, by: person, at: core.environment.id, now: core.now) {
            throw Self.notHolding(problem)
        }
        switch statement.verdict {
        case .approve: return try await approve(change, proof, person)
        case .refuse: return try await refuse(change, proof, person)
        }
    }

    static func notHolding(_ problem: ApprovalStatement.Problem) -> Refusal {
        Refusal(.init(problem), "The signed statement does not hold for this change; show the change again and sign anew.")
    }

    static func closed(_ change: Change) -> Refusal {
        Refusal(.changeClosed, "The change is \(change.state.rawValue) and takes no more statements.")
    }

    static let used = Refusal(
        .approvalUsed, "You have spoken on this change already, or the statement was used before.")

    static let notEligible = Refusal(
        .approvalNotEligible, "You can't speak on this change: it is yours, or policy gives you no say in it.")

    /// The log entry of a statement. Its id makes a statement good once, whether or not it is the person's first.
    func entry(_ proof: SignedApproval, _ change: Change) -> LogEntry {
        core.entry(.approval(proof), id: Self.id(proof), links: ["change": change.id, "request": change.request])
    }

    static func id(_ proof: SignedApproval) -> String { "approval-\(proof.statement.nonce)" }

    /// Everything is decided again, on fresh facts, and carried out when that permits it.
    private func approve(_ change: Change, _ proof: SignedApproval, _ person: Person) async throws -> Change {
        guard change.state == .proposed, change.expires > core.now else { throw Self.closed(change) }
        guard change.wait != .adoption else {
            throw Refusal(.approvalNotWaiting, "The change waits to be adopted: there is nothing to approve before that.")
        }
        let submission = try await requireStanding(of: person, for: change)
        // A word given under a lock would be used up for nothing.
        _ = try locks.check(submission.principal.name, change.task, writing: change.system)
        let earlier = try await core.store.approvals(of: change.id).first {
            $0.statement.approver == person.id && $0.statement.verdict == .approve
        }
        let isLive = earlier.map { $0.statement.plan == change.digest && core.principals.fact(of: $0) != nil } ?? false
        // What stood in the way of an earlier approval may be gone: it counts once all the same, and all is decided again.
        let writes = isLive ? [] : [earlier.map { Write.replaceApproval($0, with: proof) } ?? .insertApproval(proof)]
        do { try await core.store.commit(writes, entries: [entry(proof, change)]) } catch let error as StoreError
            where error.code == .conflict
        { throw Self.used }
        let again = try await reconsider(change)
        guard !isLive || again.state != .proposed else { throw Self.used }
        return again
    }

    /// Whether this person may approve this change at all, by policy and by not being on its side.
    ///
    /// - Returns: the change as it would be asked now.
    @discardableResult
    func requireStanding(of person: Person, for change: Change) async throws -> Submission {
        let deliberation = try await deliberations.on(change)
        guard deliberation.mayApprove(person) else { throw Self.notEligible }
        return deliberation.submission
    }

    /// Decides the change again on what is true now, with the approvals it has, and carries it out when permitted.
    func reconsider(_ change: Change) async throws -> Change {
        let epoch = core.store.locks().epoch
        let deliberation = try await deliberations.on(change, approvals: try await approvalFacts(change), locks: epoch)
        let (submission, plan) = (deliberation.submission, deliberation.plan)
        _ = try locks.check(submission.principal.name, change.task, writing: change.system, change.operation, plan)
        guard plan.obstacle == nil, change.isShownWhole, deliberation.terms(owner: change.owner).digest == change.digest,
            Terms(submission, change.plan, policies: deliberation.policies, owner: change.owner).digest == change.digest,
            plan.native == change.plan.native, deliberation.assessment.isCovered(by: change.shown)
        else { return try await void(change, "change.altered") }
        let decision = deliberation.decide()
        let entry = deliberation.entry(decision, in: core, change: change)
        switch decision.verdict {
        case .permit:
            let approved = try change.after(.approvedEnough)
            _ = execution.underway.enter(change.id)
            defer { execution.underway.leave(change.id) }
            do { try await core.store.commit([.updateChange(approved, from: change)], entries: [entry]) } catch let error
                as StoreError
                where error.code == .conflict
            {
                // Another approval of the same moment was first to carry it out.
                return try await core.stored(change)
            }
            Failpoint.reach("approved")
            _ = try await execution.execute(approved, decision, deliberation)
        case .needsApproval, .propose: try await core.store.commit([], entries: [entry])
        case .deny: return try await void(change, "denied", also: entry)
        }
        return try await core.stored(change)
    }

    /// The approvals that hold: their signatures verified again, for this change and digest, one for each human.
    private func approvalFacts(_ change: Change) async throws -> [ApprovalFact] {
        var humans: Set<String> = []
        return try await core.store.approvals(of: change.id).compactMap { approval in
            let statement = approval.statement
            guard statement.change == change.id, statement.plan == change.digest, statement.gateway == core.environment.id,
                statement.assessment == change.assessment, let fact = core.principals.fact(of: approval),
                humans.insert(core.principals.aliases(of: fact.person.id).min() ?? "").inserted
            else { return nil }
            return fact
        }
    }

    private func void(_ change: Change, _ code: String, also entry: LogEntry? = nil) async throws -> Change {
        let voided = try change.after(.withdrawn(code))
        do {
            try await core.store.commit(
                [.updateChange(voided, from: change)], entries: [entry].compactMap { $0 } + [core.outcome(of: voided)])
        } catch let error as StoreError where error.code == .conflict {
            // Somebody else's word of the same moment was first.
            return try await core.stored(change)
        }
        core.note("a change was voided", ["change": change.id, "code": code])
        return voided
    }

    /// Makes a change the person's own: it is decided as their `execute`, and they do not count as an approver.
    public func adopt(_ id: String, by person: Person) async throws -> Change {
        let change = try await core.requireChange(id)
        guard change.state == .proposed, change.wait == .adoption, change.expires > core.now else {
            throw Refusal(.changeClosed, "The change is \(change.state.rawValue) and does not wait to be adopted.")
        }
        var adopted = change
        (adopted.adopter, adopted.wait) = (person.id, .approval)
        let epoch = try locks.check(.person(person.id), change.task, writing: change.system)
        let deliberation = try await deliberations.on(adopted, locks: epoch)
        adopted.digest = deliberation.terms(owner: change.owner).digest
        adopted.assess(deliberation.assessment)
        let adoption = core.entry(
            .adoption(AdoptionRecord(by: person.id, terms: adopted.digest)), "ado",
            links: ["change": id, "request": change.request])
        let decision = deliberation.decide()
        guard [.permit, .needsApproval].contains(decision.verdict) else {
            let denied = deliberation.entry(decision, in: core, change: adopted)
            try await core.store.commit([], entries: [adoption, denied])
            throw Refusal(.denied, "Policy does not let you execute this yourself.")
        }
        do { try await core.store.commit([.updateChange(adopted, from: change)], entries: [adoption]) } catch let error
            as StoreError
            where error.code == .conflict
        { throw Refusal(.changeClosed, "Somebody else adopted the change first, or it was closed.") }
        return try await reconsider(adopted)
    }
}
