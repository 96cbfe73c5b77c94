import Authority
import DeclaredKit
import Foundation
import JSONSchema
import StrictJSON
import Synchronization

/// Calls what a person has classified, as long as the server still says of it what it said then.
final class ToolCalls: Sendable {
    let server: MCPServer
    let tools: [String: MCPTool]
    let definitions: Definitions
    let endpoint: String
    let lookAgain: Int
    /// What can't be carried out, by the look that it was worked out of.
    private let known = Mutex<(look: Int?, problems: [String: String])?>(nil)

    init(
        _ server: MCPServer, _ tools: [String: MCPTool], _ definitions: Definitions, endpoint: String, lookAgain: Int
    ) {
        self.server = server
        self.tools = tools
        self.definitions = definitions
        self.endpoint = endpoint
        self.lookAgain = lookAgain
    }

    // MARK: Whether it is still the same

    /// Why each operation can't be carried out now, as far as was seen last.
    var outOfService: [String: String] { problems(server.lastSeen) }

    private func problems(_ seen: Offered?) -> [String: String] {
        if let (look, problems) = known.withLock({ $0 }), look == seen?.number { return problems }
        let problems = tools.keys.reduce(into: [:]) { all, name in all[name] = problem(name, seen) }
        known.withLock { $0 = (seen?.number, problems) }
        return problems
    }

    /// - Parameter age: how old what was seen may be, in seconds.
    /// - Returns: the session that it was seen in.
    /// - Throws: `ConnectorError` `refused` for an operation that is another now, with what differs.
    @discardableResult
    func requireSame(_ name: String, notOlderThan age: Int) async throws(ConnectorError) -> Int64 {
        let seen = try await server.offered(notOlderThan: age)
        if let problem = problems(seen)[name] { throw ConnectorError(.refused, "`\(name)` is out of service: \(problem)") }
        return seen.session
    }

    /// - Parameter seen: nil where nothing was seen yet: then only what was imported counts.
    private func problem(_ name: String, _ seen: Offered?) -> String? {
        guard let tool = tools[name], let imported = definitions[tool.key] else { return "it is not known" }
        guard Definitions.digest(of: tool.key, imported, at: endpoint) == tool.pinned else {
            let differences = definitions.pinned[tool.key].map { Difference.lines($0.json, imported.json) } ?? []
            return Self.lines("its definition, or how the server is reached, is not what was classified", differences)
        }
        guard let seen else { return nil }
        guard let now = seen.all[tool.key] else { return "the server does not offer it any more" }
        if seen.twice.contains(tool.key) { return "the server offers two of this name" }
        let differences = Difference.lines(imported.json, now.json)
        return differences.isEmpty ? nil : Self.lines("the server defines it otherwise than when it was classified", differences)
    }

    private static func lines(_ head: String, _ differences: [String]) -> String {
        ([head + ": look at it, import again, and pin it anew"] + differences).joined(separator: "\n  ")
    }

    // MARK: Calling

    /// A call that the definition allows.
    struct Prepared: Sendable {
        let name: String
        let tool: MCPTool
        let arguments: JSONValue
    }

    /// - Throws: `ConnectorError` `invalid` for arguments that the definition does not take.
    func prepared(_ name: String, _ given: JSONValue) throws(ConnectorError) -> Prepared {
        guard let tool = tools[name] else { throw ConnectorError(.invalid, "there is no `\(name)`") }
        var arguments = given
        for constant in tool.constants { arguments.add(constant.key, constant.value) }
        if let misfit = tool.input.schema?.misfit(arguments) {
            throw ConnectorError(.invalid, "`\(name)` would not take it: \(misfit.path) \(misfit.message)")
        }
        return Prepared(name: name, tool: tool, arguments: arguments)
    }

    /// - Throws: `ConnectorError`; `unavailable` also for a result that is not what the definition says.
    func read(_ name: String, _ given: JSONValue, _ progress: ProgressListener?) async throws(ConnectorError) -> ToolResult {
        let call = try prepared(name, given)
        return try await inOneSession(name) { before throws(ConnectorError) in
            try await send(call, isRepeatable: true, progress, before: before)
        }
    }

    /// Asked right before something is sent, of the session that it is sent in.
    typealias SessionCheck = @Sendable (MCPServer.Session) throws(ConnectorError) -> Void

