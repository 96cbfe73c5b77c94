public import Authority
import Cedar
import Crypto
import Logging
public import StrictJSON

/// Where requests become decisions.
public final class Submissions: Sendable {
    let core: Core
    let deliberations: Deliberations
    let locks: Locks
    let execution: Execution
    let approvals: Approvals
    let queue: Queue
    let claims: Claims
    /// Held while what waits is counted and one more is staged.
    let admission = Turn()
    /// Seals where a page of members ended: nobody begins at an entry that they were not shown.
    let cursorKey: SymmetricKey

    init(
        _ core: Core, _ deliberations: Deliberations, _ locks: Locks, _ execution: Execution, _ approvals: Approvals,
        _ queue: Queue, _ claims: Claims
    ) {
        self.core = core
        self.deliberations = deliberations
        self.locks = locks
        self.execution = execution
        self.approvals = approvals
        self.queue = queue
        self.claims = claims
        cursorKey = SymmetricKey(data: core.environment.random(32))
    }

    /// What a front door hands over, parsed but not yet checked against the catalogue.
    public struct Request: Sendable {
        public let principal: Principal
        public let task: Task
        public let system: String
        public let operation: String
        public let input: JSONValue
        public let evidence: Evidence
        public let idempotencyKey: String?
        /// The front door it came through.
        public let door: String
        /// Is told what the system says while it works.
        public let progress: ProgressListener?
        /// The change that it is to undo.
        var rollbackOf: String?

        public init(
            principal: Principal, task: Task, system: String, operation: String, input: JSONValue, evidence: Evidence,
            idempotencyKey: String? = nil, door: String, progress: ProgressListener? = nil
        ) {
            self.progress = progress
            self.principal = principal
            self.task = task
            self.system = system
            self.operation = operation
            self.input = input
            self.evidence = evidence
            self.idempotencyKey = idempotencyKey
            self.door = door
        }
    }

    /// Takes a request through its whole path, as far as it goes without people.
    ///
    /// - Throws: ``Refusal`` and `ShapeError` for what can't even be asked; everything else is in the answer.
    public func submit(_ request: Request) async throws -> Answer {
        try request.evidence.requireBounded()
        let operation = try core.operation(request.operation, of: request.system)
        let input = try Input(request.input, for: operation, at: "/input")
        let isWrite = operation.access == .write
        // Whether a person may undo something under a lock is for people to decide: all but a lock on their own work.
        let isUndo = request.rollbackOf != nil && !request.principal.isWorkload
        let epoch = try locks.check(
            request.principal.name, request.task, writing: isWrite ? request.system : nil,
            under: isUndo ? locks.inForce.filter(\.canBeUndoneUnder).map(\.identity) : [])
        try await locks.requireUnlocked([request.principal.name.person, request.task.delegator].compactMap { $0 })
        if let known = try await replay(request, input) { return known }
        let submission = Submission(
            id: core.environment.id("req"), principal: request.principal, task: request.task, system: request.system,
            catalogue: try core.connector(request.system).catalogue, operation: operation, input: input)
        let copy = isWrite ? claims.copy(of: request.evidence) : nil
        // It is on disk before whatever follows from it.
        try await record(submission, request, claims: copy?.commitment)
        Failpoint.reach("request")
        do {
            guard isWrite else { return try await read(submission, progress: request.progress, epoch: epoch) }
            return try await write(submission, request, copy, epoch: epoch)
        } catch let error as ConnectorError {
            return try await answer(error, submission)
        } catch let error as StoreError where error.code == .tooLarge {
            return try await answer(ConnectorError(.invalid, error.message), submission)
        } catch let error as Refusal {
            // No entry follows that would come after the request's: it is waited for itself.
            try await core.store.settle(submission.id)
            throw error
        }
    }

    private func record(_ submission: Submission, _ request: Request, claims: Authority.Digest?) async throws {
        let record = RequestRecord(
            submission, door: request.door, evidence: try core.sealer.seal(request.evidence, request: submission.id),
            claims: claims, rollbackOf: request.rollbackOf)
        let links = ["task": submission.task.id].merging(request.rollbackOf.map { ["rollbackOf": $0] } ?? [:]) { $1 }
        try await core.store.add([core.entry(.request(record), id: submission.id, links: links)])
    }

