import Authority
import DeclaredKit
import JSONSchema
import StrictJSON

/// Calls what a person has classified, as long as the server still says of it what it said then.
struct ToolCalls: Sendable {
    let server: MCPServer
    let tools: [String: MCPTool]
    let definitions: Definitions
    let endpoint: String
    let lookAgain: Int

    // MARK: Whether it is still the same

    /// Why each operation can't be carried out now, as far as was seen last.
    var outOfService: [String: String] {
        let seen = server.lastSeen
        return tools.keys.reduce(into: [:]) { all, name in all[name] = problem(name, seen) }
    }

    /// - Parameter age: how old what was seen may be, in seconds.
    /// - Throws: `ConnectorError` `refused` for an operation that is another now, with what differs.
    func requireSame(_ name: String, notOlderThan age: Int) async throws(ConnectorError) {
        let seen = try await server.definitions(notOlderThan: age)
        if let problem = problem(name, seen) { throw ConnectorError(.refused, "`\(name)` is out of service: \(problem)") }
    }

    /// - Parameter seen: nil where nothing was seen yet: then only what was imported counts.
    private func problem(_ name: String, _ seen: [DefinitionKey: SystemDocument]?) -> String? {
        guard let tool = tools[name], let imported = definitions[tool.key] else { return "it is not known" }
        guard Definitions.digest(of: tool.key, imported, at: endpoint) == tool.pinned else {
            return "its definition, or how the server is reached, is not what was classified: look at it, and pin it anew"
        }
        guard let seen else { return nil }
        guard let now = seen[tool.key] else { return "the server does not offer it any more" }
        let differences = Difference.lines(imported.json, now.json)
        return differences.isEmpty
            ? nil : "the server defines it otherwise than when it was classified:\n  " + differences.joined(separator: "\n  ")
    }

    // MARK: Calling

    /// - Throws: `ConnectorError`; `unavailable` also for a result that is not what the definition says.
    func call(_ name: String, _ given: JSONValue, _ progress: ProgressListener?) async throws(ConnectorError) -> ToolResult {
        try await requireSame(name, notOlderThan: lookAgain)
        guard let tool = tools[name] else { throw ConnectorError(.invalid, "there is no `\(name)`") }
        var arguments = given
        for constant in tool.constants { arguments.add(constant.key, constant.value) }
        if let misfit = tool.input.schema?.misfit(arguments) {
            throw ConnectorError(.invalid, "`\(name)` would not take it: \(misfit.path) \(misfit.message)")
        }
        let result = ToolResult(
            document: try await server.ask(
                "tools/call", ["name": .string(tool.key.name), "arguments": arguments], name: tool.key.name,
                mirrored: tool.input.headers(arguments), progress))
        guard result.document.json["content"]?.array != nil else {
            throw ConnectorError(.unavailable, "the result of `\(name)` has no content")
        }
        if let problem = tool.output.problem(result) {
            throw ConnectorError(.unavailable, "the result of `\(name)` is not what its definition says: \(problem)")
        }
        return result
    }

    /// What the server answers to whatever only reads.
    func answer(_ name: String, _ input: JSONValue, _ progress: ProgressListener?) async throws(ConnectorError) -> SystemDocument
    {
        guard let key = tools[name]?.key else { throw ConnectorError(.invalid, "there is no `\(name)`") }
        if key.kind == .tool { return try await call(name, input, progress).document }
        try await requireSame(name, notOlderThan: lookAgain)
        switch key.kind {
        case .prompt:
            return try await server.ask("prompts/get", ["name": .string(key.name), "arguments": input], name: key.name)
        case .resource: return try await resource(key.name)
        case .resourceTemplate:
            let uri: String
            do throws(ToolInput.Unusable) { uri = try URITemplate(key.name).filled { input[$0]?.string } } catch {
                throw ConnectorError(.invalid, error.message)
            }
            return try await resource(uri)
        case .tool: throw ConnectorError(.invalid, "`\(name)` is called otherwise")
        }
    }

    private func resource(_ uri: String) async throws(ConnectorError) -> SystemDocument {
        try await server.ask("resources/read", ["uri": .string(uri)], name: uri)
    }
}
