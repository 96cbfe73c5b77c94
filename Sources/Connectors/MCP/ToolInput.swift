import Authority
import JSONSchema
import StrictJSON

/// What a definition says that it takes, as policy sees it.
struct ToolInput {
    let fields: [InputField]
    let schema: JSONSchema?
    /// The headers that repeat arguments (`x-mcp-header` of revision 2026-07-28): each header's name, and where its value stands.
    let mirrored: [Offer.Header]

    /// - Throws: ``Unusable`` for what can't be offered: an argument of a name that policy can't speak of, a schema that can't be
    ///   checked.
    init(_ kind: Offer.Kind, _ definition: JSONValue) throws(Unusable) {
        switch kind {
        case .tool:
            let json = definition["inputSchema"] ?? ["type": "object"]
            do throws(JSONSchema.Problem) { schema = try JSONSchema(json) } catch {
                throw Unusable(message: "its input schema can't be used: \(error)")
            }
            fields = try Self.fields(json)
            mirrored = try Self.mirrored(json)
        case .prompt:
            schema = nil
            mirrored = []
            fields = try (definition["arguments"]?.array ?? []).map { argument throws(Unusable) in
                let name = argument["name"]?.string ?? ""
                try Self.require(name)
                return InputField(
                    name, .string(Self.longText), Self.summary(argument, name), isRequired: argument["required"]?.bool ?? false)
            }
            try Self.requireDifferent(fields)
        case .resource: (fields, schema, mirrored) = ([], nil, [])
        case .resourceTemplate:
            let template = try URITemplate(definition["uriTemplate"]?.string ?? "")
            for name in template.variables { try Self.require(name) }
            fields = template.variables.map { InputField($0, .string(1_024), $0) }
            try Self.requireDifferent(fields)
            (schema, mirrored) = (nil, [])
        }
    }

    struct Unusable: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }

    private static let longText = 65_536
    private static let longJSON = 262_144

    private static func require(_ name: String) throws(Unusable) {
        guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.-]{0,63}/) != nil else {
            throw Unusable(message: "it takes an argument called `\(Printable.text(name))`, which policy can't speak of")
        }
    }

    private static func requireDifferent(_ fields: [InputField]) throws(Unusable) {
        guard Set(fields.map(\.name)).count == fields.count else { throw Unusable(message: "it takes two arguments of one name") }
    }

    private static func summary(_ schema: JSONValue, _ name: String) -> String {
        let text = schema["description"]?.string ?? schema["title"]?.string ?? name
        return String(text.prefix(300))
    }

    private static func fields(_ schema: JSONValue) throws(Unusable) -> [InputField] {
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        var fields: [InputField] = []
        for member in schema["properties"]?.object?.members ?? [] {
            try require(member.key)
            let isRequired = required.contains(member.key)
            fields.append(
                InputField(
                    member.key, type(member.value), summary(member.value, member.key),
                    isRequired: isRequired))
        }
        return fields
    }

    /// What policy sees of a property: what can be told from its type, or else the value's JSON as a text. One that may be null is
    /// what it is otherwise: where it must be given, null can't be.
    private static func type(_ schema: JSONValue) -> InputType {
        var one = schema
        let alternatives = schema["anyOf"]?.array ?? []
        let others = alternatives.filter { $0["type"] != "null" }
        if alternatives.count == 2, others.count == 1 { one = others[0] }
        if let types = one["type"]?.array, types.count == 2, let type = types.first(where: { $0 != "null" }),
            types.contains("null")
        {
            one.add("type", type)
        }
        if let choices = one["enum"]?.array {
            let texts = choices.compactMap(\.string)
            return texts.count == choices.count && !texts.isEmpty ? .choice(texts) : .json(longJSON)
        }
        switch one["type"]?.string {
        case "string": return .string(longText)
        case "boolean": return .boolean
        case "integer": return .integer(range(one))
        default: return .json(longJSON)
        }
    }
}

extension ToolInput {
    private static func range(_ schema: JSONValue) -> ClosedRange<Int64> {
        let (low, high) = (schema["minimum"]?.integer ?? .min, schema["maximum"]?.integer ?? .max)
        return low <= high ? low...high : Int64.min...Int64.max
    }

    /// - Throws: ``Unusable`` for a header that breaks the rules: every client has to leave out such a tool.
    private static func mirrored(_ schema: JSONValue) throws(Unusable) -> [Offer.Header] {
        var (found, names): ([Offer.Header], Set<String>) = ([], [])
        var waiting: [(JSONValue, [String])] = [(schema, [])]
        while let (one, path) = waiting.popLast() {
            for member in one["properties"]?.object?.members ?? [] {
                let place = path + [member.key]
                if let name = member.value["x-mcp-header"] {
                    let isPlain = ["string", "integer", "boolean"].contains(member.value["type"]?.string)
                    guard let name = name.string, name.wholeMatch(of: /[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}/) != nil, isPlain,
                        names.insert(name.lowercased()).inserted
                    else { throw Unusable(message: "its `x-mcp-header` at \(place.joined(separator: "/")) can't be") }
                    found.append(Offer.Header("Mcp-Param-" + name, at: place))
                }
                if place.count < 16 { waiting.append((member.value, place)) }
            }
        }
        guard found.count == occurrences(of: "x-mcp-header", in: schema) else {
            throw Unusable(message: "an `x-mcp-header` stands where none may")
        }
        return found
    }

    private static func occurrences(of key: String, in json: JSONValue) -> Int {
        switch json {
        case .object(let object): object.members.reduce(0) { $0 + ($1.key == key ? 1 : 0) + occurrences(of: key, in: $1.value) }
        case .array(let all): all.reduce(0) { $0 + occurrences(of: key, in: $1) }
        default: 0
        }
    }

    /// The headers for these arguments. What is not there, or null, has none.
    func headers(_ arguments: JSONValue) -> [(name: String, value: String)] {
        mirrored.compactMap { header in header.argument(in: arguments).flatMap(header.text).map { (header.name, $0) } }
    }
}

/// A template of URIs with plain variables (RFC 6570, level 1).
struct URITemplate: Sendable {
    private enum Part: Sendable {
        case literal(String)
        case variable(String)
    }

    private let parts: [Part]

    init(_ text: String) throws(ToolInput.Unusable) {
        var parts: [Part] = []
        for piece in text.split(separator: "{", omittingEmptySubsequences: false).enumerated() {
            guard piece.offset > 0 else {
                parts.append(.literal(String(piece.element)))
                continue
            }
            let halves = piece.element.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, halves[0].wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else {
                throw ToolInput.Unusable(message: "its template of URIs has more than plain variables")
            }
            parts += [.variable(String(halves[0])), .literal(String(halves[1]))]
        }
        self.parts = parts
    }

    var variables: [String] { parts.compactMap { if case .variable(let name) = $0 { name } else { nil } } }

    /// The URI with these values.
    ///
    /// - Throws: ``ToolInput/Unusable`` for a value that is not one segment, however it is encoded: who decodes it would go
    ///   elsewhere.
    func filled(_ values: (String) -> String?) throws(ToolInput.Unusable) -> String {
        var uri = ""
        for part in parts {
            switch part {
            case .literal(let text): uri += text
            case .variable(let name):
                let value = values(name) ?? ""
                guard !["", ".", ".."].contains(value), !value.contains("/"), !value.contains("\\"), !value.contains("%") else {
                    throw ToolInput.Unusable(message: "`\(name)` is not one segment of a URI")
                }
                uri += Self.encode(value)
            }
        }
        return uri
    }

    private static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            let isUnreserved =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._~".utf8.contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isUnreserved ? String(Unicode.Scalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
