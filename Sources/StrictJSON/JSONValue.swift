/// One JSON value (RFC 8259), read strictly.
///
/// Numbers keep the form they were written in: `1` is ``integer(_:)``, `1.0` is ``number(_:)``.
/// Equality is numeric, as in RFC 8785, so that equal values and equal canonical bytes are the
/// same thing.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent; always fits 64 bits.
    case integer(Int64)
    /// A finite number written with a fraction or an exponent.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue: Equatable {
    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.integer(let x), .number(let y)), (.number(let y), .integer(let x)): Int64(exactly: y) == x
        case (.string(let x), .string(let y)): x.isExactly(y)
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x == y
        default: false
        }
    }
}

extension JSONValue {
    /// The word used for this kind of value in error messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number with a fraction or exponent"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    public var string: String? { if case .string(let s) = self { s } else { nil } }
    public var integer: Int64? { if case .integer(let i) = self { i } else { nil } }
    public var bool: Bool? { if case .bool(let b) = self { b } else { nil } }
    public var array: [JSONValue]? { if case .array(let a) = self { a } else { nil } }
    public var object: JSONObject? { if case .object(let o) = self { o } else { nil } }

    /// The member of that name, when this is an object that has it.
    public subscript(key: String) -> JSONValue? { object?[key] }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }
    /// A literal with the same key twice is a programming error and traps.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { .init(key: $0, value: $1) }))
    }
}

extension JSONValue {
    /// The object with one more member, unless the value is nil.
    public func adding(_ key: String, _ value: JSONValue?) -> JSONValue {
        var json = self
        json.add(key, value)
        return json
    }

    /// Adds a member to an object, unless the value is nil.
    public mutating func add(_ key: String, _ value: JSONValue?) {
        guard case .object(var object) = self, let value else { return }
        // Nobody else has its members while one is added: they need not be copied.
        self = .null
        object[key] = value
        self = .object(object)
    }
}
