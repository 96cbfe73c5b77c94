import Authority
import Logging

/// Ends the credentials that were made for steps: every lease ends, whatever became of its change.
struct Leases: Sendable {
    let core: Core

    /// Ends the open leases of changes that `belongs` accepts; what can't be ended now stays listed for the sweep.
    func end(where belongs: @Sendable (Change) async throws -> Bool) async {
        var ending: [LeaseReference] = []
        for lease in core.store.openLeases() {
            do {
                if let change = try await core.store.change(lease.change), try await belongs(change) { ending.append(lease) }
            } catch {
                // Whose it is can't be told: better one lease too many is ended.
                core.log.error(
                    "a lease is ended though it can't be told whose it is",
                    metadata: ["lease": "\(lease.id)", "error": "\(error)"])
                ending.append(lease)
            }
        }
        await withDiscardingTaskGroup { group in
            for lease in ending { group.addTask { await self.end(lease) } }
        }
    }

    /// The same, begun now and waited for only a moment: who locks is answered though a system is not.
    func beginEnding(where belongs: @escaping @Sendable (Change) async throws -> Bool) async {
        let ending = Running.task { await self.end(where: belongs) }
        try? await withDeadline(.milliseconds(500)) { _ = await ending.result }
    }

    /// Ends a lease and makes that durable.
    ///
    /// - Returns: whether the backend confirmed that it is gone, and that is stored; if not, the sweep tries again.
    @discardableResult
    func end(_ lease: LeaseReference) async -> Bool {
        guard await revoke(lease) else { return false }
        do { try await core.store.commit([.endLease(lease.id, at: core.now)], entries: []) } catch {
            core.log.error(
                "a lease ended, and that could not be stored", metadata: ["lease": "\(lease.id)", "error": "\(error)"])
            return false
        }
        return true
    }

    /// - Returns: whether the backend confirmed that it is gone; if not, the lease stays listed for the sweep.
    func revoke(_ lease: LeaseReference) async -> Bool {
        do {
            let connector = try core.connector(lease.system)
            try await core.ask(connector, isOwn: true) { try await $0.revoke(lease) }
            return true
        } catch {
            core.log.error(
                "a lease could not be ended; it will be retried", metadata: ["lease": "\(lease.id)", "error": "\(error)"])
            return false
        }
    }

    /// Ends the leases that should have ended: those expired, those whose change is final, and those that a backend still
    /// has though no store knows them.
    func sweep() async {
        let open = core.store.openLeases()
        await withDiscardingTaskGroup { group in
            for lease in open { group.addTask { await self.endIfOver(lease) } }
        }
        // Each system by itself: one that does not answer holds up no other.
        let known = Set(open.map(\.account))
        await withDiscardingTaskGroup { group in
            for system in core.systems.map(\.name) { group.addTask { await self.endLeftovers(of: system, known) } }
        }
    }

    private func endIfOver(_ lease: LeaseReference) async {
        if lease.expires <= core.now || core.store.openState(of: lease.change) != .executing { await end(lease) }
    }

    private func endLeftovers(of system: String, _ known: Set<String>) async {
        do {
            let connector = try core.connector(system)
            let left = try await core.ask(connector, isOwn: true) { try await $0.leftovers() }
            for lease in left where !known.contains(lease.account) && lease.expires <= core.now {
                core.log.error(
                    "an account of ours that no store knows was left behind", metadata: ["account": "\(lease.account)"])
                try await core.ask(connector, isOwn: true) { try await $0.revoke(lease) }
            }
        } catch {
            core.log.debug(
                "accounts left behind can't be looked for now", metadata: ["system": "\(system)", "error": "\(error)"])
        }
    }
}