    /// Looks whether it is still the same, and asks in the session that it was looked at in: in another, once more.
    private func inOneSession<Answer: Sendable>(
        _ name: String, _ ask: (@escaping SessionCheck) async throws(ConnectorError) -> Answer
    ) async throws(ConnectorError) -> Answer {
        for _ in 0..<2 {
            let session = try await requireSame(name, notOlderThan: lookAgain)
            do throws(ConnectorError) {
                return try await ask { now throws(ConnectorError) in try Self.require(now, session) }
            } catch {
                guard error.code == .conflict else { throw error }
            }
        }
        throw ConnectorError(.unavailable, "the server begins anew all the time")
    }

    /// What was looked at in one session says nothing of what is called in another.
    private static func require(_ now: MCPServer.Session, _ session: Int64) throws(ConnectorError) {
        guard now.number == session else {
            throw ConnectorError(.conflict, "the server began anew after it was looked at; nothing was sent")
        }
    }

    /// Sends a call that changes something, once. Whatever is answered but success, it may have come about: unless the catalogue
    /// says that an error of the tool's means that it has not.
    ///
    /// - Parameters:
    ///   - session: the one that its definition was looked at in.
    ///   - before: asked right before it is sent.
    /// - Throws: `ConnectorError`: `invalid` when nothing came about, `unavailable` when nobody knows.
    func write(_ call: Prepared, in session: Int64, before: @escaping LastWord) async throws(ConnectorError) -> ToolResult {
        func failed(_ message: String) -> ConnectorError {
            ConnectorError(call.tool.failsUnchanged ? .invalid : .unavailable, "\(call.name) failed: \(message)")
        }
        let sent = Mutex(false)
        let result: ToolResult
        do throws(ConnectorError) {
            result = try await send(call, isRepeatable: false, nil) { now throws(ConnectorError) in
                try Self.require(now, session)
                try before()
                sent.withLock { $0 = true }
            }
        } catch {
            // Before it was sent, nothing came about, whatever went wrong.
            guard sent.withLock({ $0 }) else {
                throw error.code == .unavailable ? ConnectorError(.conflict, error.message) : error
            }
            throw error.code == .unavailable ? error : failed(error.message)
        }
        guard !result.isError else { throw failed(result.words) }
        return result
    }

    private func send(
        _ call: Prepared, isRepeatable: Bool, _ progress: ProgressListener?,
        before: @escaping SessionCheck
    ) async throws(ConnectorError) -> ToolResult {
        let result = ToolResult(
            document: try await server.ask(
                "tools/call", ["name": .string(call.tool.key.name), "arguments": call.arguments], name: call.tool.key.name,
                mirrored: call.tool.input.headers(call.arguments), isRepeatable: isRepeatable, progress, before: before))
        guard result.document.json["content"]?.array != nil else {
            throw ConnectorError(.unavailable, "the result of `\(call.name)` has no content")
        }
        if let problem = call.tool.output.problem(result) {
            throw ConnectorError(.unavailable, "the result of `\(call.name)` is not what its definition says: \(problem)")
        }
        return result
    }

    /// What the server answers to whatever only reads.
    func answer(_ name: String, _ input: JSONValue, _ progress: ProgressListener?) async throws(ConnectorError) -> SystemDocument
    {
        guard let key = tools[name]?.key else { throw ConnectorError(.invalid, "there is no `\(name)`") }
        if key.kind == .tool { return try await read(name, input, progress).document }
        switch key.kind {
        case .prompt:
            return try await inOneSession(name) { before throws(ConnectorError) in
                try await server.ask(
                    "prompts/get", ["name": .string(key.name), "arguments": input], name: key.name, before: before)
            }
        case .resource: return try await resource(key.name, name)
        case .resourceTemplate:
            let uri: String
            do throws(ToolInput.Unusable) { uri = try URITemplate(key.name).filled { input[$0]?.string } } catch {
                throw ConnectorError(.invalid, error.message)
            }
            // What is listed by itself is read as that, or not at all.
            let listed = tools.values.filter { $0.key.kind == .resource }.map(\.key.name)
            guard !listed.contains(where: { Self.isSame($0, uri) }) else {
                throw ConnectorError(.notFound, "\(uri) is listed by itself")
            }
            return try await resource(uri, name)
        case .tool: throw ConnectorError(.invalid, "`\(name)` is called otherwise")
        }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        (a.removingPercentEncoding ?? a).utf8.elementsEqual((b.removingPercentEncoding ?? b).utf8)
    }

    private func resource(_ uri: String, _ name: String) async throws(ConnectorError) -> SystemDocument {
        try await inOneSession(name) { before throws(ConnectorError) in
            try await server.ask("resources/read", ["uri": .string(uri)], name: uri, before: before)
        }
    }
}
