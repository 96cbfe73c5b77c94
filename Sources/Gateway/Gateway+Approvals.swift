public import Authority
import Cedar
import Logging
import StrictJSON
import Synchronization

extension Gateway {
    /// Takes a person's signed statement on a change.
    ///
    /// - Parameter proof: the statement with its signature, which has been verified as the person's.
    public func record(_ proof: SignedApproval, by person: Person) async throws -> Change {
        let statement = proof.statement
        let found: Change?
        do { found = try await store.change(statement.change) } catch let error as StoreError
            where statement.verdict == .refuse
        {
            // Put back later, the record would be used again: whoever refuses meanwhile must have refused it then too.
            throw try await refuse(unreadable: proof, person, error)
        }
        guard let change = found else { throw Refusal(.changeNotFound, "There is no such change.") }
        if let problem = statement.problem(for: change, by: person, at: environment.id, now: now) {
            throw Self.notHolding(problem)
        }
        switch statement.verdict {
        case .approve: return try await approve(change, proof, person)
        case .refuse: return try await refuse(change, proof, person)
        }
    }

    private static func notHolding(_ problem: ApprovalStatement.Problem) -> Refusal {
        Refusal(.init(problem), "The signed statement does not hold for this change; show the change again and sign anew.")
    }

    private static func closed(_ change: Change) -> Refusal {
        Refusal(.changeClosed, "The change is \(change.state.rawValue) and takes no more statements.")
    }

    private static let used = Refusal(
        .approvalUsed, "You have spoken on this change already, or the statement was used before.")

    /// The log entry of a statement. Its id makes a statement good once, whether or not it is the person's first.
    private func entry(_ proof: SignedApproval, _ change: Change) -> LogEntry {
        LogEntry(
            .requests, id: Self.id(proof), kind: "approval", time: now,
            links: ["change": change.id, "request": change.request], body: proof.json)
    }

    private static func id(_ proof: SignedApproval) -> String { "approval-\(proof.statement.nonce)" }

    /// Everything is decided again, on fresh facts, and carried out when that permits it.
    private func approve(_ change: Change, _ proof: SignedApproval, _ person: Person) async throws -> Change {
        guard change.state == .proposed, change.expires > now else { throw Self.closed(change) }
        guard change.wait != .adoption else {
            throw Refusal(.approvalNotWaiting, "The change waits to be adopted: there is nothing to approve before that.")
        }
        let submission = try await requireStanding(of: person, for: change)
        // A word given under a lock would be used up for nothing.
        _ = try await checkLocks(submission.principal, change.task, writing: change.system)
        let earlier = try await store.approvals(of: change.id).first {
            $0.statement.approver == person.id && $0.statement.verdict == .approve
        }
        let isLive = earlier.map { $0.statement.plan == change.digest && principals.fact(of: $0) != nil } ?? false
        // What stood in the way of an earlier approval may be gone: it counts once all the same, and all is decided again.
        let writes = isLive ? [] : [earlier.map { Write.replaceApproval($0, with: proof) } ?? .insertApproval(proof)]
        do { try await store.commit(writes, entries: [entry(proof, change)]) } catch let error as StoreError
            where error.code == .conflict
        { throw Self.used }
        let again = try await reconsider(change)
        guard !isLive || again.state != .proposed else { throw Self.used }
        return again
    }

    /// A refusal needs nothing but the change and a say in it: not the system, not its requester, no fresh plan. It ends the
    /// change unless that has a grant already, and can never lead to execution.
    private func refuse(_ change: Change, _ proof: SignedApproval, _ person: Person) async throws -> Change {
        guard await hasSay(person, in: change) else { throw Self.notEligible }
        guard ![.withdrawn, .expired].contains(change.state) else { throw Self.closed(change) }
        try hold(proof)
        do { return try await store(refusal: proof, of: change) } catch let error as StoreError { throw held(proof, error) }
    }

    /// A refusal of a change whose record can't be read: it can't be stored with it, and counts all the same.
    private func refuse(unreadable proof: SignedApproval, _ person: Person, _ error: StoreError) async throws -> Refusal {
        let id = proof.statement.change
        if let problem = proof.statement.problem(by: person, at: environment.id, now: now) { throw Self.notHolding(problem) }
        guard store.isOpen(id) else { throw Refusal(.changeClosed, "The change takes no more statements, or there is none.") }
        guard await hadSay(person, in: id) else { throw Self.notEligible }
        try hold(proof)
        return held(proof, error)
    }

