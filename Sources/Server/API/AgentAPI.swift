import Authority
import Gateway
import HTTPTypes
import Identity
import StrictJSON

/// Who calls, and the task that they work in.
struct AgentCaller: Sendable {
    let principal: Principal
    let task: Task
}

/// The HTTP API for workloads.
struct AgentAPI: Sendable {
    private let gateway: Gateway

    init(_ gateway: Gateway) { self.gateway = gateway }

    var table: RouteTable<AgentCaller> {
        RouteTable(
            base: ["v1"],
            routes: [
                Route(
                    .get, "operations", "What can be asked", reads: [Self.purpose], answers: .object(["operations"]),
                    serve: operations),
                Route(
                    .post, "systems/{system}/operations/{operation}", "Ask for an operation", answers: .answer,
                    each: gateway.systems.flatMap(Self.describe), serve: submit),
                Route(
                    .get, "changes/{id}", "The state of a change of yours", reads: [Self.purpose],
                    answers: .object(["status", "code", "message"], optional: ["change", "receipt"]), serve: status),
                Route(
                    .post, "changes/{id}/rollback", "Ask to undo a change of yours",
                    body: OpenAPI.object([("evidence", Self.evidence)], required: []), reads: [Self.key, Self.purpose],
                    answers: .answer, serve: rollback),
                Route(
                    .post, "task/end", "End the task, and whatever it leases and leaves waiting", reads: [Self.purpose],
                    answers: .object(["status", "code", "message"]), serve: end),
            ])
    }

    static func document(_ gateway: Gateway) -> JSONValue {
        OpenAPI.document(
            "Exequatur", "Identity changes by agents, decided by policy.",
            AgentAPI(gateway).table.paths + AgentEntrance.table.paths,
            bearer: "JWT")
    }

    private static let key = OpenAPI.parameter("Idempotency-Key", in: "header")
    /// Read at every call: it opens the caller's task.
    private static let purpose = OpenAPI.parameter("Exequatur-Purpose", in: "header")
    private static let evidence = OpenAPI.strings([], optional: ["prompt", "justification", "classification"])

    /// Each operation of a system is described by itself.
    private static func describe(_ system: String, _ catalogue: Catalogue) -> [(path: String, description: JSONValue)] {
        catalogue.operations.map { operation in
            let body = OpenAPI.object([("input", operation.inputSchema), ("evidence", evidence)], required: ["input"])
            return (
                "systems/\(system)/operations/\(operation.name)",
                OpenAPI.operation(
                    operation.summary, parameters: [key, purpose], body: body, answers: .answer)
            )
        }
    }

    // MARK: What is served

    private func operations(_ routed: RoutedCall<AgentCaller>) -> HTTPAnswer {
        let outOfService = gateway.outOfService
        let all = gateway.systems.flatMap { system, catalogue in
            catalogue.operations.filter { !(outOfService[system]?.contains($0.name) ?? false) }.map { operation -> JSONValue in
                [
                    "system": .string(system), "operation": .string(operation.name), "summary": .string(operation.summary),
                    "access": .string(operation.access.rawValue), "reversibility": .string(operation.reversibility.rawValue),
                    "input": operation.inputSchema,
                ]
            }
        }
        return HTTPAnswer(200, ["operations": .array(all)])
    }

    private func submit(_ routed: RoutedCall<AgentCaller>) async throws -> HTTPAnswer {
        var body = try Fields(try await routed.call.json())
        let input = body.optional("input") ?? [:]
        let evidence = try evidence(body.optional("evidence"))
        try body.end()
        let answer = try await gateway.submissions.submit(
            Submissions.Request(
                principal: routed.caller.principal, task: routed.caller.task, system: routed["system"],
                operation: routed["operation"], input: input, evidence: evidence,
                idempotencyKey: try routed.call.single("Idempotency-Key"), door: "http"))
        return HTTPAnswer(answer)
    }

    private func status(_ routed: RoutedCall<AgentCaller>) async throws -> HTTPAnswer {
        let submissions = gateway.submissions
        // To ask how it stands succeeds, whatever became of it.
        return HTTPAnswer(
            200, try await submissions.status(of: submissions.change(routed["id"], of: routed.caller.principal)).json)
    }

    private func rollback(_ routed: RoutedCall<AgentCaller>) async throws -> HTTPAnswer {
        var body = try Fields(try await routed.call.json(empty: [:]))
        let evidence = try evidence(body.optional("evidence"))
        try body.end()
        let caller = routed.caller
        let change = try await gateway.submissions.change(routed["id"], of: caller.principal)
        let key = try routed.call.single("Idempotency-Key")
        return HTTPAnswer(
            try await gateway.submissions.rollback(
                change, by: caller.principal, task: caller.task, evidence: evidence, key: key, door: "http"))
    }

    private func end(_ routed: RoutedCall<AgentCaller>) async throws -> HTTPAnswer {
        try await gateway.queue.end(routed.caller.task)
        return HTTPAnswer(.ended)
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
}

extension HTTPAnswer {
    /// Done is 200, staged 202, denied 403; failed is what a refusal with that code would be, or 409.
    init(_ answer: Answer) {
        let status =
            switch answer.status {
            case .done: 200
            case .staged: 202
            case .denied: 403
            case .failed: Refusal.Code(rawValue: answer.code)?.kind.status ?? 409
            }
        self.init(status, answer.json)
    }
}
