public import StrictJSON

/// Cedar JSON that does not say what it should, and where (JSON Pointer).
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    public let message: String
    public var description: String { "\(path.isEmpty ? "/" : path): \(message)" }
}

extension Value {
    /// Reads a value: plain JSON, or the escapes `__entity` and `__extn`.
    public init(json: JSONValue, at path: String = "") throws(FormatError) {
        switch json {
        case .bool(let flag): self = .bool(flag)
        case .integer(let integer): self = .long(integer)
        case .string(let string): self = .string(ExactString(string))
        case .array(let elements):
            var set: Set<Value> = []
            for (index, element) in elements.enumerated() { set.insert(try Value(json: element, at: "\(path)/\(index)")) }
            self = .set(set)
        case .object(let object): self = try Self.read(object, path)
        case .null, .number: throw FormatError(path: path, message: "Cedar has no value for \(json.kind)")
        }
    }

    private static func read(_ object: JSONObject, _ path: String) throws(FormatError) -> Value {
        for escape in ["__entity", "__extn"] where object[escape] != nil && object.members.count > 1 {
            throw FormatError(path: path, message: "nothing may stand beside `\(escape)`")
        }
        if let inner = object["__entity"] { return .entity(try EntityUID(json: inner, at: path)) }
        if let inner = object["__extn"] { return try call(inner, path) }
        if object["__expr"] != nil { throw FormatError(path: path, message: "`__expr` is no longer part of the format") }
        return .record(try members(object, path))
    }

    static func members(_ object: JSONObject, _ path: String) throws(FormatError) -> [ExactString: Value] {
        var members: [ExactString: Value] = [:]
        for member in object.members {
            members[ExactString(member.key)] = try Value(json: member.value, at: path + "/" + member.key)
        }
        return members
    }

    private static func call(_ json: JSONValue, _ path: String) throws(FormatError) -> Value {
        guard let name = json["fn"]?.string, let function = ExtensionFunction(rawValue: name) else {
            throw FormatError(path: path, message: "`__extn` needs the name of an extension function in `fn`")
        }
        let inputs = json["args"]?.array ?? json["arg"].map { [$0] } ?? []
        guard inputs.count == function.arity else {
            throw FormatError(path: path, message: "`\(name)` takes \(function.arity) argument(s), not \(inputs.count)")
        }
        var arguments: [Value] = []
        for input in inputs { arguments.append(try Value(json: input, at: path)) }
        do { return try function.call(arguments) } catch {
            throw FormatError(path: path, message: "`\(name)` does not accept this argument")
        }
    }
}

extension EntityUID {
    /// Reads `{"type": …, "id": …}`, also inside `{"__entity": …}`. As in the reference implementation, what else
    /// such an object holds is ignored.
    public init(json: JSONValue, at path: String = "") throws(FormatError) {
        let inner = json["__entity"] ?? json
        guard let object = inner.object, let type = object["type"]?.string, let id = object["id"]?.string else {
            throw FormatError(path: path, message: "an entity is written {\"type\": …, \"id\": …}")
        }
        guard Self.isTypeName(type) else {
            throw FormatError(path: path, message: "`\(Printable.text(type))` is not the name of an entity type")
        }
        self.init(type: ExactString(type), id: ExactString(id))
    }

    static func isTypeName(_ text: String) -> Bool {
        text.split(separator: "::", omittingEmptySubsequences: false).allSatisfy { Identifier.isName(String($0)) }
    }
}
