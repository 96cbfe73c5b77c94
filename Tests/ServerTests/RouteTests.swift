import Authority
import Gateway
import GatewayWorld
import HTTPTypes
import StrictJSON
import TestSupport
import Testing

@testable import Server

@Suite("The tables of routes")
struct RouteTests {
    private static let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete]

    /// A path that the pattern stands for.
    private static func example(_ pattern: String) -> String {
        pattern.split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
    }

    @Test("Each route of agents' is served at its path by its method alone, and is in the description")
    func agents() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        let document = try JSONReader.read(doors.agents.openAPI)
        let described =
            try await served(AgentAPI(doors.world.gateway).table, doors, document)
            + served(AgentEntrance.table, doors, document)
        #expect(document["paths"]?.object?.members.count == Set(described).count, "nothing else is described")
        for path in ["/v1", "/v1/nothing", "/v1/changes", "/v1/changes/x/approve", "/v1/systems/corp", "/people/v1/changes"] {
            #expect(try await doors.agent(.get, path).status == 404, "\(path)")
        }
    }

    /// Tries every method at every path of the table.
    ///
    /// - Returns: the paths that are described.
    private func served(_ table: RouteTable<some Sendable>, _ doors: DoorWorld, _ document: JSONValue) async throws -> [String] {
        let prefix = table.base.map { "/\($0)" }.joined()
        for route in table.routes {
            let path = "\(prefix)/\(Self.example(route.pattern))"
            for method in Self.methods {
                let isServed = table.routes.contains {
                    Self.example($0.pattern) == Self.example(route.pattern) && $0.method == method
                }
                let answer = try await doors.agent(method, path, method == .get ? nil : [:])
                let isRefused = answer.status == 405
                #expect(isRefused != isServed, "\(method) \(path): \(answer.status)")
                if isRefused { #expect(answer.headers.contains { $0.0 == "Allow" && $0.1.contains(route.method.rawValue) }) }
            }
            for (described, _) in route.described(prefix) {
                #expect(document["paths"]?[described]?[route.method.rawValue.lowercased()] != nil, "\(described)")
            }
        }
        return table.routes.flatMap { $0.described(prefix).map(\.path) }
    }

    @Test("Each code that a door refuses by has its status, and none is one of the gateway's own")
    func codes() {
        let statuses: [HTTPProblem.Code: Int] = [
            .session: 401, .sessionRefused: 401, .host: 421, .manyHosts: 400, .method: 405, .notFound: 404, .origin: 403,
            .contentType: 415, .duplicateHeader: 400, .tooLong: 413, .tooSlow: 408, .unknownTool: 400, .unreadable: 400,
            .bytesInFlight: 503, .connections: 429, .inFlight: 429, .unavailable: 503,
        ]
        for code in HTTPProblem.Code.allCases { #expect(HTTPProblem(code, "").status == statuses[code], "\(code)") }
        #expect(Set(HTTPProblem.Code.allCases.map(\.rawValue)).isDisjoint(with: Refusal.Code.allCases.map(\.rawValue)))
    }

    @Test(
        "Each kind of refusal has one status of HTTP and one code of JSON-RPC",
        arguments: zip(
            [.invalid, .forbidden, .notFound, .conflict, .tooMany, .unavailable] as [Refusal.Kind],
            [(400, -32602), (403, 40301), (404, -32602), (409, 40901), (429, 42901), (503, -32603)] as [(Int, Int64)]))
    func kinds(kind: Refusal.Kind, expected: (Int, Int64)) throws {
        let code = try #require(Refusal.Code.allCases.first { $0.kind == kind })
        let problem = try #require(HTTPProblem(Refusal(code, "")))
        #expect(problem.status == expected.0 && problem.rpcCode == expected.1)
    }

    @Test("Without a good token nothing of the API answers but its description")
    func tokens() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        for route in AgentAPI(doors.world.gateway).table.routes {
            let answer = try await doors.agent(route.method, "/v1/" + Self.example(route.pattern), bearer: "x")
            #expect(answer.status == 401 && answer.headers.contains { $0.0 == "WWW-Authenticate" })
        }
        #expect(try await doors.agent(.get, "/v1/openapi.json", bearer: "x").status == 200)
    }

    @Test("Each route of people's is served at its path by its method alone, with a session, and is in the description")
    func people() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        let session = try await doors.login("lena")
        let table = PeopleAPI(gateway: doors.world.gateway, sessions: doors.world.sessions).table
        let document = await doors.person(.get, "openapi.json", session: nil).body
        for route in table.routes {
            let path = Self.example(route.pattern)
            for method in Self.methods {
                let served = table.routes.contains { Self.example($0.pattern) == path && $0.method == method }
                #expect(await (doors.person(method, path, session: session).status == 405) != served, "\(method) \(path)")
                #expect(await doors.person(method, path, session: nil).status == 401)
            }
            for (described, _) in route.described("/people/v1") {
                #expect(document?["paths"]?[described]?[route.method.rawValue.lowercased()] != nil, "\(described)")
            }
        }
        #expect(await doors.person(.get, "nothing", session: session).status == 404)
        #expect(await doors.person(.get, "challenge", session: nil).status == 405)
    }

    @Test("A pattern takes whole segments only, as they are written")
    func patterns() {
        let route = Route<Void>(.get, "changes/{id}/rollback", "", answers: .answer) { _ in HTTPAnswer(200) }
        func parameters(_ path: String) -> [String: String]? {
            route.parameters(of: HTTPCall.segments(of: path), after: ["v1"])
        }
        #expect(parameters("/v1/changes/a/rollback") == ["id": "a"])
        #expect(parameters("/v1/changes/a%2Fb/rollback") == ["id": "a/b"])
        for path in [
            "/v1/changes/a", "/v1/changes/a/rollback/x", "/v2/changes/a/rollback", "/v1/Changes/a/rollback",
            "/v1/changes//rollback",
        ] {
            #expect(parameters(path) == nil, "\(path)")
        }
    }
}

