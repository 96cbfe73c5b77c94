import Authority
import Logging
import StrictJSON

/// Settling by reading what was cut short. Nothing is applied again.
extension Execution {
    /// Settles every intent without an outcome that can be settled now.
    ///
    /// - Returns: the changes settled, with their new states.
    func reconcile() async throws -> [Change] {
        var settled: [Change] = []
        for change in try await core.store.changes(in: [.executing], limit: .max) {
            if let done = await reconciled(change) { settled.append(done) }
        }
        return settled + (await settleApproved())
    }

    /// Approved and then cut short before the intent: nothing was done, and it waits again.
    private func settleApproved() async -> [Change] {
        var settled: [Change] = []
        do {
            // It may have gone on since the list was made.
            for change in try await core.store.changes(in: [.approved], limit: .max)
            where change.state == .approved && !underway.isIn(change.id) {
                if let returned = await returned(change) { settled.append(returned) }
            }
        } catch { core.log.error("what was approved can't be listed now; it will be retried", metadata: ["error": "\(error)"]) }
        return settled
    }

    /// One that can't be given back now, as on a full disk, keeps nobody from being settled.
    private func returned(_ change: Change) async -> Change? {
        do { return try await giveBack(change) } catch {
            core.log.error(
                "an approved change can't be given back; it will be retried",
                metadata: ["change": "\(change.id)", "error": "\(error)"])
            return nil
        }
    }

    @discardableResult
    func reconciled(_ change: Change) async -> Change? {
        do { return try await reconcile(change) } catch {
            core.log.error(
                "a change could not be settled; it will be retried", metadata: ["change": "\(change.id)", "error": "\(error)"])
            return nil
        }
    }

    /// - Returns: nil while the target can't be read, or the lease not be ended.
    private func reconcile(_ change: Change) async throws -> Change? {
        let connector = try core.connector(change.system)
        let lease = core.store.lease(of: change.id)
        // Ended first, so that nothing can still happen after the target was read.
        if let lease, await !leases.end(lease) { return nil }
        let seen = try await core.ask(connector, isOwn: true) { try await $0.observe(change.plan, under: lease) }
        let settled = try change.after(Self.event(.unknown("the gateway stopped"), change.plan, seen))
        try await finish(settled, from: change, lease, seen)
        core.log.notice("reconciled: \(settled.state.rawValue)", metadata: ["change": "\(change.id)"])
        return settled
    }

    /// Settles changes whose grant is over and whose outcome could not be stored, and those approved that got no grant.
    func settleOverdue() async {
        _ = await settleApproved()
        do {
            let executing = try await core.store.changes(in: [.executing], limit: .max)
            await withDiscardingTaskGroup { group in
                for change in executing { group.addTask { await self.settleIfOverdue(change) } }
            }
        } catch { core.log.error("what is overdue can't be settled now; it will be retried", metadata: ["error": "\(error)"]) }
    }

    private func settleIfOverdue(_ change: Change) async {
        // The lease is stored with the intent: where there is none, none was ever in hand.
        if let lease = core.store.lease(of: change.id),
            lease.expires.adding(seconds: 2 * core.environment.deadline) > core.now
        {
            return
        }
        await reconciled(change)
    }

    /// Ends staged changes whose time is over.
    func expire() async {
        do {
            for change in try await core.store.overdue(at: core.now, limit: 1_000) {
                let expired = try change.after(.timedOut)
                do {
                    try await core.store.commit([.updateChange(expired, from: change)], entries: [core.outcome(of: expired)])
                } catch let error as StoreError where error.code == .conflict { continue }
            }
        } catch { core.log.error("changes whose time is over can't be ended now", metadata: ["error": "\(error)"]) }
    }
}