    /// First of all in this process: no grant is given any more, though the refusal can't be stored now.
    private func hold(_ proof: SignedApproval) throws {
        do { try store.hold(refusalOf: proof.statement.change, entry: Self.id(proof)) } catch { throw Self.used }
    }

    /// Keeps a refusal until it can be stored; of each person one for a change.
    private func held(_ proof: SignedApproval, _ error: StoreError) -> Refusal {
        let (change, person) = (proof.statement.change, proof.statement.approver)
        heldRefusals.withLock { held in
            guard !held.values.contains(where: { $0.statement.change == change && $0.statement.approver == person }) else {
                return
            }
            held[Self.id(proof)] = proof
        }
        environment.log.critical(
            "a refusal could not be stored: it counts until the gateway stops, and is stored as soon as that can be done",
            metadata: ["change": "\(change)", "error": "\(error)"])
        return Refusal(.approvalHeld, "Your refusal counts, but could not be stored yet; nothing runs meanwhile.")
    }

    /// Stores a refusal that is held, or finds that it came too late.
    ///
    /// - Throws: ``Refusal`` when it does not end the change; ``StoreError`` while that can't be told.
    private func store(refusal proof: SignedApproval, of change: Change) async throws -> Change {
        let person = proof.statement.approver
        var change = change
        // Each turn the change is further on: proposed, approved, granted.
        for _ in 0..<4 where [.proposed, .approved].contains(change.state) {
            let refused = try change.after(.refused)
            let entries = [entry(proof, change)] + outcome(refused, hadIntent: false)
            do {
                try await store.commit([.insertApproval(proof), .updateChange(refused, from: change)], entries: entries)
                heldRefusals.withLock { $0[Self.id(proof)] = nil }
                return refused
            } catch let error as StoreError where error.code == .conflict {
                let current = try await stored(change)
                if current.json == change.json { throw letGo(proof, of: change, Self.used) }
                change = current
            }
        }
        guard ![.proposed, .approved].contains(change.state) else {
            throw StoreError(.unavailable, "the change does not come to rest")
        }
        do { try await store.commit([], entries: [entry(proof, change)]) } catch let error as StoreError
            where error.code == .conflict
        { throw letGo(proof, of: change, Self.used) }
        guard ![.withdrawn, .expired].contains(change.state) else { throw letGo(proof, of: change, Self.closed(change)) }
        environment.log.notice("a refusal came too late", metadata: ["change": "\(change.id)", "by": "\(person)"])
        throw letGo(
            proof, of: change,
            Refusal(
                .approvalTooLate, "Your refusal is recorded, but it came too late: the change is \(change.state.rawValue)."))
    }

    /// A refusal that ends nothing holds nothing up.
    private func letGo(_ proof: SignedApproval, of change: Change, _ refusal: Refusal) -> Refusal {
        heldRefusals.withLock { $0[Self.id(proof)] = nil }
        store.release(refusalOf: change.id, entry: Self.id(proof))
        return refusal
    }

