import Authority
import Gateway
import HTTPTypes
import Identity
import Logging
import StrictJSON

/// The Model Context Protocol over HTTP: revision 2026-07-28, and the older ones that begin with `initialize`. Both
/// end in the same `Gateway.submit`.
struct MCPDoor {
    private let door: AgentDoor
    private var gateway: Gateway { door.gateway }

    init(_ door: AgentDoor) { self.door = door }

    func answer(_ call: HTTPCall) async -> HTTPAnswer {
        var id: JSONValue?
        do {
            return try await door.serving(call) { caller in
                let message = try parse(call, try await call.body())
                id = message.id
                return try await answer(call, message, caller)
            }
        } catch let problem as MCPProblem {
            return problem.answer(id)
        } catch {
            let problem = door.problem(error)
            let data: JSONValue = ["code": .string(problem.code)]
            return MCPProblem(problem.status, problem.rpcCode, problem.message, data: data, headers: problem.headers).answer(id)
        }
    }

    private func parse(_ call: HTTPCall, _ body: [UInt8]) throws -> MCPMessage {
        guard call.isJSON else { throw MCPProblem(400, -32600, "The body must be application/json.") }
        let json: JSONValue
        do { json = try JSONReader.read(body) } catch {
            throw MCPProblem(400, -32700, "Not valid JSON: \(error)", data: ["code": .string(error.code.rawValue)])
        }
        return try MCPMessage(json)
    }

    /// A request is of the modern era when header or body says so; then both must.
    private func answer(_ call: HTTPCall, _ message: MCPMessage, _ caller: AuthenticatedToken) async throws -> HTTPAnswer {
        let header: String?
        do { header = try call.single("MCP-Protocol-Version") } catch { throw MCPProblem(400, -32020, error.message) }
        let isModern = message.protocolVersion != nil || header.map { !MCPMessage.legacy.contains($0) } ?? false
        let task = try await door.task(of: caller, purpose: message.meta["org.exequatur/purpose"]?.string)
        guard message.id != nil else { return HTTPAnswer(202) }
        if isModern { try MCPHeaders.check(call, message) } else { try MCPHeaders.checkGiven(call, message) }
        let result = try await result(message, isModern: isModern, .workload(caller.workload), task)
        return HTTPAnswer(200, ["jsonrpc": "2.0", "id": message.id ?? .null, "result": result])
    }

    private func result(_ message: MCPMessage, isModern: Bool, _ principal: Principal, _ task: Task) async throws -> JSONValue {
        switch (message.method, isModern) {
        case ("server/discover", true): return modern(discovery)
        case ("initialize", false): return initialization(message)
        case ("ping", false): return [:]
        case ("tools/list", _):
            var list: JSONValue = ["tools": .array(MCPTools(gateway.systems).list)]
            guard isModern else { return list }
            list.add("ttlMs", 0)
            list.add("cacheScope", "private")
            return modern(list)
        case ("tools/call", _):
            let answer = try await callTool(message, principal, task)
            return isModern ? modern(Self.result(answer)) : Self.result(answer)
        default: throw MCPProblem(isModern ? 404 : 200, -32601, "This method is not served.")
        }
    }

    private func modern(_ result: JSONValue) -> JSONValue {
        var result = result
        result.add("resultType", "complete")
        result.add("_meta", ["io.modelcontextprotocol/serverInfo": Self.serverInfo])
        return result
    }

    private static let serverInfo: JSONValue = ["name": "exequatur", "title": "Exequatur", "version": "0.1.0"]

    private static let instructions: JSONValue = .string(
        "Each call is decided by policy. `denied`: do not retry with other words, wording decides nothing. "
            + "`staged`: a person must act; ask exequatur__change_status later.")

    private var discovery: JSONValue {
        [
            "supportedVersions": .array(([MCPMessage.modern] + MCPMessage.legacy).map(JSONValue.string)),
            "capabilities": ["tools": [:]], "instructions": Self.instructions, "ttlMs": 0, "cacheScope": "private",
        ]
    }

    private func initialization(_ message: MCPMessage) -> JSONValue {
        let offered = message.params["protocolVersion"]?.string ?? ""
        return [
            "protocolVersion": .string(MCPMessage.legacy.contains(offered) ? offered : MCPMessage.legacy[0]),
            "capabilities": ["tools": ["listChanged": false]], "serverInfo": Self.serverInfo, "instructions": Self.instructions,
        ]
    }

    private static func result(_ answer: Answer) -> JSONValue {
        let json = answer.json
        return [
            "content": [["type": "text", "text": .string(JSONWriter.canonicalText(json))]], "structuredContent": json,
            "isError": .bool(answer.status == .denied || answer.status == .failed),
        ]
    }

    // MARK: Calls

    private func callTool(_ message: MCPMessage, _ principal: Principal, _ task: Task) async throws -> Answer {
        guard let name = message.params["name"]?.string, let target = MCPTools(gateway.systems).target(name) else {
            throw MCPProblem(
                400, -32602, "There is no such tool.", data: ["code": .string(HTTPProblem.Code.unknownTool.rawValue)])
        }
        guard case .object(var arguments) = message.params["arguments"] ?? [:] else {
            throw MCPProblem(400, -32602, "`arguments` is an object.")
        }
        do {
            let evidence = try Self.evidence(&arguments, message.meta)
            return try await perform(target, .object(arguments), evidence, message, principal, task)
        } catch let error as ShapeError {
            return Answer.refused(error.code.rawValue, "\(error.path): \(error.message)")
        } catch let refusal as Refusal {
            return Answer.refused(refusal)
        }
    }

    private func perform(
        _ target: MCPTools.Target, _ arguments: JSONValue, _ evidence: Evidence, _ message: MCPMessage, _ principal: Principal,
        _ task: Task
    ) async throws -> Answer {
        switch target {
        case .operation(let system, let name):
            let key = message.meta["org.exequatur/idempotency-key"]?.string
            return try await gateway.submissions.submit(
                Submissions.Request(
                    principal: principal, task: task, system: system, operation: name, input: arguments, evidence: evidence,
                    idempotencyKey: key, door: "mcp"))
        case .changeStatus: return try await gateway.submissions.status(of: change(arguments, principal))
        case .changeRollback:
            let change = try await change(arguments, principal)
            let key = message.meta["org.exequatur/idempotency-key"]?.string
            return try await gateway.submissions.rollback(
                change, by: principal, task: task, evidence: evidence, key: key, door: "mcp")
        case .taskEnd:
            try Fields(arguments).end()
            try await gateway.queue.end(task)
            return Answer.ended
        }
    }

    private func change(_ arguments: JSONValue, _ principal: Principal) async throws -> Change {
        var fields = try Fields(arguments)
        let id = try fields.string("change")
        try fields.end()
        return try await gateway.submissions.change(id, of: principal)
    }

    /// Takes the reserved arguments out. A prompt that is not a string is as good as none.
    private static func evidence(_ arguments: inout JSONObject, _ meta: JSONObject) throws -> Evidence {
        var claims: [String: String] = [:]
        for key in MCPTools.reserved {
            guard let value = arguments[key] else { continue }
            guard let text = value.string else {
                throw ShapeError(.wrongType, at: "/\(key)", "a string belongs here, not \(value.kind)")
            }
            claims[key] = text
            arguments[key] = nil
        }
        return Evidence(
            prompt: meta["org.exequatur/prompt"]?.string, justification: claims["justification"],
            classification: claims["classification"])
    }
}
