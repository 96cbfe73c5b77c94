public import StrictJSON

extension Value {
    /// The value as Cedar JSON. Reading it back gives the value again; the elements of a set are in the
    /// order of their canonical bytes, so that equal values give equal bytes.
    public var json: JSONValue {
        switch self {
        case .bool(let flag): .bool(flag)
        case .long(let long): .integer(long)
        case .string(let string): .string(string.string)
        case .entity(let uid): ["__entity": uid.json]
        case .set(let elements): .array(elements.map(\.json).sorted(by: Self.precedes))
        case .record(let members): Self.object(members)
        case .decimal(let decimal): Self.call("decimal", .string(decimal.text))
        case .ip(let ip): Self.call("ip", .string(ip.text))
        case .datetime(let datetime): Self.json(datetime)
        case .duration(let duration): Self.call("duration", .string("\(duration.milliseconds)ms"))
        }
    }

    static func object(_ members: [ExactString: Value]) -> JSONValue {
        .object(JSONObject(members.keys.sorted().map { .init(key: $0.string, value: members[$0]?.json ?? .null) }))
    }

    private static func precedes(_ a: JSONValue, _ b: JSONValue) -> Bool {
        JSONWriter.canonical(a).lexicographicallyPrecedes(JSONWriter.canonical(b))
    }

    private static func call(_ function: String, _ argument: JSONValue) -> JSONValue {
        ["__extn": ["fn": .string(function), "arg": argument]]
    }

    private static func json(_ datetime: Datetime) -> JSONValue {
        let arguments = [call("datetime", "1970-01-01"), call("duration", .string("\(datetime.milliseconds)ms"))]
        return ["__extn": ["fn": "offset", "args": .array(arguments)]]
    }
}

extension EntityUID {
    public var json: JSONValue { ["type": .string(type.string), "id": .string(id.string)] }
}

extension Entity {
    /// The entity in the form that `init(json:at:)` reads.
    public var json: JSONValue {
        [
            "uid": uid.json, "attrs": Value.object(attributes), "tags": Value.object(tags),
            "parents": .array(parents.sorted().map(\.json)),
        ]
    }
}

extension Decimal {
    /// `-?digits.dddd`.
    var text: String {
        let magnitude = String(tenThousandths.magnitude)
        let digits = String(repeating: "0", count: max(0, 5 - magnitude.utf8.count)) + magnitude
        return (tenThousandths < 0 ? "-" : "") + digits.dropLast(4) + "." + digits.suffix(4)
    }
}

extension IPAddress {
    /// The address, with its prefix length.
    var text: String {
        let groups = stride(from: 0, to: bytes.count, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }
        let address = isIPv4 ? bytes.map(String.init).joined(separator: ".") : groups.joined(separator: ":")
        return "\(address)/\(prefix)"
    }
}