    /// The earlier answer under the same idempotency key, if there is one.
    func replay(_ request: Request, _ input: Input) async throws -> Answer? {
        guard let key = request.idempotencyKey else { return nil }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Refusal(.inputIdempotencyKey, "An idempotency key has 1 to 128 visible ASCII characters.")
        }
        let principal = request.principal.uid.description
        guard let known = try await core.store.idempotency(principal: principal, key: key) else { return nil }
        guard known.request == fingerprint(request, input) else {
            throw Refusal(.inputIdempotencyConflict, "This idempotency key was used for another request.")
        }
        guard let change = try await core.store.change(known.change) else { return nil }
        return try await again(change)
    }

    /// What is told of a change that was asked for again. What waits for nobody is tried again.
    func again(_ change: Change) async throws -> Answer {
        guard change.state == .proposed, change.wait == .nothing, change.expires > core.now else {
            return try await answer(on: change)
        }
        do { return try await answer(on: approvals.reconsider(change)) } catch is Refusal {
            return try await answer(on: change)
        }
    }

    /// What a key was used for. Rolling back two changes can be the same operation with the same input.
    func fingerprint(_ request: Request, _ input: Input) -> Authority.Digest {
        Digest(of: [
            "system": .string(request.system), "operation": .string(request.operation), "input": input.json,
            "rollbackOf": request.rollbackOf.map(JSONValue.string) ?? .null,
        ])
    }

    /// What a connector's failure looks like from outside; the whole of it goes to the operator and the log.
    private func answer(_ error: ConnectorError, _ submission: Submission) async throws -> Answer {
        core.log.warning("\(error)", metadata: ["request": "\(submission.id)", "system": "\(submission.system)"])
        guard error.code == .unavailable else { return try await deny(submission, error) }
        let failure = core.entry(.failure(FailureRecord(error)), "fail", links: ["request": submission.id])
        try await core.store.commit([], entries: [failure])
        return Answer(.failed, error.code.rawValue, "The system could not answer; nothing was changed.")
    }

    /// Denies what is not there as what may not be seen is denied: with as many entries in each log, so that their growth tells
    /// neither from the other.
    private func deny(_ submission: Submission, _ error: ConnectorError) async throws -> Answer {
        let denial = core.entry(.denial(FailureRecord(error)), "dec", links: ["request": submission.id])
        let isRead = submission.operation.access == .read
        try await core.store.commit([], entries: [denial] + (isRead ? [readEntry(submission, denial, nil)] : []))
        return .denied
    }

    // MARK: Changes of one's own

    /// The change, when this principal asked for it; otherwise the same answer as for none.
    public func change(_ id: String, of principal: Principal) async throws -> Change {
        guard let change = try await core.store.change(id), change.requester == principal.name else {
            throw Refusal(.changeNotFound, "There is no such change of yours.")
        }
        return change
    }

    /// What the requester is told of a change.
    public func status(of change: Change) async throws -> Answer { try await answer(on: change) }

    /// What the requester is told of a change, with what the system answered while that is kept.
    func answer(on change: Change) async throws -> Answer {
        var answer = try await core.answer(on: change)
        answer.result = answer.result ?? execution.answer(to: change.id).map(Reading.document)
        return answer
    }

    /// Submits the stored inverse as a change of its own, unless the touched values have moved on.
    public func rollback(
        _ change: Change, by principal: Principal, task: Task, evidence: Evidence, key: String? = nil, door: String
    ) async throws -> Answer {
        guard let inverse = change.plan.inverse else { throw impossible(change) }
        var request = Request(
            principal: principal, task: task, system: change.system, operation: inverse.operation, input: inverse.input,
            evidence: evidence, idempotencyKey: key, door: door)
        request.rollbackOf = change.id
        let operation = try core.operation(inverse.operation, of: change.system)
        if let known = try await replay(request, try Input(inverse.input, for: operation)) { return known }
        guard change.state == .executed else { throw impossible(change) }
        try await requireShallow(change)
        return try await submit(request)
    }

    /// A person's rollback of anybody's change.
    public func rollback(_ id: String, by person: Person, task: Task) async throws -> Answer {
        let change = try await core.requireChange(id)
        return try await rollback(change, by: .person(person), task: task, evidence: Evidence(), door: "people")
    }

    /// Rollbacks of rollbacks end somewhere: what becomes of all before is settled with each.
    private func requireShallow(_ change: Change) async throws {
        var (next, depth) = (change.rollbackOf, 0)
        while let id = next, depth <= 16 { (next, depth) = (try await core.store.change(id)?.rollbackOf, depth + 1) }
        guard depth <= 16 else {
            throw Refusal(.rollbackTooDeep, "This undoes what undid what undid something, and so on: ask for the change anew.")
        }
    }

    private func impossible(_ change: Change) -> Refusal {
        Refusal(
            .rollbackImpossible,
            "This change can't be rolled back: it is \(change.state.rawValue) and \(change.plan.reversibility.rawValue).")
    }
}
