public import StrictJSON

extension Operation {
    /// What it takes, as callers see it: the system's own schema, where that has one.
    public var inputSchema: JSONValue { offer?.document.json["inputSchema"] ?? schema() }

    /// The input as a JSON Schema (draft 2020-12), with further properties given by a front door.
    public func schema(adding extra: [(String, JSONValue)] = []) -> JSONValue {
        let own = input.map { JSONObject.Member(key: $0.name, value: $0.schema) }
        let properties = JSONObject(own + extra.map { .init(key: $0.0, value: $0.1) })
        return [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
            "required": .array(input.filter(\.isRequired).map { .string($0.name) }),
        ]
    }
}

extension InputField {
    fileprivate var schema: JSONValue {
        var schema = type.schema
        schema.add("description", .string(summary))
        return schema
    }
}

extension InputType {
    /// Of a name in which these characters may stand besides.
    private static func pattern(allowing more: String = "") -> String {
        let more = more.map { "\\\($0)" }.joined()
        return "^[A-Za-z0-9_\(more)][A-Za-z0-9._@\(more)-]{0,127}$"
    }

    fileprivate var schema: JSONValue {
        switch self {
        case .identifier: ["type": "string", "pattern": .string(Self.pattern())]
        case .reference(_, let more): ["type": "string", "pattern": .string(Self.pattern(allowing: more))]
        case .text(let limit): ["type": "string", "minLength": 1, "maxLength": .integer(Int64(limit))]
        case .integer(let range):
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .boolean: ["type": "boolean"]
        case .duration: ["type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$", "minLength": 2]
        case .choice(let choices): ["type": "string", "enum": .array(choices.map(JSONValue.string))]
        case .list(let element, let most):
            [
                "type": "array", "items": element.schema, "minItems": 1, "maxItems": .integer(Int64(most)), "uniqueItems": true,
            ]
        case .document: ["type": "object"]
        case .string: ["type": "string"]
        case .json: [:]
        }
    }
}
