import Cedar
public import StrictJSON

/// What a field of an operation's input may hold.
public enum InputType: Hashable, Sendable {
    /// The name or immutable id of something: ASCII letters, digits and `._@-`, up to 128.
    case identifier
    /// Visible text, up to so many scalars.
    case text(Int)
    case integer(ClosedRange<Int64>)
    case choice([String])
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

/// An operation's input, checked field by field.
public struct Input: Hashable, Sendable {
    public enum Field: Hashable, Sendable {
        case string(ExactString)
        case integer(Int64)
    }

    private let fields: [ExactString: Field]

    /// - Throws: ``ShapeError`` for an unknown, missing or ill-typed field.
    public init(_ json: JSONValue, for operation: Operation, at path: String = "") throws(ShapeError) {
        var reader = try Fields(json, at: path)
        var fields: [ExactString: Field] = [:]
        for field in operation.input {
            guard let value = field.isRequired ? try reader.required(field.name) : reader.optional(field.name) else { continue }
            fields[ExactString(field.name)] = try field.check(value, at: reader.path(field.name))
        }
        try reader.end()
        self.fields = fields
    }

    public subscript(name: String) -> String? {
        if case .string(let text) = fields[ExactString(name)] { text.string } else { nil }
    }

    public func integer(_ name: String) -> Int64? {
        if case .integer(let integer) = fields[ExactString(name)] { integer } else { nil }
    }

    public var json: JSONValue {
        .object(
            JSONObject(
                fields.keys.sorted().compactMap { key in
                    fields[key].map { .init(key: key.string, value: $0.json) }
                }))
    }

    /// The input as policy sees it: `context.input`.
    var value: Value { .record(fields.mapValues(\.value)) }
}

extension Input.Field {
    fileprivate var json: JSONValue {
        switch self {
        case .string(let text): .string(text.string)
        case .integer(let integer): .integer(integer)
        }
    }

    fileprivate var value: Value {
        switch self {
        case .string(let text): .string(text)
        case .integer(let integer): .long(integer)
        }
    }
}

extension InputField {
    fileprivate func check(_ value: JSONValue, at path: String) throws(ShapeError) -> Input.Field {
        switch type {
        case .integer(let range):
            guard case .integer(let integer) = value else {
                throw ShapeError(.wrongType, at: path, "an integer belongs here, not \(value.kind)")
            }
            guard range.contains(integer) else {
                throw ShapeError(.invalid, at: path, "must lie between \(range.lowerBound) and \(range.upperBound)")
            }
            return .integer(integer)
        case .identifier, .text, .choice:
            guard case .string(let text) = value else {
                throw ShapeError(.wrongType, at: path, "a string belongs here, not \(value.kind)")
            }
            if let problem = problem(text) { throw ShapeError(.invalid, at: path, problem) }
            return .string(ExactString(text))
        }
    }

    private func problem(_ text: String) -> String? {
        switch type {
        case .identifier: Self.isIdentifier(text) ? nil : "a name of 1 to 128 ASCII letters, digits and . _ @ - belongs here"
        case .text(let limit):
            Self.isText(text, limit) ? nil : "1 to \(limit) visible characters belong here; no control or invisible ones"
        case .choice(let choices):
            choices.contains { $0.utf8.elementsEqual(text.utf8) } ? nil : "one of \(choices.joined(separator: ", ")) belongs here"
        case .integer: nil
        }
    }

    static func isIdentifier(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) }
        guard let first = text.utf8.first, isWord(first) || first == UInt8(ascii: "_"), text.utf8.count <= 128 else {
            return false
        }
        return text.utf8.allSatisfy { isWord($0) || "._@-".utf8.contains($0) }
    }

    private static func isText(_ text: String, _ limit: Int) -> Bool {
        (1...limit).contains(text.unicodeScalars.count) && text.unicodeScalars.allSatisfy(Printable.isVisible)
            && text.unicodeScalars.first != " " && text.unicodeScalars.last != " "
    }
}
