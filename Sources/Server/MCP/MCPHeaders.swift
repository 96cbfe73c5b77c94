import Authority
import FoundationEssentials
import StrictJSON

/// The routing headers of revision 2026-07-28: they must say what the body says, so that what a proxy decides on
/// is what is carried out.
enum MCPHeaders {
    /// - Throws: ``MCPProblem`` -32602 for missing `_meta`, -32020 for headers that differ, -32022 for an unknown revision.
    static func check(_ call: HTTPCall, _ message: MCPMessage) throws {
        guard let version = message.protocolVersion, message.meta["io.modelcontextprotocol/clientCapabilities"]?.object != nil
        else {
            throw MCPProblem(400, -32602, "`_meta` must carry protocolVersion and clientCapabilities.")
        }
        try match(call, "MCP-Protocol-Version", version)
        try match(call, "Mcp-Method", message.method)
        if let key = ["tools/call": "name", "prompts/get": "name", "resources/read": "uri"][message.method] {
            guard let name = message.params[key]?.string else { throw MCPProblem(400, -32602, "`\(key)` is missing.") }
            try match(call, "Mcp-Name", name, decoding: true)
        }
        guard version == MCPMessage.modern else { throw unsupported(version) }
    }

    /// The older eras don't ask for the routing headers; given, they must be true all the same.
    static func checkGiven(_ call: HTTPCall, _ message: MCPMessage) throws {
        if call.has("Mcp-Method") { try match(call, "Mcp-Method", message.method) }
        if call.has("Mcp-Name") {
            let name = message.params["name"]?.string ?? message.params["uri"]?.string ?? ""
            try match(call, "Mcp-Name", name, decoding: true)
        }
    }

    /// The headers that repeat arguments: there exactly where the argument is, and saying the same. A number may be written
    /// otherwise.
    static func check(_ call: HTTPCall, _ headers: [Offer.Header], against arguments: JSONValue) throws {
        for header in headers {
            let given: String?
            do { given = try call.single(header.name) } catch { throw MCPProblem(400, -32020, error.message) }
            let argument = header.argument(in: arguments)
            let isSame =
                switch (given.map(decode), argument) {
                case (nil, nil): true
                case (let text??, .integer(let number)?): Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) } == number
                case (let text??, let argument?): header.text(of: argument).map { text.utf8.elementsEqual($0.utf8) } ?? false
                default: false
                }
            guard isSame else {
                throw MCPProblem(400, -32020, "The header \(header.name) does not say what the body says.")
            }
        }
    }

    static func unsupported(_ version: String) -> MCPProblem {
        let supported = ([MCPMessage.modern] + MCPMessage.legacy).map(JSONValue.string)
        return MCPProblem(
            400, -32022, "This protocol revision is not served.",
            data: ["supported": .array(supported), "requested": .string(version)])
    }

    private static func match(_ call: HTTPCall, _ name: String, _ expected: String, decoding: Bool = false) throws {
        let given: String?
        do { given = try call.single(name) } catch { throw MCPProblem(400, -32020, error.message) }
        let value = decoding ? given.flatMap(decode) : given
        guard let value, value.utf8.elementsEqual(expected.utf8) else {
            throw MCPProblem(400, -32020, "The header \(name) is missing or differs from the body.")
        }
    }

    /// Reads `=?base64?…?=`, strictly; anything else stands for itself. Nil when malformed.
    static func decode(_ value: String) -> String? {
        guard value.hasPrefix("=?base64?"), value.hasSuffix("?="), value.utf8.count >= 11 else { return value }
        let body = String(value.dropFirst("=?base64?".count).dropLast(2))
        guard let data = Data(base64Encoded: body), data.base64EncodedString() == body else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}
