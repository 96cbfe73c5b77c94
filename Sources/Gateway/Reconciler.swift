public import Authority
import Logging
import StrictJSON

extension Gateway {
    /// Settles what an earlier run left: every intent without an outcome, by reading the target, and every lease
    /// not known to have ended. Nothing is applied again.
    ///
    /// - Returns: the changes settled, with their new states.
    @discardableResult
    public func reconcile() async throws -> [Change] {
        var settled: [Change] = []
        let leases = try await store.openLeases()
        for change in try await store.changes(in: [.executing], limit: 10_000) {
            let lease = leases.first { $0.change == change.id }
            if let done = try? await reconcile(change, lease) { settled.append(done) }
        }
        await sweep()
        return settled
    }

    private func reconcile(_ change: Change, _ lease: LeaseReference?) async throws -> Change? {
        let connector = try connector(change.system)
        let reference = try await store.lease(of: change.id) ?? lease
        // Ended first, so that nothing can still happen after the target was read.
        if let reference { await end(reference) }
        let seen = try? await withDeadline(environment.deadline) { try await connector.observe(change.plan, under: reference) }
        // Without a lease nothing can have been applied: the lease is stored before it is made.
        let event: ChangeEvent =
            reference == nil ? .failed("not_applied") : Self.event(.unknown("the gateway stopped"), change.plan, seen)
        let settled = try change.after(event)
        var writes = [Write.updateChange(settled, from: .executing)]
        if settled.state == .executed, let id = change.rollbackOf, let original = try await store.change(id), original.state == .executed {
            writes.append(.updateChange(try original.after(.undone), from: .executed))
        }
        try await store.commit(writes, entries: [outcome(settled, reference, seen)])
        environment.log.notice("reconciled: \(settled.state.rawValue)", metadata: ["change": "\(change.id)"])
        if settled.state == .indeterminate {
            await alarm("a change's effect is not known", change: settled, ["code": .string(settled.reason ?? "")])
        }
        return settled
    }

    /// Ends the leases that should have ended: those expired, those whose change is final, and those that a backend still
    /// has though no store knows them. What can't be ended stays listed and is tried at the next sweep.
    public func sweep() async {
        let open = (try? await store.openLeases()) ?? []
        for lease in open {
            let change = try? await store.change(lease.change)
            if lease.expires <= now || change?.state != .executing { await end(lease) }
        }
        let known = Set(open.map(\.account))
        for system in systems.map(\.name) {
            guard let connector = try? connector(system),
                let left = try? await withDeadline(environment.deadline, { try await connector.leftovers() })
            else { continue }
            for lease in left where !known.contains(lease.account) && lease.expires <= now {
                environment.log.error("an account of ours that no store knows was left behind", metadata: ["account": "\(lease.account)"])
                try? await withDeadline(environment.deadline) { try await connector.revoke(lease) }
            }
        }
        await expire()
    }

    /// Ends staged changes whose time is over.
    private func expire() async {
        for change in (try? await store.changes(in: [.proposed, .approved], limit: 10_000)) ?? [] where change.expires <= now {
            guard let expired = try? change.after(.timedOut) else { continue }
            let entry = LogEntry(
                .actions, id: "outcome-\(change.id)", kind: "outcome", time: now, links: ["change": change.id], body: ["state": "expired"])
            _ = try? await store.commit([.updateChange(expired, from: change.state)], entries: [entry])
        }
    }
}
