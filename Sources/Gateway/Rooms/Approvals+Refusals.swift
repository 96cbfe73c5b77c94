import Synchronization
import Authority
import Cedar
import Logging

/// Refusals: each counts from the moment it is given, whether or not anything else works.
extension Approvals {
    /// A refusal needs nothing but the change and a say in it: not the system, not its requester, no fresh plan. It ends the
    /// change unless that has a grant already, and can never lead to execution.
    func refuse(_ change: Change, _ proof: SignedApproval, _ person: Person) async throws -> Change {
        guard await hasSay(person, in: change) else { throw Self.notEligible }
        guard ![.withdrawn, .expired, .void].contains(change.state) else { throw Self.closed(change) }
        hold(proof)
        do { return try await store(refusal: proof, of: change) } catch let error as StoreError { throw held(proof, error) }
    }

    /// A refusal of a change whose record can't be read: it can't be stored with it, and counts all the same.
    func refuse(unreadable proof: SignedApproval, _ person: Person, _ error: StoreError) async throws -> Refusal {
        let id = proof.statement.change
        if let problem = proof.statement.problem(by: person, at: core.environment.id, now: core.now) {
            throw Self.notHolding(problem)
        }
        guard core.store.openState(of: id) != nil else {
            throw Refusal(.changeClosed, "The change takes no more statements, or there is none.")
        }
        guard await hadSay(person, in: id) else { throw Self.notEligible }
        hold(proof)
        return held(proof, error)
    }

    /// First of all in this process: no grant is given any more, though the refusal can't be stored now.
    private func hold(_ proof: SignedApproval) { core.store.hold(refusalOf: proof.statement.change, entry: Self.id(proof)) }

    /// Keeps a refusal until it can be stored; of each person one for a change.
    private func held(_ proof: SignedApproval, _ error: StoreError) -> Refusal {
        let (change, person) = (proof.statement.change, proof.statement.approver)
        heldRefusals.withLock { held in
            guard !held.values.contains(where: { $0.statement.change == change && $0.statement.approver == person }) else {
                return
            }
            held[Self.id(proof)] = proof
        }
        core.log.critical(
            "a refusal could not be stored: it counts until the gateway stops, and is stored as soon as that can be done",
            metadata: ["change": "\(change)", "error": "\(error)"])
        return Refusal(.approvalHeld, "Your refusal counts, but could not be stored yet; nothing runs meanwhile.")
    }

    /// Stores a refusal that is held, or finds that it came too late.
    ///
    /// - Throws: ``Refusal`` when it does not end the change; ``StoreError`` while that can't be told.
    private func store(refusal proof: SignedApproval, of change: Change) async throws -> Change {
        var change = change
        // Each turn the change is further on: proposed, approved, granted.
        for _ in 0..<4 where [.proposed, .approved].contains(change.state) {
            let refused = try change.after(.refused(proof.statement.reason))
            let entries = [entry(proof, change), core.outcome(of: refused)]
            do {
                try await core.store.commit([.insertApproval(proof), .updateChange(refused, from: change)], entries: entries)
                heldRefusals.withLock { $0[Self.id(proof)] = nil }
                return refused
            } catch let error as StoreError where error.code == .conflict {
                let current = try await core.stored(change)
                if current.json == change.json { throw letGo(proof, of: change, Self.used) }
                change = current
            }
        }
        guard ![.proposed, .approved].contains(change.state) else {
            throw StoreError(.unavailable, "the change does not come to rest")
        }
        throw try await tooLate(proof, change)
    }

    private func tooLate(_ proof: SignedApproval, _ change: Change) async throws -> Refusal {
        do { try await core.store.commit([], entries: [entry(proof, change)]) } catch let error as StoreError
            where error.code == .conflict
        { return letGo(proof, of: change, Self.used) }
        guard ![.withdrawn, .expired, .void].contains(change.state) else { return letGo(proof, of: change, Self.closed(change)) }
        core.log.notice(
            "a refusal came too late", metadata: ["change": "\(change.id)", "by": "\(proof.statement.approver)"])
        return letGo(
            proof, of: change,
            Refusal(
                .approvalTooLate, "Your refusal is recorded, but it came too late: the change is \(change.state.rawValue)."))
    }

    /// A refusal that ends nothing holds nothing up.
    private func letGo(_ proof: SignedApproval, of change: Change, _ refusal: Refusal) -> Refusal {
        heldRefusals.withLock { $0[Self.id(proof)] = nil }
        core.store.release(refusalOf: change.id, entry: Self.id(proof))
        return refusal
    }

    /// Stores the refusals that could not be stored when they were given.
    func storeRefusals() async {
        for (_, proof) in heldRefusals.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            do {
                guard let change = try await core.store.change(proof.statement.change) else { continue }
                _ = try await store(refusal: proof, of: change)
            } catch {
                core.log.notice(
                    "a refusal that is held", metadata: ["change": "\(proof.statement.change)", "error": "\(error)"])
            }
        }
    }

    // MARK: Who has a say

    /// Whether the person had a say when the change was last decided, by the facts recorded then, or has one now.
    func hasSay(_ person: Person, in change: Change) async -> Bool {
        if await hadSay(person, in: change.id) { return true }
        guard core.principals.aliases(of: person.id).isDisjoint(with: deliberations.parties(of: change)) else { return false }
        return await core.holds("whether a person has a say can't be told", of: change.id) {
            try await deliberations.on(change).mayApprove(person.id)
        }
    }

    /// Whether the person had a say when the change was last decided, though its record can't be used now. Each by itself: where
    /// one can't be read, another may show it.
    private func hadSay(_ person: Person, in change: String) async -> Bool {
        if core.store.decision(on: change)?.eligible.contains(person.id) == true { return true }
        if await hasApproved(person, change) { return true }
        return await core.holds("the last decision on a change can't be read", of: change) {
            guard let record = try await core.latestDecision(on: change) else { return false }
            return try record.decided.eligible.contains(person.id) || deliberations.mayApprove(person, by: record)
        }
    }

    private func hasApproved(_ person: Person, _ change: String) async -> Bool {
        await core.holds("the approvals of a change can't be read", of: change) {
            try await core.store.approvals(of: change).contains {
                $0.statement.approver == person.id && $0.statement.verdict == .approve
            }
        }
    }
}

extension Core {
    /// What can't be told does not hold, and the operator's log says why.
    func holds(_ otherwise: String, of change: String, _ ask: () async throws -> Bool) async -> Bool {
        do { return try await ask() } catch {
            log.warning("\(otherwise)", metadata: ["change": "\(change)", "error": "\(error)"])
            return false
        }
    }

    /// The last decision on a change.
    func latestDecision(on change: String) async throws -> DecisionRecord? {
        func decision(_ record: LogRecord) -> DecisionRecord? {
            if case .decision(let decision) = record { decision } else { nil }
        }
        if let decided = store.decision(on: change) { return try await journal.record(at: decided.position).flatMap(decision) }
        return try await journal.newest(linkedTo: change, in: .decisions, decision)
    }
}
