import Authority
import Gateway
import HTTPTypes
import Identity
import StrictJSON

/// The HTTP API for workloads. It is described, path by path, by ``OpenAPI``.
struct AgentAPI {
    private let door: AgentDoor
    private var gateway: Gateway { door.gateway }

    init(_ door: AgentDoor) { self.door = door }

    func answer(_ call: HTTPCall) async throws -> HTTPAnswer {
        let path = Array(call.path.dropFirst())
        if call.method == .get, path == ["openapi.json"] { return HTTPAnswer(200, json: door.openAPI) }
        return try await door.serving(call) { caller in
            let task = try await door.task(of: caller, purpose: try call.single("Exequatur-Purpose"))
            return try await answer(call, path, .workload(caller.workload), task)
        }
    }

    private func answer(_ call: HTTPCall, _ path: [String], _ principal: Principal, _ task: Task) async throws -> HTTPAnswer {
        switch (call.method, path.first, path.count) {
        case (.get, "operations", 1):
            return HTTPAnswer(200, ["operations": .array(gateway.systems.flatMap(describe))])
        case (.post, "systems", 4) where path[2] == "operations":
            return try await submit(call, system: path[1], operation: path[3], principal, task)
        case (.get, "changes", 2):
            return Self.answer(
                try await gateway.submissions.status(of: gateway.submissions.change(path[1], of: principal)))
        case (.post, "changes", 3) where path[2] == "rollback": return try await rollback(call, path[1], principal, task)
        case (.post, "task", 2) where path[1] == "end":
            try await gateway.queue.end(task)
            return Self.answer(.ended)
        case (_, "operations", 1), (_, "openapi.json", 1), (_, "systems", 4), (_, "changes", 2...3), (_, "task", 2):
            throw HTTPProblem(405, "http.method", "This method is not served at this path.")
        default: throw HTTPProblem(404, "http.not_found", "There is nothing at this path.")
        }
    }

    private func describe(_ name: String, _ catalogue: Catalogue) -> [JSONValue] {
        catalogue.operations.map { operation in
            [
                "system": .string(name), "operation": .string(operation.name), "summary": .string(operation.summary),
                "access": .string(operation.access.rawValue), "reversibility": .string(operation.reversibility.rawValue),
                "input": operation.schema(),
            ]
        }
    }

    private func submit(
        _ call: HTTPCall, system: String, operation: String, _ principal: Principal, _ task: Task
    ) async throws -> HTTPAnswer {
        var body = try Fields(try await call.json())
        let input = body.optional("input") ?? [:]
        let evidence = try evidence(body.optional("evidence"))
        try body.end()
        let answer = try await gateway.submissions.submit(
            Submissions.Request(
                principal: principal, task: task, system: system, operation: operation, input: input, evidence: evidence,
                idempotencyKey: try call.single("Idempotency-Key"), door: "http"))
        return Self.answer(answer)
    }

    private func evidence(_ json: JSONValue?) throws -> Evidence {
        guard let json else { return Evidence() }
        var fields = try Fields(json, at: "/evidence")
        let evidence = Evidence(
            prompt: try fields.optionalString("prompt"), justification: try fields.optionalString("justification"),
            classification: try fields.optionalString("classification"))
        try fields.end()
        return evidence
    }

    private func rollback(_ call: HTTPCall, _ id: String, _ principal: Principal, _ task: Task) async throws -> HTTPAnswer {
        var body = try Fields(try await call.json(empty: [:]))
        let evidence = try evidence(body.optional("evidence"))
        try body.end()
        let change = try await gateway.submissions.change(id, of: principal)
        let key = try call.single("Idempotency-Key")
        return Self.answer(
            try await gateway.submissions.rollback(change, by: principal, task: task, evidence: evidence, key: key, door: "http"))
    }

    /// Done is 200, staged 202, denied 403, failed 409 or 503.
    private static func answer(_ answer: Answer) -> HTTPAnswer {
        let status =
            switch answer.status {
            case .done: 200
            case .staged: 202
            case .denied: 403
            case .failed: answer.code == ConnectorError.Code.unavailable.rawValue ? 503 : 409
            }
        return HTTPAnswer(status, answer.json)
    }
}