    /// Stores the refusals that could not be stored when they were given.
    func storeRefusals() async {
        for (_, proof) in heldRefusals.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            guard let change = try? await store.change(proof.statement.change) else { continue }
            _ = try? await store(refusal: proof, of: change)
        }
    }

    private static let notEligible = Refusal(
        .approvalNotEligible, "You can't speak on this change: it is yours, or policy gives you no say in it.")

    /// Whether the person had a say when the change was last decided, by the facts recorded then, or has one now.
    private func hasSay(_ person: Person, in change: Change) async -> Bool {
        if await hadSay(person, in: change.id) { return true }
        guard principals.aliases(of: person.id).isDisjoint(with: parties(of: change)) else { return false }
        return (try? await requireStanding(of: person, for: change)) != nil
    }

    /// Whether the person had a say when the change was last decided, though its record can't be used now. Each by itself: where
    /// one can't be read, another may show it.
    private func hadSay(_ person: Person, in change: String) async -> Bool {
        if store.decision(on: change)?.eligible.contains(person.id) == true { return true }
        if (try? await hasApproved(person, change)) == true { return true }
        guard let body = try? await latestDecision(on: change) else { return false }
        if body["decision"]?["eligible"]?.array?.contains(.string(person.id)) == true { return true }
        return (try? body["question"].map(Question.init(json:))).map { mayApprove(person, $0) } ?? false
    }

    private func mayApprove(_ person: Person, _ question: Question) -> Bool {
        let bundle = policies
        return Decider(question, with: bundle, epochs: Epochs(policies: bundle.digest, locks: 0)).mayApprove(person.id)
    }

    /// Whether this person may approve this change at all, by policy and by not being on its side.
    ///
    /// - Returns: the change as it would be asked now.
    @discardableResult
    private func requireStanding(of person: Person, for change: Change) async throws -> Submission {
        let (submission, plan) = try await fresh(change)
        guard try deliberate(submission, plan, locks: 0, on: change).mayApprove(person) else { throw Self.notEligible }
        return submission
    }

    /// The people on the change's side: who asked, who answered for the workload then and who does now, whom it acts for, who
    /// made it their own.
    func parties(of change: Change) -> [String] {
        let asked = change.requester.type.string == "Exequatur::Person" ? change.requester.id.string : nil
        return [asked, change.adopter, change.task.delegator, change.owner, principals.owner(of: change.requester)]
            .compactMap { $0 }
    }

    /// Decides the change again on what is true now, with the approvals it has, and carries it out when permitted.
    func reconsider(_ change: Change) async throws -> Change {
        let (submission, plan) = try await fresh(change)
        let epoch = try await checkLocks(submission.principal, change.task, writing: change.system, change.operation, plan)
        let approvals = try await approvalFacts(change)
        let deliberation = try deliberate(submission, plan, locks: epoch, on: change, approvals: approvals)
        guard plan.obstacle == nil, change.isShownWhole, deliberation.terms(owner: change.owner).digest == change.digest,
            Terms(submission, change.plan, policies: deliberation.policies, owner: change.owner).digest == change.digest,
            plan.native == change.plan.native, deliberation.assessment.isCovered(by: change.shown)
        else { return try await void(change, "change.altered") }
        let decision = deliberation.decide()
        let entry = entry(decision, deliberation, change: change)
        switch decision.verdict {
        case .permit:
            let approved = try change.after(.approvedEnough)
            _ = underway.enter(change.id)
            defer { underway.leave(change.id) }
            do { try await store.commit([.updateChange(approved, from: change)], entries: [entry]) } catch let error
                as StoreError
                where error.code == .conflict
            {
                // Another approval of the same moment was first to carry it out.
                return try await stored(change)
            }
            Failpoint.reach("approved")
            _ = try await execute(approved, decision, submission, plan)
        case .needsApproval, .propose: try await store.commit([], entries: [entry])
        case .deny: return try await void(change, "denied", also: entry)
        }
        return try await stored(change)
    }

    /// The change as it would be asked now: its requester as registered today, its plan made anew.
    ///
    /// - Parameter open: whether its task must not have been ended.
    func fresh(_ change: Change, open: Bool = true) async throws -> (Submission, Plan) {
        let uid = change.adopter.map(EntityUID.person) ?? change.requester
        guard let principal = principals.principal(uid, at: now) else {
            throw Refusal(.changeOrphaned, "Who asked for this change is no longer registered, owned or within its term.")
        }
        if open { try await requireOpen(change.task) }
        let operation = try operation(change.operation, of: change.system)
        let input = try Input(change.input, for: operation, at: "/input")
        let submission = Submission(
            id: change.request, principal: principal, task: change.task, system: change.system, operation: operation, input: input
        )
        do {
            return (submission, try await plan(submission, rollbackOf: change.rollbackOf))
        } catch let error as ConnectorError {
            throw Refusal(.init(error.code), "The change can't be planned now: \(error.message)")
        }
    }

    private func hasApproved(_ person: Person, _ change: String) async throws -> Bool {
        try await store.approvals(of: change).contains {
            $0.statement.approver == person.id && $0.statement.verdict == .approve
        }
    }

    /// The approvals that hold: their signatures verified again, for this change and digest, one for each human.
    private func approvalFacts(_ change: Change) async throws -> [ApprovalFact] {
        var humans: Set<String> = []
        return try await store.approvals(of: change.id).compactMap { approval in
            let statement = approval.statement
            guard statement.change == change.id, statement.plan == change.digest, statement.gateway == environment.id,
                statement.assessment == change.assessment, let fact = principals.fact(of: approval),
                humans.insert(principals.aliases(of: fact.person.id).min() ?? "").inserted
            else { return nil }
            return fact
        }
    }

    private func void(_ change: Change, _ code: String, also entry: LogEntry? = nil) async throws -> Change {
        let voided = try change.after(.withdrawn(code))
        do {
            try await store.commit(
                [.updateChange(voided, from: change)],
                entries: [entry].compactMap { $0 } + outcome(voided, hadIntent: false))
        } catch let error as StoreError where error.code == .conflict {
            // Somebody else's word of the same moment was first.
            return try await stored(change)
        }
        note("a change was voided", ["change": change.id, "code": code])
        return voided
    }

    func stored(_ change: Change) async throws -> Change { try await store.change(change.id) ?? change }
}
