import Authority
import Gateway
import HTTPTypes
import StrictJSON
import TransparencyLog

/// What workloads find without knowing more than the address: MCP, and what is readable without a token.
enum AgentEntrance {
    static let table = RouteTable<AgentDoor>(
        base: [],
        routes: [
            // It describes itself (`server/discover`, `tools/list`), and asks for the token itself.
            Route(.post, "mcp", "The Model Context Protocol", answers: .answer, each: []) {
                await MCPDoor($0.caller).answer($0.call)
            },
            Route(.get, "healthz", "Whether it is up", answers: .object(["status"]), isOpen: true) { _ in
                HTTPAnswer(200, ["status": "ok"])
            },
            Route(
                .get, ".well-known/oauth-protected-resource", "Where tokens come from (RFC 9728)", answers: metadata, isOpen: true
            ) { resource($0.caller, "") },
            Route(
                .get, ".well-known/oauth-protected-resource/mcp", "Where tokens for MCP come from (RFC 9728)", answers: metadata,
                isOpen: true
            ) { resource($0.caller, "/mcp") },
            Route(
                .get, "log/{log}/checkpoint", "A log's checkpoint as last published", answers: .text, isOpen: true,
                serve: checkpoint),
            Route(
                .get, "log/{log}/tile/{path...}", "Hashes of a log as last published (c2sp.org/tlog-tiles)", answers: .bytes,
                isOpen: true, serve: tile),
            Route(
                .get, "v1/openapi.json", "This description",
                answers: .object(["openapi", "info", "paths"], optional: ["components", "security"]), isOpen: true
            ) { HTTPAnswer(200, json: $0.caller.openAPI) },
        ])

    private static let metadata = OpenAPI.Success.object(
        ["resource", "authorization_servers", "bearer_methods_supported", "resource_name"])

    private static func resource(_ door: AgentDoor, _ path: String) -> HTTPAnswer {
        HTTPAnswer(
            200,
            [
                "resource": .string(door.publicURL + path), "authorization_servers": .array(door.issuers.map(JSONValue.string)),
                "bearer_methods_supported": ["header"], "resource_name": "Exequatur",
            ])
    }

    private static func tile(_ routed: RoutedCall<AgentDoor>) async throws -> HTTPAnswer {
        guard let log = LogName(rawValue: routed["log"]), let path = TilePath(routed["path"]),
            let bytes = try await routed.caller.gateway.journal.tile(path, of: log)
        else { throw HTTPProblem(.notFound, "There is no such tile.") }
        return HTTPAnswer(200, bytes: bytes)
    }

    private static func checkpoint(_ routed: RoutedCall<AgentDoor>) throws -> HTTPAnswer {
        guard let log = LogName(rawValue: routed["log"]) else { throw HTTPProblem(.notFound, "There is no such log.") }
        guard let note = routed.caller.gateway.journal.published(log) else {
            throw HTTPProblem(.unavailable, "No checkpoint has been published yet; ask again in a few seconds.")
        }
        return HTTPAnswer(200, text: note)
    }
}