@Suite("What the doors say")
struct DoorTests {
    /// What the description says of this answer, and what it lacks or has besides.
    private func differences(_ answer: HTTPAnswer, _ document: JSONValue?, _ path: String, _ method: String) -> String? {
        let responses = document?["paths"]?[path]?[method]?["responses"]
        guard let described = responses?["\(answer.status)"] else {
            return "\(method) \(path): \(answer.status) is not described"
        }
        guard let schema = described["content"]?["application/json"]?["schema"] else { return nil }
        let resolved = schema["$ref"] == nil ? schema : document?["components"]?["schemas"]?["Answer"] ?? .null
        let (required, known) = (resolved["required"]?.array ?? [], resolved["properties"]?.object?.members.map(\.key) ?? [])
        let given = (answer.body?.object?.members ?? []).map(\.key)
        let missing = required.compactMap(\.string).filter { !given.contains($0) }
        let more = given.filter { !known.contains($0) }
        return missing.isEmpty && more.isEmpty ? nil : "\(method) \(path): lacks \(missing), has besides \(more)"
    }

    @Test("What is served is what the description says: status and members")
    func described() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        let agents = try JSONReader.read(doors.agents.openAPI)
        let people = await doors.person(.get, "openapi.json", session: nil).body
        let session = try await doors.login("lena")
        let staged = try await doors.agent(.post, "/v1/systems/corp/operations/group.add-member", Self.adding)
        let id = try #require(staged.body?["change"]?.string)
        let done = try await doors.agent(
            .post, "/v1/systems/corp/operations/user.set-title", ["input": ["user": "kai.nilsen", "value": "Mate"]])
        let write = "/v1/systems/corp/operations/"
        var found = [
            differences(staged, agents, write + "group.add-member", "post"),
            differences(done, agents, write + "user.set-title", "post"),
            differences(try await doors.agent(.get, "/v1/operations"), agents, "/v1/operations", "get"),
            differences(try await doors.agent(.get, "/v1/changes/\(id)"), agents, "/v1/changes/{id}", "get"),
            differences(try await doors.agent(.post, "/v1/task/end"), agents, "/v1/task/end", "post"),
        ]
        let calls: [(HTTPRequest.Method, String, String, JSONValue?)] = [
            (.get, "changes", "changes", nil), (.get, "changes/\(id)", "changes/{id}", nil),
            (.post, "changes/\(id)/retry", "changes/{id}/retry", nil), (.get, "reach/report", "reach/report", nil),
            (.post, "reach/path", "reach/path", ["from": "corp/user/kai.nilsen", "to": "corp/group/domain-admins"]),
            (
                .post, "reach/what-if", "reach/what-if",
                ["system": "corp", "operation": "user.disable", "input": ["user": "kai.nilsen"]]
            ),
            (.get, "locks", "locks", nil), (.post, "locks", "locks", ["scope": "workload", "subject": "agent"]),
            (.delete, "locks", "locks", ["scope": "workload", "subject": "agent"]),
            (.get, "checkpoints/actions", "checkpoints/{log}", nil), (.get, "changes/chg-0", "changes/{id}", nil),
        ]
        for (method, path, pattern, body) in calls {
            let answer = await doors.person(method, path, body, session: session)
            found.append(differences(answer, people, "/people/v1/" + pattern, method.rawValue.lowercased()))
        }
        #expect(found.compactMap { $0 } == [])
    }

    private static let adding: JSONValue = ["input": ["group": "operations", "member": "ivo.petrov"]]

    @Test("A change goes from an agent's request to its receipt through both doors, each saying what it is there for")
    func change() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        let staged = try await doors.agent(.post, "/v1/systems/corp/operations/group.add-member", Self.adding)
        #expect(staged.status == 202 && staged.body?["code"] == "staged.approval")
        let id = try #require(staged.body?["change"]?.string)
        let session = try await doors.login("lena")
        let sheet = try ChangeSheet(json: try #require(await doors.person(.get, "changes/\(id)", session: session).body))
        let statement = sheet.statement(
            .approve, by: "lena", issued: doors.world.clock.now, nonce: String(repeating: "a", count: 32))
        let text = JSONWriter.canonicalText(statement.json)
        let signature = try #require(doors.world.signers["lena"]).sign(Array(text.utf8), namespace: "exequatur-approval")
        let body: JSONValue = ["statement": .string(text), "signature": .string(signature)]
        let approved = await doors.person(.post, "changes/\(id)/statement", body, session: session)
        #expect(approved.status == 200 && approved.body?["state"] == "executed")
        #expect(await doors.person(.post, "changes/\(id)/statement", body, session: session).status == 409)
        let told = try await doors.agent(.get, "/v1/changes/\(id)")
        #expect(told.status == 200 && told.body?["receipt"]?["state"] == "pending")
        #expect(!JSONWriter.canonicalText(told.body ?? .null).contains("lena"))
    }

    @Test(
        "What can't be asked like this is 400 with its place, or 404, or 415; what is locked is 403",
        arguments: [
            ("systems/corp/operations/user.read", ["input": ["user": 7]], 400, "input.wrong_type"),
            ("systems/corp/operations/user.read", ["input": ["user": "a b"]], 400, "input.invalid"),
            ("systems/corp/operations/user.read", ["input": ["user": "a"], "more": 1], 400, "input.unknown_field"),
            ("systems/corp/operations/user.nothing", ["input": [:]], 404, "input.unknown_operation"),
            ("systems/none/operations/user.read", ["input": [:]], 404, "input.unknown_system"),
            ("changes/chg-0/rollback", [:], 404, "change.not_found"),
        ] as [(String, JSONValue, Int, String)])
    func problems(path: String, body: JSONValue, status: Int, code: String) async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        let answer = try await doors.agent(.post, "/v1/" + path, body)
        #expect(answer.status == status && answer.body?["error"]?["code"]?.string == code, "\(String(describing: answer.body))")
    }

    @Test("Beyond the cap of waiting changes it is 429, and nothing more is staged")
    func cap() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        let session = try await doors.login("lena")
        var statuses: [Int] = []
        let people = ["ivo.petrov", "nora.lie", "eli.strand", "milo.dahl", "cleo.aas", "june.okafor", "gus.holm", "ada.berg"]
        for group in ["operations", "apprentices", "vpn-users"] {
            for member in people {
                let body: JSONValue = ["input": ["group": .string(group), "member": .string(member)]]
                statuses.append(try await doors.agent(.post, "/v1/systems/corp/operations/group.add-member", body).status)
            }
        }
        #expect(statuses.contains(429))
        let rows = await doors.person(.get, "changes", session: session).body?["changes"]?.array
        #expect(rows?.count == 20)
    }

    @Test(
        "A list is filtered as it is asked to be, and what it does not know is refused",
        arguments: [
            ("", 2), ("?state=all", 3), ("?state=executed", 1), ("?system=corp", 2), ("?system=other", 0), ("?workload=agent", 2),
            ("?workload=x", 0), ("?person=lena", 0), ("?olderThan=60", 0), ("?olderThan=0", 2), ("?state=nonsense", nil),
            ("?stat=all", nil), ("?olderThan=x", nil),
        ] as [(String, Int?)])
    func filters(query: String, count: Int?) async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        _ = try await doors.world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"])
        doors.world.clock.advance(seconds: 1)
        _ = try await doors.world.submit("user.disable", ["user": "kai.nilsen"])
        _ = try await doors.world.submit("user.set-title", ["user": "kai.nilsen", "value": "Mate"])
        let answer = await doors.person(.get, "changes" + query, session: try await doors.login("lena"))
        guard let count else { return #expect(answer.status == 400) }
        let rows = try (answer.body?["changes"]?.array ?? []).map { try ChangeRow(json: $0) }
        #expect(rows.count == count, "\(rows.map(\.sentence))")
        if query.isEmpty { #expect(rows.map(\.operation) == ["group.add-member", "user.disable"], "oldest first") }
    }

    @Test("An MCP message of either era gets the answer that HTTP gets")
    func mcp() async throws {
        let doors = try await DoorWorld()
        defer { doors.world.close() }
        func call(_ tool: String, _ arguments: JSONValue) async throws -> JSONValue? {
            let body: JSONValue = [
                "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ["name": .string(tool), "arguments": arguments],
            ]
            return try await doors.agent(.post, "/mcp", body, headers: ["MCP-Protocol-Version": "2025-11-25"]).json?["result"]
        }
        let read = try await call("corp__user_read", ["user": "cleo.aas"])
        let plain = try await doors.agent(.post, "/v1/systems/corp/operations/user.read", ["input": ["user": "cleo.aas"]])
        #expect(read?["structuredContent"] == plain.body && read?["isError"] == false)
        let denied = try await call("corp__user_create", ["user": "x", "displayName": "x", "surname": "x"])
        #expect(denied?["structuredContent"]?["code"] == "denied" && denied?["isError"] == true)
        let wrong = try await call("corp__user_read", ["usr": "x"])
        #expect(wrong?["structuredContent"]?["code"] == "input.missing")
        let unknown = try await doors.agent(
            .post, "/mcp", ["jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ["name": "corp__nothing"]])
        #expect(unknown.body?["error"]?["code"] == -32602)
        let listed = try await doors.agent(.post, "/mcp", ["jsonrpc": "2.0", "id": 1, "method": "tools/list"])
        let tools = listed.json?["result"]?["tools"]?.array ?? []
        #expect(tools.count == (doors.world.gateway.systems.first?.catalogue.operations.count ?? 0) + 3)
    }
}

extension HTTPAnswer {
    /// Its body, however it was written.
    fileprivate var json: JSONValue? { bytes.flatMap { try? JSONReader.read($0) } }
}
