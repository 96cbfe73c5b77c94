public import StrictJSON
public import Yams

extension Node {
    /// The node as JSON: plain numbers and `true` and `false` are such, everything else is a string.
    public func json(_ file: String) throws -> JSONValue {
        switch self {
        case .mapping(let mapping):
            var members: [JSONObject.Member] = []
            var names: Set<String> = []
            for (key, value) in mapping {
                guard let name = key.scalar?.string, names.insert(name).inserted else {
                    throw ConfigurationError(
                        file: file, line: key.mark?.line ?? 1, message: "a key must be a text, and not be given twice")
                }
                members.append(.init(key: name, value: try value.json(file)))
            }
            return .object(JSONObject(members))
        case .sequence(let sequence): return .array(try sequence.map { try $0.json(file) })
        case .scalar(let scalar):
            if scalar.style != .plain { return .string(scalar.string) }
            // Only what is written as we would write it is a number: `007` is a text.
            if let integer = Int64(scalar.string), String(integer) == scalar.string { return .integer(integer) }
            return ["true": JSONValue.bool(true), "false": .bool(false)][scalar.string] ?? .string(scalar.string)
        case .alias: return .null
        }
    }
}
