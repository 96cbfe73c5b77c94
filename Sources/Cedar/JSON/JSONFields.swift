import StrictJSON

/// Takes the fields of an object one by one, and refuses those that nobody took.
struct JSONFields {
    let path: String
    private let object: JSONObject
    private var taken: Set<String> = []

    init(_ json: JSONValue, at path: String) throws(FormatError) {
        guard let object = json.object else { throw FormatError(path: path, message: "an object belongs here, not \(json.kind)") }
        self.object = object
        self.path = path
    }

    mutating func optional(_ key: String) -> JSONValue? {
        taken.insert(key)
        return object[key]
    }

    mutating func required(_ key: String) throws(FormatError) -> JSONValue {
        guard let value = optional(key) else { throw FormatError(path: path, message: "field `\(key)` is missing") }
        return value
    }

    mutating func string(_ key: String) throws(FormatError) -> String {
        guard let string = try required(key).string else {
            throw FormatError(path: "\(path)/\(key)", message: "a string belongs here")
        }
        return string
    }

    mutating func typeName(_ key: String) throws(FormatError) -> EntityType {
        let name = try string(key)
        guard EntityUID.isTypeName(name) else {
            throw FormatError(path: "\(path)/\(key)", message: "`\(Printable.text(name))` is not the name of an entity type")
        }
        return ExactString(name)
    }

    /// The elements of an array; none when it is absent.
    mutating func array(_ key: String) throws(FormatError) -> [JSONValue] {
        object[key] == nil ? [] : try requiredArray(key)
    }

    mutating func requiredArray(_ key: String) throws(FormatError) -> [JSONValue] {
        guard let array = try required(key).array else {
            throw FormatError(path: "\(path)/\(key)", message: "an array belongs here")
        }
        return array
    }

    /// The members of an object; none when it is absent.
    mutating func object(_ key: String) throws(FormatError) -> JSONObject {
        guard let json = optional(key) else { return JSONObject() }
        guard let object = json.object else { throw FormatError(path: "\(path)/\(key)", message: "an object belongs here") }
        return object
    }

    mutating func policies(_ key: String) throws(FormatError) -> [Policy] {
        var policies: [Policy] = []
        for member in try object(key).members {
            policies.append(try Policy(json: member.value, id: member.key, at: "\(path)/\(key)/\(member.key)"))
        }
        return policies
    }

    func end() throws(FormatError) {
        if let key = object.keys.first(where: { !taken.contains($0) }) {
            throw FormatError(path: path, message: "unknown field `\(Printable.text(key))`")
        }
    }
}
