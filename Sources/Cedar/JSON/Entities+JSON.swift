public import StrictJSON

extension Entity {
    /// Reads `{"uid": …, "attrs": {…}, "parents": […], "tags": {…}}`; `tags` may be absent.
    public init(json: JSONValue, at path: String = "") throws(FormatError) {
        guard let object = json.object, let uid = object["uid"] else {
            throw FormatError(path: path, message: "an entity needs `uid`, `attrs` and `parents`")
        }
        for key in object.keys where !["uid", "attrs", "parents", "tags"].contains(key) {
            throw FormatError(path: path, message: "unknown field `\(Printable.text(key))`")
        }
        var parents: Set<EntityUID> = []
        for (index, parent) in try Self.array(object, "parents", path).enumerated() {
            parents.insert(try EntityUID(json: parent, at: "\(path)/parents/\(index)"))
        }
        self.init(
            try EntityUID(json: uid, at: path + "/uid"), attributes: try Self.record(object["attrs"], path + "/attrs"),
            tags: object["tags"] == nil ? [:] : try Self.record(object["tags"], path + "/tags"), parents: parents)
    }

    private static func array(_ object: JSONObject, _ key: String, _ path: String) throws(FormatError) -> [JSONValue] {
        guard let array = object[key]?.array else { throw FormatError(path: path, message: "`\(key)` must be an array") }
        return array
    }

    private static func record(_ json: JSONValue?, _ path: String) throws(FormatError) -> [ExactString: Value] {
        guard let object = json?.object else { throw FormatError(path: path, message: "an object belongs here") }
        return try Value.members(object, path)
    }
}

extension Entities {
    /// Reads an array of entities.
    public static func parse(json: JSONValue) throws(FormatError) -> Entities {
        guard let array = json.array else { throw FormatError(path: "", message: "entities are written as an array") }
        var entities: [Entity] = []
        for (index, element) in array.enumerated() { entities.append(try Entity(json: element, at: "/\(index)")) }
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
        guard case .record(let context) = try Value(json: json["context"] ?? [:], at: "/context") else {
            throw FormatError(path: "/context", message: "the context must be a record")
        }
        self.init(
            principal: try uid("principal"), action: try uid("action"), resource: try uid("resource"), context: context)
    }
}
