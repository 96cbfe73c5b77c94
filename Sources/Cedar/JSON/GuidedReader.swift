public import StrictJSON

extension Schema {
    /// Reads entities as the schema types them: where it says so, `{"type": …, "id": …}` is an entity, and a string or
    /// `{"fn": …, "arg": …}` is a value of an extension type. Every entity is checked, and the actions are added.
    ///
    /// - Throws: ``FormatError`` for what can't be read, ``ConformanceError`` for what does not fit.
    public func entities(json: JSONValue) throws -> Entities {
        guard let array = json.array else { throw FormatError(path: "", message: "entities are written as an array") }
        var entities = actionEntities
        for (index, element) in array.enumerated() {
            let entity = try entity(json: element, at: "/\(index)")
            try check(entity)
            if !entity.uid.isAction { entities.append(entity) }
        }
        return try Entities.checked(entities)
    }

    /// Reads one entity as the schema types it.
    public func entity(json: JSONValue, at path: String = "") throws(FormatError) -> Entity {
        guard let uid = json["uid"] else {
            throw FormatError(path: path, message: "an entity needs `uid`, `attrs` and `parents`")
        }
        let type = entityTypes[try EntityUID(json: uid, at: path + "/uid").type]
        return try Entity(json: json, at: path) { value, part, place throws(FormatError) in
            switch part {
            case .attributes: try GuidedReader.record(value, type?.attributes ?? RecordType(), place)
            case .tags: try GuidedReader.record(value, RecordType(tagged(value, type?.tags)), place)
            }
        }
    }

    /// The tags as attributes of one type, so that they are read alike.
    private func tagged(_ json: JSONValue, _ type: CedarType?) -> [ExactString: AttributeType] {
        guard let type, let keys = json.object?.keys else { return [:] }
        return Dictionary(keys.map { (ExactString($0), AttributeType(type)) }, uniquingKeysWith: { $1 })
    }

    /// Reads the context of a request for that action as the schema types it.
    public func context(json: JSONValue, action: EntityUID, at path: String = "/context") throws(FormatError) -> [ExactString:
        Value]
    {
        try GuidedReader.record(json, actions[action]?.context ?? RecordType(), path)
    }

    /// Reads `{"principal": …, "action": …, "resource": …, "context": {…}}`, the context as the schema types it.
    public func request(json: JSONValue) throws(FormatError) -> Request {
        var plain = json
        plain.add("context", [:])
        var request = try Request(json: plain)
        request.context = try context(json: json["context"] ?? [:], action: request.action)
        return request
    }
}

private enum GuidedReader {
    static func record(_ json: JSONValue, _ type: RecordType, _ path: String) throws(FormatError) -> [ExactString: Value] {
        guard let object = json.object else { throw FormatError(path: path, message: "an object belongs here") }
        var members: [ExactString: Value] = [:]
        for member in object.members {
            let name = ExactString(member.key)
            let place = path + "/" + member.key
            if let expected = type[name] {
                members[name] = try value(member.value, expected.type, place)
            } else {
                members[name] = try Value(json: member.value, at: place)
            }
        }
        return members
    }

    private static func value(_ json: JSONValue, _ type: CedarType, _ path: String) throws(FormatError) -> Value {
        switch type {
        case .entity: return .entity(try EntityUID(json: json, at: path))
        case .extension(let type): return try call(json, type, path)
        case .set(let element?):
            guard let array = json.array else {
                throw FormatError(path: path, message: "an array belongs here, not \(json.kind)")
            }
            var elements: Set<Value> = []
            for (index, item) in array.enumerated() { elements.insert(try value(item, element, "\(path)/\(index)")) }
            return .set(elements)
        case .record(let record):
            let members = try self.record(json, record, path)
            if let missing = record.attributes.keys.filter({ record[$0]?.isRequired == true && members[$0] == nil }).min() {
                throw FormatError(path: path, message: "attribute `\(missing)` is missing")
            }
            if let unknown = members.keys.filter({ record[$0] == nil }).min() {
                throw FormatError(path: path, message: "there is no attribute `\(unknown)`")
            }
            return .record(members)
        default: return try Value(json: json, at: path)
        }
    }

    /// `{"__extn": call}`, a bare call, or the constructor's argument alone.
    private static func call(_ json: JSONValue, _ type: ExtensionType, _ path: String) throws(FormatError) -> Value {
        if json["__extn"] != nil { return try Value(json: json, at: path) }
        if json["fn"] != nil { return try Value(json: ["__extn": json], at: path) }
        let constructor: String = type == .ipaddr ? "ip" : type.rawValue
        return try Value(json: ["__extn": ["fn": .string(constructor), "arg": json]], at: path)
    }
}
