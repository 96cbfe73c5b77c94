public import Authority
import Cedar
import Logging
import StrictJSON
import Synchronization

/// Counts people's signed words, decides anew with them, and has carried out what is permitted then.
public final class Approvals: Sendable {
    let core: Core
    let deliberations: Deliberations
    let locks: Locks
    let execution: Execution
    /// Refusals that are not stored yet, by the ids of their entries.
    let heldRefusals = Mutex<[String: SignedApproval]>([:])

    init(_ core: Core, _ deliberations: Deliberations, _ locks: Locks, _ execution: Execution) {
        self.core = core
        self.deliberations = deliberations
        self.locks = locks
        self.execution = execution
    }

    // MARK: Statements

    /// Takes a person's signed statement on a change.
    ///
    /// - Parameter proof: the statement with its signature, which has been verified as the person's.
    /// - Returns: the change as it is then.
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
        case .approve: return try await approve(change, proof.taken(for: change.requirement), person)
        case .refuse: return try await refuse(change, proof, person)
        case .executed, .failed: return try await settle(change, proof, person)
        }
    }

    static func notHolding(_ problem: ApprovalStatement.Problem) -> Refusal {
        Refusal(.init(problem), "The signed statement does not hold for this change; show the change again and sign anew.")
    }

    /// - Parameter now: nil where it does not matter whether its time is over.
    static func closed(_ change: Change, now: Instant? = nil) -> Refusal {
        let isExpired = now.map { change.state == .proposed && change.expires <= $0 } ?? false
        let state = isExpired ? Change.State.expired : change.state
        let reason = change.reason.map { " (\($0))" } ?? ""
        return Refusal(.changeClosed, "The change is \(state.rawValue)\(reason) and takes no more statements.")
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
        guard change.state == .proposed, change.expires > core.now else { throw Self.closed(change, now: core.now) }
        guard change.wait != .adoption else {
            throw Refusal(.approvalNotWaiting, "The change waits to be adopted: there is nothing to approve before that.")
        }
        // Looked at before it is told what counts: one that comes in between is not taken for one that does not.
        let earlier = try await core.store.approvals(of: change.id).first {
            $0.statement.approver == person.id && $0.statement.verdict == .approve
        }
        let examined = try await examine(change)
        guard case .waiting(let waiting) = examined else { return try await settle(examined, change, mayRun: false) }
        guard change.shown.covers(waiting.deliberation.assessment) else {
            // It would make more possible than was shown: whoever signs must see that first.
            let shown = try await settle(examined, change, mayRun: false)
            guard shown.state == .proposed else { return shown }
            throw Self.notHolding(.digestMismatch)
        }
        try await requireGood(waiting, person)
        let isLive = waiting.tally.facts.contains { $0.person.id == person.id }
        // What stood in the way of an earlier approval may be gone: it counts once all the same, and all is decided again.
        let writes = isLive ? [] : [earlier.map { Write.replaceApproval($0, with: proof) } ?? .insertApproval(proof)]
        do {
            // On condition that the change is still what was looked at.
            try await core.store.commit(writes + [.updateChange(change, from: change)], entries: [entry(proof, change)])
        } catch let error as StoreError where error.code == .conflict {
            guard try await core.stored(change).json != change.json else { throw Self.used }
            return try await record(proof, by: person)
        }
        let again = try await reconsider(change)
        guard !isLive || again.state != .proposed else { throw Self.used }
        return again
    }

    /// Refuses a word that would be used up for nothing: what is approved can't be done now, the person has no say in it, or a lock
    /// stands in the way of either.
    private func requireGood(_ waiting: Waiting, _ person: Person) async throws {
        if let obstacle = waiting.obstacle {
            throw Refusal(.init(obstacle.code), "It can't be done: \(obstacle.message).")
        }
        guard waiting.mayApprove(person) else { throw Self.notEligible }
        try await locks.requireUnlocked([person.id])
        try await locks.check(waiting.change, waiting.deliberation)
    }
}
