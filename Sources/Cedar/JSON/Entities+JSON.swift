public import StrictJSON

extension Entity {
    /// The parts of an entity that hold values.
    enum Part { case attributes, tags }

    /// Reads `{"uid": …, "attrs": {…}, "parents": […], "tags": {…}}`; `tags` may be absent.
    public init(json: JSONValue, at path: String = "") throws(FormatError) {
        try self.init(json: json, at: path) { value, _, place throws(FormatError) in
            guard let object = value.object else { throw FormatError(path: place, message: "an object belongs here") }
            return try Value.members(object, place)
        }
    }

    init(json: JSONValue, at path: String, values: (JSONValue, Part, String) throws(FormatError) -> [ExactString: Value])
        throws(FormatError)
    {
        var fields = try JSONFields(json, at: path)
        let uid = try EntityUID(json: fields.required("uid"), at: path + "/uid")
        let attributes = try values(fields.required("attrs"), .attributes, path + "/attrs")
        let tags = try values(fields.optional("tags") ?? [:], .tags, path + "/tags")
        var parents: Set<EntityUID> = []
        for (index, parent) in try fields.requiredArray("parents").enumerated() {
            parents.insert(try EntityUID(json: parent, at: "\(path)/parents/\(index)"))
        }
        if uid.isAction, let parent = parents.filter({ !$0.isAction }).min() {
            throw FormatError(path: path + "/parents", message: "an action can be in actions only, not in \(parent)")
        }
        try fields.end()
        self.init(uid, attributes: attributes, tags: tags, parents: parents)
    }
}

extension Entities {
    /// Reads an array of entities.
    public static func parse(json: JSONValue) throws(FormatError) -> Entities {
        guard let array = json.array else { throw FormatError(path: "", message: "entities are written as an array") }
        var entities: [Entity] = []
        for (index, element) in array.enumerated() { entities.append(try Entity(json: element, at: "/\(index)")) }
        return try checked(entities)
    }

    static func checked(_ entities: [Entity]) throws(FormatError) -> Entities {
        do { return try Entities(entities) } catch {
            switch error {
            case .conflict(let uid): throw FormatError(path: "", message: "\(uid) is given twice, differently")
            case .cycle(let uid): throw FormatError(path: "", message: "\(uid) is its own ancestor")
            }
        }
    }
}

extension Request {
    /// Reads `{"principal": …, "action": …, "resource": …, "context": {…}}`; other fields are ignored.
    public init(json: JSONValue) throws(FormatError) {
        func uid(_ key: String) throws(FormatError) -> EntityUID {
            guard let inner = json[key] else { throw FormatError(path: "/" + key, message: "this field is missing") }
            return try EntityUID(json: inner, at: "/" + key)
        }
        self.init(
            principal: try uid("principal"), action: try uid("action"), resource: try uid("resource"),
            context: try Self.context(json: json["context"] ?? [:]))
    }
}
