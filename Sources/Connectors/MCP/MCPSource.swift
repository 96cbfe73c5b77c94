import Authority
import DeclaredKit
import JSONSchema
import StrictJSON
import StrictYAML

/// A tool that reads, with its arguments: `{tool: get_user, arguments: {user: "{id}"}}`.
struct ToolRead: DeclaredRequest {
    static let pageKey = "argument"
    static let mustRead = "what reads is a tool that is classified as `access: read`"

    let tool: String
    private let arguments: JSONTemplate
    /// What the text of an error has that says that there is none.
    let absent: String?

    init(_ fields: YAMLFields) throws {
        var fields = fields
        tool = try fields.string("tool")
        absent = try fields.optionalString("absent")
        do { arguments = try JSONTemplate(try fields.node("arguments")?.json(fields.file) ?? [:]) } catch let unfit as Unfit {
            throw fields.problem(unfit.message, of: "arguments")
        }
        guard case .object = arguments else { throw fields.problem("`arguments` is a mapping", of: "arguments") }
        try fields.end()
    }

    /// Whether it is one is known only once all operations are.
    var mayRead: Bool { true }
    var sources: [Source] { arguments.sources }

    /// The arguments that it gives.
    var names: [String] { if case .object(let members) = arguments { members.map(\.key) } else { [] } }

    func filled(_ values: Values) throws -> JSONValue { try arguments.filled(values) ?? [:] }
}

/// A server, asked with the tools that read.
struct MCPSource: DeclaredSource {
    let calls: ToolCalls

    func ask(_ request: ToolRead, _ values: Values, isOwn: Bool, page: (name: String, value: String)?)
        async throws(ConnectorError) -> Found
    {
        var arguments: JSONValue
        do { arguments = try request.filled(values) } catch {
            throw isOwn
                ? ConnectorError(.unavailable, "what is there can't be asked for: \(error)")
                : ConnectorError(.invalid, "the call can't be made: \(error)")
        }
        if let page { arguments.add(page.name, .string(page.value)) }
        let result = try await calls.read(request.tool, arguments, nil)
        guard !result.isError else {
            if let absent = request.absent, result.text.contains(absent) {
                throw ConnectorError(.notFound, "\(request.tool) says that there is none")
            }
            throw ConnectorError(.unavailable, "\(request.tool) failed: \(result.words)")
        }
        return Found(json: result.value)
    }
}

/// The result of a tool.
struct ToolResult: Sendable {
    let document: SystemDocument

    var isError: Bool { document.json["isError"]?.bool ?? false }

    /// All its text.
    var text: String {
        (document.json["content"]?.array ?? []).compactMap { $0["type"] == "text" ? $0["text"]?.string : nil }.joined(
            separator: "\n")
    }

    /// The text for the operator's log.
    var words: String { String(Printable.text(text).prefix(300)) }

    /// What it says, as JSON: `structuredContent`, or a text that is JSON.
    var value: JSONValue? { document.json["structuredContent"] ?? (try? JSONReader.read(text, limits: .init(bytes: 1 << 26))) }
}

/// What a tool's results must look like, where its definition says so.
struct OutputSchema: Sendable {
    private let schema: JSONSchema?

    init(_ json: JSONValue?) throws(ToolInput.Unusable) {
        guard let json, json != .null else {
            schema = nil
            return
        }
        do throws(JSONSchema.Problem) { schema = try JSONSchema(json) } catch {
            throw ToolInput.Unusable(message: "its output schema can't be used: \(error)")
        }
    }

    /// Why a result is not what the definition says; nil when it is.
    func problem(_ result: ToolResult) -> String? {
        guard let schema, !result.isError else { return nil }
        guard let value = result.document.json["structuredContent"] else { return "there is no structured content" }
        return schema.misfit(value).map { "\($0.path): \($0.message)" }
    }
}
