import Cedar
import JSONSchema
public import StrictJSON

/// What a field of an operation's input may hold.
public indirect enum InputType: Hashable, Sendable {
    /// The name of something: ASCII letters, digits and `._@-`, up to 128.
    case identifier
    /// The name or immutable id of an entity of one of these kinds: an identifier, in which these characters may stand besides,
    /// also first.
    case reference([String], allowing: String = "")
    /// Visible text, up to so many scalars.
    case text(Int)
    case integer(ClosedRange<Int64>)
    case boolean
    /// A length of time as Cedar writes it, such as `1h30m`; the bounds are in milliseconds.
    case duration(ClosedRange<Int64>)
    case choice([String])
    /// Different values, at least one and up to so many.
    case list(InputType, Int)
    /// A JSON document, such as a policy; up to so many bytes in canonical form.
    case document(Int)
    /// Any text at all, up to so many bytes: also an empty one, or one of many lines.
    case string(Int)
    /// Any JSON value, up to so many bytes in canonical form, which is what policy sees of it.
    case json(Int)

    /// The kinds of what it names; nil when it names nothing.
    var kinds: Set<String>? {
        switch self {
        case .reference(let kinds, _): Set(kinds)
        case .list(let element, _): element.kinds
        default: nil
        }
    }

    /// As the schema of policies writes it.
    var cedar: String {
        switch self {
        case .identifier, .reference, .text, .choice, .document, .string, .json: "String"
        case .integer: "Long"
        case .boolean: "Bool"
        case .duration: "duration"
        case .list(let element, _): "Set<\(element.cedar)>"
        }
    }
}

/// One field of an operation's input.
public struct InputField: Hashable, Sendable {
    public let name: String
    public let type: InputType
    public let summary: String
    public let isRequired: Bool

    public init(_ name: String, _ type: InputType, _ summary: String, isRequired: Bool = true) {
        self.name = name
        self.type = type
        self.summary = summary
        self.isRequired = isRequired
    }
}

/// An operation's input, checked field by field, and by the schema of the system itself where that has one.
public struct Input: Sendable {
    /// By field, as JSON; a document is the text of its canonical form.
    private let fields: [ExactString: (value: JSONValue, type: InputType)]
    /// What the catalogue adds, and policy does not see.
    private let constants: [JSONObject.Member]

    /// - Throws: ``ShapeError`` for an unknown, missing or ill-typed field.
    public init(_ json: JSONValue, for operation: Operation, at path: String = "") throws(ShapeError) {
        var reader = try Fields(json, at: path)
        var fields: [ExactString: (value: JSONValue, type: InputType)] = [:]
        for field in operation.input {
            guard let value = field.isRequired ? try reader.required(field.name) : reader.optional(field.name) else { continue }
            // Many a server writes `null` for what is not given. To policy it is not there.
            let isNull = !field.isRequired && operation.offer != nil && value == .null
            if !isNull { try field.type.check(value, at: reader.path(field.name)) }
            fields[ExactString(field.name)] = (value, field.type)
        }
        constants = operation.offer?.constants ?? []
        for constant in constants {
            guard let given = reader.optional(constant.key), given != constant.value else { continue }
            throw ShapeError(.invalid, at: reader.path(constant.key), "this can't be chosen: leave it out")
        }
        try reader.end()
        self.fields = fields
        if let misfit = operation.offer?.schema?.misfit(self.json) {
            throw ShapeError(.invalid, at: path + misfit.path, misfit.message)
        }
    }

    /// The text of a field that holds one.
    public subscript(name: String) -> String? { fields[ExactString(name)]?.value.string }

    public func integer(_ name: String) -> Int64? {
        if case .integer(let integer)? = fields[ExactString(name)]?.value { integer } else { nil }
    }

    public func has(_ name: String) -> Bool { fields[ExactString(name)].map { $0.value != .null } ?? false }

    public var json: JSONValue {
        .object(
            JSONObject(
                fields.keys.sorted().compactMap { key in
                    fields[key].map { .init(key: key.string, value: $0.value) }
                } + constants))
    }

    /// The input as policy sees it: `context.input`.
    var value: Value { .record(fields.filter { $0.value.value != .null }.mapValues { $0.type.value($0.value) }) }
}

extension InputType {
    fileprivate func value(_ json: JSONValue) -> Value {
        switch (self, json) {
        case (.document, _), (.json, _): .string(ExactString(JSONWriter.canonicalText(json)))
        case (.duration, .string(let text)): .duration(Cedar.Duration(text) ?? Cedar.Duration(milliseconds: 0))
        case (.list(let element, _), .array(let all)): .set(Set(all.map(element.value)))
        case (_, .integer(let integer)): .long(integer)
        case (_, .bool(let bool)): .bool(bool)
        case (_, .string(let text)): .string(ExactString(text))
        default: .set([])
        }
    }
}
