public import Authority
import Logging
import StrictJSON

extension Gateway {
    /// The task of a token: made at its first use, ended with the token at the latest.
    ///
    /// - Parameters:
    ///   - token: the digest that identifies the token.
    ///   - purpose: one of the configured ones; the first when nil.
    public func task(
        for workload: Workload, delegator: String?, token: String, expires: Instant, purpose: String?
    ) async throws -> Task {
        try await task(for: .workload(workload), delegator: delegator, token: token, expires: expires, purpose: purpose)
    }

    /// The task of a person's session.
    public func task(for person: Person, session: String, expires: Instant) async throws -> Task {
        // Stored by its digest: the token itself opens the session.
        let token = Digest(of: Array(session.utf8)).hex
        return try await task(for: .person(person), delegator: nil, token: token, expires: expires, purpose: nil)
    }

    private func task(for principal: Principal, delegator: String?, token: String, expires: Instant, purpose: String?)
        async throws -> Task
    {
        if let known = try await store.task(forToken: token) { return try open(known, purpose) }
        guard let wanted = purpose ?? environment.purposes.first, environment.purposes.contains(wanted) else {
            throw Refusal(
                .inputUnknownPurpose,
                "The purpose is not one of those configured: \(environment.purposes.joined(separator: ", ")).")
        }
        let task = Task(
            id: environment.id("task"), tenant: environment.tenant, workload: principal.id, purpose: wanted, delegator: delegator,
            created: now, expires: expires)
        let entry = LogEntry(.requests, id: task.id, kind: "task", time: now, body: task.json)
        do {
            try await store.commit([.insertTask(task, token: token)], entries: [entry])
            return task
        } catch let error as StoreError where error.code == .conflict {
            // Another request of the same token made it first.
            guard let known = try await store.task(forToken: token) else { throw error }
            return try open(known, purpose)
        }
    }

    private func open(_ task: Task, _ purpose: String?) throws -> Task {
        guard task.isOpen(at: now) else { throw Refusal(.taskEnded, "The task has ended; come back with a new token.") }
        guard purpose == nil || purpose == task.purpose else {
            throw Refusal(.taskOtherPurpose, "The task was opened for another purpose.")
        }
        return task
    }

    /// - Throws: ``Refusal`` when the task was ended.
    func requireOpen(_ task: Task) async throws {
        guard try await store.task(task.id)?.ended == nil else {
            throw Refusal(.taskEnded, "The task this change belongs to was ended.")
        }
    }

    /// Ends the task and whatever it still leases.
    public func end(_ task: Task) async throws {
        var ended = task
        ended.ended = now
        let entry = LogEntry(
            .requests, id: environment.id("end"), kind: "task-end", time: now, links: ["task": task.id], body: [:])
        try await store.commit([.updateTask(ended)], entries: [entry])
        await beginEndingLeases { $0.task.id == task.id }
    }

    /// Ends the open leases of changes that `belongs` accepts; what can't be ended now stays listed for the sweep.
    func endLeases(where belongs: @Sendable (Change) -> Bool) async {
        var ending: [LeaseReference] = []
        for lease in (try? await store.openLeases()) ?? [] {
            if let change = try? await store.change(lease.change), belongs(change) { ending.append(lease) }
        }
        await withDiscardingTaskGroup { group in
            for lease in ending { group.addTask { await self.end(lease) } }
        }
    }

    /// The same, begun now and waited for only a moment: who locks is answered though a system is not.
    func beginEndingLeases(where belongs: @escaping @Sendable (Change) -> Bool) async {
        let ending = Running.task { await self.endLeases(where: belongs) }
        try? await withDeadline(.milliseconds(500)) { _ = await ending.result }
    }

    /// Ends a lease and makes that durable.
    ///
    /// - Returns: whether the backend confirmed that it is gone.
    @discardableResult
    func end(_ lease: LeaseReference) async -> Bool {
        guard await revoke(lease) else { return false }
        return (try? await store.commit([.endLease(lease.id, at: now)], entries: [])) != nil
    }

    /// - Returns: whether the backend confirmed that it is gone; if not, the lease stays listed for the sweep.
    func revoke(_ lease: LeaseReference) async -> Bool {
        do {
            let connector = try connector(lease.system)
            try await ask(connector, isOwn: true) { try await $0.revoke(lease) }
            return true
        } catch {
            environment.log.error(
                "a lease could not be ended; it will be retried", metadata: ["lease": "\(lease.id)", "error": "\(error)"])
            return false
        }
    }
}
