public import Authority
import Logging
import StrictJSON

extension Gateway {
    /// Settles what an earlier run left: every intent without an outcome, by reading the target, and every lease
    /// not known to have ended. Nothing is applied again. What can't be settled now is tried again by ``sweep()``.
    ///
    /// - Returns: the changes settled, with their new states.
    @discardableResult
    public func reconcile() async throws -> [Change] {
        var settled: [Change] = []
        for change in try await store.changes(in: [.executing], limit: 10_000) {
            if let done = await reconciled(change) { settled.append(done) }
        }
        settled += try await settleApproved()
        await sweep()
        return settled
    }

    /// Approved and then cut short before the intent: nothing was done, and its approvals are spent.
    private func settleApproved() async throws -> [Change] {
        var settled: [Change] = []
        // It may have gone on since the list was made.
        for change in try await store.changes(in: [.approved], limit: 10_000)
        where change.state == .approved && !underway.isIn(change.id) {
            let failed = try change.after(.failed("not_applied"))
            do {
                try await store.commit([.updateChange(failed, from: change)], entries: outcome(failed, hadIntent: false))
                settled.append(failed)
            } catch let error as StoreError where error.code == .conflict { continue }
        }
        return settled
    }

    @discardableResult
    func reconciled(_ change: Change) async -> Change? {
        do { return try await reconcile(change) } catch {
            environment.log.error(
                "a change could not be settled; it will be retried", metadata: ["change": "\(change.id)", "error": "\(error)"])
            return nil
        }
    }

    /// - Returns: nil while the target can't be read, or the lease not be ended.
    private func reconcile(_ change: Change) async throws -> Change? {
        let connector = try connector(change.system)
        let lease = try await store.lease(of: change.id)
        // Ended first, so that nothing can still happen after the target was read.
        if let lease, await !end(lease) { return nil }
        let seen = try await ask(connector, isOwn: true) { try await $0.observe(change.plan, under: lease) }
        let settled = try change.after(Self.event(.unknown("the gateway stopped"), change.plan, seen))
        var writes = [Write.updateChange(settled, from: change)]
        if settled.state == .executed { writes += try await rolledBack(by: change) }
        try await store.commit(writes, entries: outcome(settled, lease, seen))
        await noteOutcome(settled)
        environment.log.notice("reconciled: \(settled.state.rawValue)", metadata: ["change": "\(change.id)"])
        if settled.state == .indeterminate {
            await alarm("a change's effect is not known", change: settled, ["code": .string(settled.reason ?? "")])
        }
        return settled
    }

    /// Ends the leases that should have ended: those expired, those whose change is final, and those that a backend still
    /// has though no store knows them. What can't be ended stays listed and is tried at the next sweep.
    public func sweep() async {
        strangers.flush()
        await storeLocks()
        await storeRefusals()
        await expire()
        await settleOverdue()
        let open = (try? await store.openLeases()) ?? []
        await withDiscardingTaskGroup { group in
            for lease in open { group.addTask { await self.endIfOver(lease) } }
        }
        await endLeftovers(known: Set(open.map(\.account)))
    }

    private func endIfOver(_ lease: LeaseReference) async {
        let change = try? await store.change(lease.change)
        if lease.expires <= now || change?.state != .executing { await end(lease) }
    }

    /// Each system by itself: one that does not answer holds up no other.
    private func endLeftovers(known: Set<String>) async {
        await withDiscardingTaskGroup { group in
            for system in systems.map(\.name) { group.addTask { await self.endLeftovers(of: system, known) } }
        }
    }

    private func endLeftovers(of system: String, _ known: Set<String>) async {
        guard let connector = try? connector(system),
            let left = try? await ask(connector, isOwn: true, { try await $0.leftovers() })
        else { return }
        for lease in left where !known.contains(lease.account) && lease.expires <= now {
            environment.log.error(
                "an account of ours that no store knows was left behind", metadata: ["account": "\(lease.account)"])
            try? await ask(connector, isOwn: true) { try await $0.revoke(lease) }
        }
    }

    /// Locks that could not be stored when they were placed.
    private func storeLocks() async {
        for lock in store.unstoredLocks {
            _ = try? await store.commit([.placeLock(lock)], entries: [entry("lock", lock, by: lock.by)])
        }
    }

    /// Settles changes whose grant is over and whose outcome could not be stored, and those approved that got no grant.
    private func settleOverdue() async {
        _ = try? await settleApproved()
        let executing = (try? await store.changes(in: [.executing], limit: 10_000)) ?? []
        await withDiscardingTaskGroup { group in
            for change in executing { group.addTask { await self.settleIfOverdue(change) } }
        }
    }

    private func settleIfOverdue(_ change: Change) async {
        let lease = try? await store.lease(of: change.id)
        // The lease is stored with the intent: where there is none, none was ever in hand.
        if let lease, lease.expires.adding(seconds: 2 * environment.deadline) > now { return }
        await reconciled(change)
    }

    /// Ends staged changes whose time is over.
    private func expire() async {
        for change in (try? await store.overdue(at: now, limit: 1_000)) ?? [] {
            guard let expired = try? change.after(.timedOut) else { continue }
            _ = try? await store.commit(
                [.updateChange(expired, from: change)], entries: outcome(expired, hadIntent: false))
        }
    }
}
