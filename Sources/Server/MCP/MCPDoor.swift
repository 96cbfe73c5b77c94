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

    /// Answers at once, or as a stream where a system tells of its progress before it is done.
    func answer(_ call: HTTPCall) async -> HTTPAnswer {
        guard call.headers[.accept]?.contains("text/event-stream") ?? false else { return await whole(call, nil) }
        let events = MCPEvents()
        let work = _Concurrency.Task { events.end(await whole(call, events)) }
        // Who goes away ends what was begun for them.
        events.onEnd { work.cancel() }
        return await withTaskCancellationHandler {
            await events.answer
        } onCancel: {
            work.cancel()
        }
    }

    private func whole(_ call: HTTPCall, _ events: MCPEvents?) async -> HTTPAnswer {
        var id: JSONValue?
        do {
            return try await door.serving(call) { caller in
                let message = try parse(call, try await call.body())
                id = message.id
                return try await answer(call, message, caller, events)
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
    private func answer(_ call: HTTPCall, _ message: MCPMessage, _ caller: AuthenticatedToken, _ events: MCPEvents?) async throws
        -> HTTPAnswer
    {
        let header: String?
        do { header = try call.single("MCP-Protocol-Version") } catch { throw MCPProblem(400, -32020, error.message) }
        let isModern = message.protocolVersion != nil || header.map { !MCPMessage.legacy.contains($0) } ?? false
        let task = try await door.task(of: caller, purpose: message.meta["org.exequatur/purpose"]?.string)
        guard message.id != nil else { return HTTPAnswer(202) }
        if isModern { try MCPHeaders.check(call, message) } else { try MCPHeaders.checkGiven(call, message) }
        let asker = MCPAsker(
            call: call, message: message, principal: .workload(caller.workload), task: task, isModern: isModern, events: events)
        let result = try await result(asker)
        let envelope = RawObject().adding("jsonrpc", "2.0").adding("id", message.id ?? .null).adding("result", result.bytes)
        return HTTPAnswer(200, json: envelope.bytes)
    }

    private func result(_ asker: MCPAsker) async throws -> RawObject {
        let (message, isModern) = (asker.message, asker.isModern)
        if let json = try fixed(message, isModern) { return RawObject(SystemDocument(json)) }
        let tools = MCPTools(gateway)
        // What no catalogue lists is not there at all.
        let (hasResources, hasPrompts) = (tools.offers(.resource, .resourceTemplate), tools.offers(.prompt))
        switch message.method {
        case "tools/list": return list("tools", tools.list, isModern)
        case "tools/call": return try await MCPCalls(gateway, tools, asker).call()
        case "resources/list" where hasResources: return list("resources", tools.list(.resource), isModern)
        case "resources/templates/list" where hasResources:
            return list("resourceTemplates", tools.list(.resourceTemplate), isModern)
        case "resources/read" where hasResources: return try await MCPCalls(gateway, tools, asker).resource()
        case "prompts/list" where hasPrompts: return list("prompts", tools.list(.prompt), isModern)
        case "prompts/get" where hasPrompts: return try await MCPCalls(gateway, tools, asker).prompt()
        default: throw MCPProblem(isModern ? 404 : 200, -32601, "This method is not served.")
        }
    }

    /// A list for one caller, all of it.
    private func list(_ name: String, _ elements: [[UInt8]], _ isModern: Bool) -> RawObject {
        let list = RawObject().adding(name, RawObject.list(elements))
        guard isModern else { return list }
        return list.adding("ttlMs", 0).adding("cacheScope", "private").adding("resultType", "complete")
            .adding("_meta", Self.meta)
    }

    /// What is answered whoever asks.
    private func fixed(_ message: MCPMessage, _ isModern: Bool) throws -> JSONValue? {
        switch (message.method, isModern) {
        case ("server/discover", true): return modern(discovery)
        case ("initialize", false): return initialization(message)
        case ("ping", false): return [:]
        default: return nil
        }
    }

    private func modern(_ result: JSONValue) -> JSONValue {
        result.adding("resultType", "complete").adding("_meta", Self.meta)
    }

    static let meta: JSONValue = ["io.modelcontextprotocol/serverInfo": serverInfo]
    private static let serverInfo: JSONValue = ["name": "exequatur", "title": "Exequatur", "version": "0.1.0"]

    private static let instructions: JSONValue = .string(
        "Each call is decided by policy. `denied`: do not retry with other words, wording decides nothing. "
            + "`staged`: a person must act; ask exequatur__change_status later.")

    private var discovery: JSONValue {
        [
            "supportedVersions": .array(([MCPMessage.modern] + MCPMessage.legacy).map(JSONValue.string)),
            "capabilities": capabilities([:]), "instructions": Self.instructions, "ttlMs": 0, "cacheScope": "private",
        ]
    }

    private func capabilities(_ of: JSONValue) -> JSONValue {
        let tools = MCPTools(gateway)
        let all: JSONValue = ["tools": of]
        return all.adding("resources", tools.offers(.resource, .resourceTemplate) ? of : nil)
            .adding("prompts", tools.offers(.prompt) ? of : nil)
    }

    private func initialization(_ message: MCPMessage) -> JSONValue {
        let offered = message.params["protocolVersion"]?.string ?? ""
        return [
            "protocolVersion": .string(MCPMessage.legacy.contains(offered) ? offered : MCPMessage.legacy[0]),
            "capabilities": capabilities(["listChanged": false]), "serverInfo": Self.serverInfo,
            "instructions": Self.instructions,
        ]
    }
}
