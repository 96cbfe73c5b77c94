/// Takes the members of an object one by one, by name and type, and refuses what was not taken.
public struct Fields {
    private var rest: [JSONObject.Member]
    private var known: [String] = []
    /// JSON Pointer (RFC 6901) of the object.
    public let path: String

    public init(_ value: JSONValue, at path: String = "") throws(ShapeError) {
        guard case .object(let object) = value else {
            throw ShapeError(.wrongType, at: path, "an object belongs here, not \(value.kind)")
        }
        rest = object.members
        self.path = path
    }

    public func path(_ key: String) -> String {
        path + "/" + key.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    /// Whether a member that was not yet taken has this name.
    public func has(_ key: String) -> Bool { place(key) != nil }

    private func place(_ key: String) -> Int? { rest.firstIndex { $0.key.isExactly(key) } }

    public mutating func optional(_ key: String) -> JSONValue? {
        known.append(key)
        guard let place = place(key) else { return nil }
        return rest.remove(at: place).value
    }

    public mutating func required(_ key: String) throws(ShapeError) -> JSONValue {
        guard let value = optional(key) else {
            throw ShapeError(.missing, at: path(key), "'\(key)' is missing")
        }
        return value
    }

    public mutating func string(_ key: String) throws(ShapeError) -> String {
        try typed(try required(key), key, "a string", \.string)
    }

    public mutating func integer(_ key: String) throws(ShapeError) -> Int64 {
        try typed(try required(key), key, "an integer", \.integer)
    }

    public mutating func array(_ key: String) throws(ShapeError) -> [JSONValue] {
        try typed(try required(key), key, "an array", \.array)
    }

    /// Empty when it is absent.
    public mutating func optionalArray(_ key: String) throws(ShapeError) -> [JSONValue] {
        guard let value = optional(key) else { return [] }
        return try typed(value, key, "an array", \.array)
    }

    public mutating func optionalString(_ key: String) throws(ShapeError) -> String? {
        guard let value = optional(key) else { return nil }
        return try typed(value, key, "a string", \.string)
    }

    public mutating func optionalInteger(_ key: String) throws(ShapeError) -> Int64? {
        guard let value = optional(key) else { return nil }
        return try typed(value, key, "an integer", \.integer)
    }

    public mutating func optionalBool(_ key: String) throws(ShapeError) -> Bool? {
        guard let value = optional(key) else { return nil }
        return try typed(value, key, "a boolean", \.bool)
    }

    public mutating func bool(_ key: String) throws(ShapeError) -> Bool {
        try typed(try required(key), key, "a boolean", \.bool)
    }

    public mutating func strings(_ key: String) throws(ShapeError) -> [String] {
        let elements = try array(key)
        var strings: [String] = []
        for (index, element) in elements.enumerated() {
            strings.append(try typed(element, "\(key)/\(index)", "a string", \.string))
        }
        return strings
    }

    private func typed<T>(_ value: JSONValue, _ key: String, _ what: String, _ get: (JSONValue) -> T?)
        throws(ShapeError) -> T
    {
        guard let typed = get(value) else {
            throw ShapeError(.wrongType, at: path + "/" + key, "\(what) belongs here, not \(value.kind)")
        }
        return typed
    }

    /// Refuses the first member that nobody asked for.
    public func end() throws(ShapeError) {
        guard let extra = rest.first else { return }
        let hint =
            Suggestion.nearest(to: extra.key, in: known).map { "; did you mean '\($0)'?" }
            ?? "; known here: " + known.sorted().joined(separator: ", ")
        throw ShapeError(.unknownField, at: path(extra.key), "unknown field '\(Printable.text(extra.key))'" + hint)
    }
}

/// Well-formed JSON that is not of the shape expected, and where.
public struct ShapeError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case missing = "input.missing"
        case wrongType = "input.wrong_type"
        case unknownField = "input.unknown_field"
        case invalid = "input.invalid"
        case tooLong = "input.too_long"
    }

    public let code: Code
    /// JSON Pointer of the offending place; empty for the whole.
    public let path: String
    public let message: String

    public init(_ code: Code, at path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path.isEmpty ? "/" : path): \(message) [\(code.rawValue)]" }
}
