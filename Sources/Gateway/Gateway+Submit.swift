public import Authority
import Cedar
import Logging
public import StrictJSON

extension Gateway {
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

        public init(
            principal: Principal, task: Task, system: String, operation: String, input: JSONValue, evidence: Evidence,
            idempotencyKey: String? = nil, door: String
        ) {
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
        try await submit(request, rollbackOf: nil)
    }

    func submit(_ request: Request, rollbackOf: String?) async throws -> Answer {
        try request.evidence.requireBounded()
        let operation = try operation(request.operation, of: request.system)
        let input = try Input(request.input, for: operation, at: "/input")
        let isWrite = operation.access == .write
        let epoch = try await checkLocks(request.principal, request.task, writing: isWrite ? request.system : nil)
        if let known = try await replay(request, input, rollbackOf: rollbackOf) { return known }
        let submission = Submission(
            id: environment.id("req"), principal: request.principal, task: request.task, system: request.system,
            operation: operation, input: input)
        try await record(submission, request, rollbackOf: rollbackOf)
        Failpoint.reach("request")
        do {
            guard isWrite else { return try await read(submission, epoch: epoch) }
            let key = request.idempotencyKey.map {
                IdempotencyRecord(
                    principal: request.principal.uid.description, key: $0,
                    request: fingerprint(request, input, rollbackOf), change: "")
            }
            do { return try await write(submission, epoch: epoch, rollbackOf: rollbackOf, idempotency: key) } catch let error
                as StoreError
                where error.code == .conflict && key != nil
            {
                // Another request with the same key came first.
                guard let known = try await replay(request, input, rollbackOf: rollbackOf) else { throw error }
                return known
            }
        } catch let error as ConnectorError {
            return try await answer(error, submission)
        } catch let error as StoreError where error.code == .tooLarge {
            return try await answer(ConnectorError(.invalid, error.message), submission)
        }
    }

    private func record(_ submission: Submission, _ request: Request, rollbackOf: String?) async throws {
        var body: JSONValue = [
            "principal": .string(submission.principal.uid.description), "door": .string(request.door),
            "system": .string(submission.system), "operation": .string(submission.operation.name), "input": submission.input.json,
            "prompt": try sealer.seal(request.evidence.prompt, request: submission.id),
            "justification": try sealer.seal(request.evidence.justification, request: submission.id),
            "classification": try sealer.seal(request.evidence.classification, request: submission.id),
        ]
        body.add("rollbackOf", rollbackOf.map(JSONValue.string))
        let links = ["task": submission.task.id].merging(rollbackOf.map { ["rollbackOf": $0] } ?? [:]) { $1 }
        let entry = LogEntry(.requests, id: submission.id, kind: "request", time: now, links: links, body: body)
        try await store.commit([], entries: [entry])
    }

    /// The earlier answer under the same idempotency key, if there is one.
    func replay(_ request: Request, _ input: Input, rollbackOf: String?) async throws -> Answer? {
        guard let key = request.idempotencyKey else { return nil }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Refusal(.inputIdempotencyKey, "An idempotency key has 1 to 128 visible ASCII characters.")
        }
        guard let known = try await store.idempotency(principal: request.principal.uid.description, key: key) else { return nil }
        guard known.request == fingerprint(request, input, rollbackOf) else {
            throw Refusal(.inputIdempotencyConflict, "This idempotency key was used for another request.")
        }
        guard let change = try await store.change(known.change) else { return nil }
        return try await status(of: change)
    }

    /// What a key was used for. Rolling back two changes can be the same operation with the same input.
    private func fingerprint(_ request: Request, _ input: Input, _ rollbackOf: String?) -> Digest {
        Digest(of: [
            "system": .string(request.system), "operation": .string(request.operation), "input": input.json,
            "rollbackOf": rollbackOf.map(JSONValue.string) ?? .null,
        ])
    }

    /// What a connector's failure looks like from outside; the whole of it goes to the operator and the log.
    private func answer(_ error: ConnectorError, _ submission: Submission) async throws -> Answer {
        environment.log.warning("\(error)", metadata: ["request": "\(submission.id)", "system": "\(submission.system)"])
        guard error.code == .unavailable else { return try await deny(submission, error) }
        let entry = LogEntry(
            .actions, id: environment.id("fail"), kind: "failure", time: now, links: ["request": submission.id],
            body: ["code": .string(error.code.rawValue), "message": .string(error.message)])
        try await store.commit([], entries: [entry])
        return Answer(.failed, error.code.rawValue, "The system could not answer; nothing was changed.")
    }

    /// Denies what is not there as what may not be seen is denied: with as many entries in each log, so that their growth tells
    /// neither from the other.
    private func deny(_ submission: Submission, _ error: ConnectorError) async throws -> Answer {
        let denial = LogEntry(
            .decisions, id: environment.id("dec"), kind: "denial", time: now, links: ["request": submission.id],
            body: ["code": .string(error.code.rawValue), "message": .string(error.message)])
        let isRead = submission.operation.access == .read
        try await store.commit([], entries: [denial] + (isRead ? [readEntry(submission, denial, nil)] : []))
        return .denied
    }

    /// What was disclosed by a read, by its digest.
    func readEntry(_ submission: Submission, _ decision: LogEntry, _ result: JSONValue?) -> LogEntry {
        LogEntry(
            .actions, id: environment.id("act"), kind: "read", time: now,
            links: ["request": submission.id, "decision": decision.id],
            body: ["disclosed": result.map { .string(Digest(of: $0).hex) } ?? .null])
    }
}
