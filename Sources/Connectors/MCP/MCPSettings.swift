import Authority
public import ConnectorKit
import DeclaredKit
import Foundation
import StrictJSON
import StrictYAML

/// What an operation of a server's is, besides what its catalogue says.
struct MCPTool: Sendable {
    let key: DefinitionKey
    /// The definition that a person classified.
    let pinned: Digest
    let input: ToolInput
    /// What its results must look like; nil where the server does not say.
    let output: OutputSchema
    /// Whether an error says that nothing was done.
    let failsUnchanged: Bool
    /// What is sent always.
    let constants: [JSONObject.Member]
}

/// An MCP server as its configuration, its definitions and its catalogue say.
struct MCPSettings: Sendable {
    let declared: Declared<ToolRead>
    let tools: [String: MCPTool]
    let definitions: Definitions
    let server: ServerSettings
    let now: @Sendable () -> Instant
}

extension MCPSystem {
    /// Any MCP server, as `kind: mcp` configures it.
    public static let kind = ConnectorKind("mcp", importer: { try MCPImport(&$0, $1) }) { fields, context in
        let settings = try MCPSettings(&fields, context)
        let catalogue = settings.declared.catalogue
        let system = MCPSystem(system: context.system, settings: settings)
        return ConfiguredSystem(
            catalogue: catalogue,
            rules: [(name: "\(catalogue.namespace.lowercased()).reach", text: settings.declared.rules)]
        ) { system }
    }
}

extension MCPSettings {
    init(_ fields: inout YAMLFields, _ context: SystemContext) throws {
        let server = try ServerSettings(&fields, context)
        let definitions = try Self.definitions(server.definitions, fields, context)
        var (file, tools) = (try DeclaredFile(server.catalogue, fields), [String: MCPTool]())
        var declared: Declared<ToolRead> = try file.declared(
            resolving: context.resolve, names: .tools, { _ in },
            lookup: { name, fields in
                // One that answers with entities is the gateway's own: they are read as their kind says.
                if fields.left.contains("answer") { return .here }
                let key = try DefinitionKey(of: name, &fields)
                guard try fields.written(["access"])["access"] != "unclassified" else { return .unclassified }
                return .known(try Self.known(name, key, &fields, definitions, &tools))
            },
            step: { name, fields, input, access in
                try Self.requireFit(name, context.system, fields)
                guard access == .read || tools[name] != nil else { throw fields.problem("what writes is a tool: `\(name)`") }
                return access == .read ? nil : try DeclaredStep(&fields, input, [])
            })
        try declared.readLabels(&fields)
        if let problem = Self.problem(declared, tools) {
            throw ConfigurationError(file: server.catalogue, line: 1, message: problem)
        }
        self.declared = declared
        self.tools = tools
        self.definitions = definitions
        self.server = server
        now = context.now
    }

    private static func definitions(_ path: String, _ fields: YAMLFields, _ context: SystemContext) throws -> Definitions {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw fields.problem(
                "there is no \(path) yet: `exequatur mcp import \(context.system)` looks at the server and writes it",
                of: "definitions")
        }
        do { return try Definitions(file: Array(data)) } catch {
            throw fields.problem("\(path) can't be read: \(error)", of: "definitions")
        }
    }

    private static func known(
        _ name: String, _ key: DefinitionKey, _ fields: inout YAMLFields, _ definitions: Definitions,
        _ tools: inout [String: MCPTool]
    ) throws -> KnownOperation {
        guard let document = definitions[key] else {
            throw fields.problem("the server offered no \(key.kind.word) `\(key.name)`: import again, or take it out")
        }
        guard let pinned = Digest(hex: try fields.string("pinned")) else {
            throw fields.problem("`pinned` is the digest that the import printed", of: "pinned")
        }
        let input: ToolInput
        let output: OutputSchema
        do {
            input = try ToolInput(key.kind, document.json)
            output = try OutputSchema(document.json["outputSchema"])
        } catch { throw fields.problem("the \(key.kind.word) `\(key.name)` can't be offered: \(error)") }
        var constants: [JSONObject.Member] = []
        if var given = try fields.optionalMapping("constants") {
            constants = try given.left.map { .init(key: $0, value: try given.required($0).json(given.file)) }
            try given.end()
            let taken = Set(input.fields.map(\.name))
            if let other = constants.first(where: { !taken.contains($0.key) }) {
                throw fields.problem("the \(key.kind.word) takes no `\(other.key)`", of: "constants")
            }
        }
        tools[name] = MCPTool(
            key: key, pinned: pinned, input: input, output: output,
            failsUnchanged: try fields.optionalChoice("onError", ErrorMeaning.allCases) == .unchanged, constants: constants)
        let taken = Set(constants.map(\.key))
        return KnownOperation(
            input: input.fields.filter { !taken.contains($0.name) },
            summary: String((document.json["description"]?.string ?? document.json["title"]?.string ?? name).prefix(400)),
            offer: Offer(key.kind, key.name, document, schema: input.schema, constants: constants, headers: input.mirrored))
    }

    private enum ErrorMeaning: String, CaseIterable { case unchanged, unknown }

    private static func requireFit(_ name: String, _ system: String, _ fields: YAMLFields) throws {
        let count = system.count + 2 + name.count
        guard count <= 64 else {
            throw fields.problem(
                "agents would call it \(system)__\(name), which is too long by \(count - 64): give the operation a shorter name, "
                    + "and say `tool: \(name)`")
        }
    }

    private static func problem(_ declared: Declared<ToolRead>, _ tools: [String: MCPTool]) -> String? {
        var seen: [String: String] = [:]
        for name in declared.catalogue.operations.map(\.name).sorted() {
            if let other = seen.updateValue(name, forKey: name.replacing(".", with: "_")) {
                return "agents could not tell `\(other)` from `\(name)`: give one another name, and say `tool: \(name)`"
            }
        }
        for (place, read) in declared.requests {
            guard let operation = declared.catalogue[read.tool], operation.access == .read, let tool = tools[read.tool],
                tool.key.kind == .tool
            else { return "`\(place)` reads by `\(read.tool)`, which is no tool that is classified as `access: read`" }
            let taken = Set(tool.input.fields.map(\.name))
            if let other = read.names.first(where: { !taken.contains($0) }) {
                return "`\(place)` gives `\(other)` to `\(read.tool)`, which takes no such argument"
            }
        }
        for operation in declared.catalogue.operations where operation.access == .read && operation.offer != nil {
            let other = operation.input.first { field in
                if case .reference = field.type { field.name != operation.target.input } else { false }
            }
            if let other {
                return
                    "`\(operation.name)` reads, and names a second entity by `\(other.name)`, which nobody would be asked about: "
                    + "make it a `string`"
            }
        }
        for operation in declared.catalogue.operations where operation.access == .write {
            guard tools[operation.name]?.key.kind == .tool else { return "`\(operation.name)` writes, and is no tool" }
        }
        return nil
    }
}
