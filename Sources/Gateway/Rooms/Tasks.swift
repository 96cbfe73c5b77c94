public import Authority

/// The pieces of work that everything asked for belongs to.
public struct Tasks: Sendable {
    let core: Core
    let leases: Leases

    /// The task of a token: made at its first use, ended with the token at the latest.
    ///
    /// - Parameters:
    ///   - token: the digest that identifies the token.
    ///   - purpose: one of the configured ones; the first when nil.
    public func task(
        for workload: Workload, delegator: String?, token: String, expires: Instant, purpose: String?
    ) async throws -> Task {
        try await task(of: .workload(workload.id), delegator: delegator, token: token, expires: expires, purpose: purpose)
    }

    /// The task of a person's session.
    public func task(for person: Person, session: String, expires: Instant) async throws -> Task {
        // Stored by its digest: the token itself opens the session.
        let token = Digest(of: Array(session.utf8)).hex
        return try await task(of: .person(person.id), delegator: nil, token: token, expires: expires, purpose: nil)
    }

    private func task(of holder: PrincipalID, delegator: String?, token: String, expires: Instant, purpose: String?)
        async throws -> Task
    {
        if let known = try await core.store.task(forToken: token) { return try open(known, purpose) }
        let purposes = core.environment.purposes
        guard let wanted = purpose ?? purposes.first, purposes.contains(wanted) else {
            throw Refusal(
                .inputUnknownPurpose, "The purpose is not one of those configured: \(purposes.joined(separator: ", ")).")
        }
        let task = Task(
            id: core.environment.id("task"), tenant: core.environment.tenant, holder: holder,
            purpose: Purpose(wanted, purpose == nil ? .assumed : .chosen),
            delegator: delegator, created: core.now, expires: expires)
        do {
            try await core.store.commit([.insertTask(task, token: token)], entries: [core.entry(.task(task), id: task.id)])
            return task
        } catch let error as StoreError where error.code == .conflict {
            // Another request of the same token made it first.
            guard let known = try await core.store.task(forToken: token) else { throw error }
            return try open(known, purpose)
        }
    }

    private func open(_ task: Task, _ purpose: String?) throws -> Task {
        guard task.isOpen(at: core.now) else {
            throw Refusal(.taskEnded, "The task has ended; come back with a new token.")
        }
        guard purpose == nil || purpose == task.purpose.name else {
            throw Refusal(.taskOtherPurpose, "The task was opened for another purpose.")
        }
        return task
    }

    /// - Throws: ``Refusal`` when the task was ended.
    func requireOpen(_ task: Task) async throws {
        guard try await core.store.task(task.id)?.ended == nil else {
            throw Refusal(.taskEnded, "The task this change belongs to was ended.")
        }
    }

    /// Ends the task and whatever it still leases.
    public func end(_ task: Task) async throws {
        var ended = task
        ended.ended = core.now
        try await core.store.commit([.updateTask(ended)], entries: [core.entry(.taskEnd, "end", links: ["task": task.id])])
        await leases.beginEnding { $0.task.id == task.id }
    }
}
