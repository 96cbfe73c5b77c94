import Authority
import StrictJSON
import Synchronization
import Testing

@testable import ConnectorMCP

@Suite("A server that begins anew")
struct SessionTests {
    @Test("What was looked at in one session is not called in another")
    func sessions() async throws {
        let wire = Wire()
        let calls = try wire.toolCalls()
        let call = try calls.prepared("tell", [:])
        let session = try await calls.requireSame("tell", notOlderThan: 0)

        _ = try await calls.write(call, in: session) {}
        #expect(wire.called == 1)

        wire.end()
        let error = await #expect(throws: ConnectorError.self) { try await calls.write(call, in: session) {} }
        #expect(error?.code == .conflict && wire.called == 1)

        let next = try await calls.requireSame("tell", notOlderThan: 0)
        _ = try await calls.write(call, in: next) {}
        #expect(next != session && wire.called == 2)
    }

    @Test("A read looks again where the server began anew between the look and the call")
    func reads() async throws {
        let wire = Wire(endsAfterLook: true)
        let calls = try wire.toolCalls()
        _ = try await calls.read("tell", [:], nil)
        #expect(wire.called == 1 && wire.looked == 2)
    }

    @Test(
        "A resource and a prompt too are asked for in the session that was looked at", arguments: [Offer.Kind.resource, .prompt])
    func documents(_ kind: Offer.Kind) async throws {
        let wire = Wire(kind, endsAfterLook: true)
        let calls = try wire.toolCalls()
        _ = try await calls.answer("tell", [:], nil)
        #expect(wire.called == 1 && wire.looked == 2)
    }

    @Test("What the last word forbids is not sent")
    func lastWord() async throws {
        let wire = Wire()
        let calls = try wire.toolCalls()
        let session = try await calls.requireSame("tell", notOlderThan: 0)
        let error = await #expect(throws: ConnectorError.self) {
            try await calls.write(calls.prepared("tell", [:]), in: session) { () throws(ConnectorError) in
                throw ConnectorError(.refused, "the lease has ended")
            }
        }
        #expect(error?.code == .refused && wire.called == 0)
    }
}

/// The server's side: which connections are open, and what came in on any of them.
///
/// In memory, since no real server can be made to begin anew at the very moment between a look and a call.
private final class Wire: Sendable {
    private let state = Mutex((generation: 0, called: 0, looked: 0))
    private let kind: Offer.Kind
    private let endsAfterLook: Bool

    /// - Parameter endsAfterLook: whether the session ends right after the first look.
    init(_ kind: Offer.Kind = .tool, endsAfterLook: Bool = false) { (self.kind, self.endsAfterLook) = (kind, endsAfterLook) }

    var generation: Int { state.withLock { $0.generation } }
    var called: Int { state.withLock { $0.called } }
    var looked: Int { state.withLock { $0.looked } }

    func end() { state.withLock { $0.generation += 1 } }

    private var definition: JSONValue { [kind.key: "tell", "inputSchema": ["type": "object"]] }

    func toolCalls() throws -> ToolCalls {
        let key = DefinitionKey(kind: kind, name: "tell")
        let document = SystemDocument(definition)
        let tool = MCPTool(
            key: key, pinned: Definitions.digest(of: key, document, at: "here"), input: try ToolInput(kind, definition),
            output: try OutputSchema(nil), failsUnchanged: false, constants: [])
        let server = MCPServer(.address { _ in WireConnection(self) }, seconds: 5, largest: 1 << 20)
        return ToolCalls(server, ["tell": tool], Definitions([key: document]), endpoint: "here", lookAgain: 60)
    }

    func result(of method: String) -> JSONValue {
        switch method {
        case "server/discover":
            return [
                "supportedVersions": [.string(Era.current)],
                "capabilities": .object(JSONObject([.init(key: kind.capability, value: [:])])),
            ]
        case kind.method:
            state.withLock { $0.looked += 1 }
            if endsAfterLook && looked == 1 { end() }
            return .object(JSONObject([.init(key: kind.member, value: [definition])]))
        case Offer.Kind.resourceTemplate.method: return ["resourceTemplates": []]
        default:
            state.withLock { $0.called += 1 }
            return ["content": []]
        }
    }
}

private final class WireConnection: Connection {
    private let wire: Wire
    private let generation: Int

    init(_ wire: Wire) { (self.wire, generation) = (wire, wire.generation) }

    var isOpen: Bool { generation == wire.generation }
    var isOver: Bool { !isOpen }

    func ask(_ call: Call, _ era: Era?, _ progress: ProgressListener?, before: LastWord?) async throws(ConnectorError) -> Reply {
        do throws(ConnectorError) { try before?() } catch { return .notSent(error) }
        return .result(SystemDocument(wire.result(of: call.method)))
    }

    func tell(_ method: String, _ params: JSONValue, _ era: Era) async {}
    func listen(_ call: Call, _ era: Era) async {}
    func close() async {}
}
