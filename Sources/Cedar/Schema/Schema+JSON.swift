public import StrictJSON

extension Schema {
    /// Reads a schema in its JSON form.
    ///
    /// - Throws: ``FormatError`` for JSON of another shape, ``Diagnostics`` for names that don't resolve.
    public init(json: JSONValue) throws {
        try self.init(SchemaSyntax(json: json), nil)
    }

    /// The schema in its JSON form.
    public var json: JSONValue { syntax.json }
}

extension SchemaSyntax {
    init(json: JSONValue) throws(FormatError) {
        guard let object = json.object else { throw FormatError(path: "", message: "a schema is an object of namespaces") }
        for member in object.members {
            guard member.key.isEmpty || EntityUID.isTypeName(member.key) else {
                throw FormatError(path: "", message: "`\(Printable.text(member.key))` is not the name of a namespace")
            }
            namespaces.append(try NamespaceSyntax(json: member.value, name: member.key))
        }
    }

    fileprivate var json: JSONValue {
        .object(JSONObject(namespaces.map { .init(key: $0.name.path, value: $0.json) }))
    }
}

extension NamespaceSyntax {
    fileprivate init(json: JSONValue, name: String) throws(FormatError) {
        let path = "/\(name)"
        var fields = try JSONFields(json, at: path)
        self.init(
            name: NameSyntax(path: name),
            annotations: try Policy.annotations(fields.optional("annotations"), at: path + "/annotations"))
        for member in try fields.object("commonTypes").members {
            let (type, annotations) = try TypeReader.annotated(member.value, "\(path)/commonTypes/\(member.key)")
            types.append(CommonTypeSyntax(name: try Self.name(member.key, path), annotations: annotations, type: type))
        }
        for member in try Self.object(fields.required("entityTypes"), path + "/entityTypes").members {
            entities.append(
                try EntitySyntax(json: member.value, name: Self.name(member.key, path), at: "\(path)/entityTypes/\(member.key)"))
        }
        for member in try Self.object(fields.required("actions"), path + "/actions").members {
            actions.append(try ActionSyntax(json: member.value, name: member.key, at: "\(path)/actions/\(member.key)"))
        }
        try fields.end()
    }

    private static func object(_ json: JSONValue, _ path: String) throws(FormatError) -> JSONObject {
        guard let object = json.object else { throw FormatError(path: path, message: "an object belongs here") }
        return object
    }

    private static func name(_ name: String, _ path: String) throws(FormatError) -> NameSyntax {
        guard Identifier.isName(name) else { throw FormatError(path: path, message: "`\(Printable.text(name))` is not a name") }
        return NameSyntax(path: name)
    }

    fileprivate var json: JSONValue {
        func object(_ members: [JSONObject.Member]) -> JSONValue { .object(JSONObject(members)) }
        var json: JSONValue = [:]
        if !types.isEmpty {
            json.add("commonTypes", object(types.map { .init(key: $0.name.path, value: $0.type.json.noted($0.annotations)) }))
        }
        json.add("entityTypes", object(entities.map { .init(key: $0.name.path, value: $0.json) }))
        json.add("actions", object(actions.map { .init(key: $0.name.path, value: $0.json) }))
        return json.noted(annotations)
    }
}

extension JSONValue {
    /// With the annotations, when there are any.
    fileprivate func noted(_ annotations: [Annotation]) -> JSONValue {
        guard !annotations.isEmpty else { return self }
        var copy = self
        copy.add(
            "annotations",
            .object(JSONObject(annotations.map { .init(key: $0.name, value: $0.value.map(JSONValue.string) ?? .null) })))
        return copy
    }
}

extension JSONFields {
    fileprivate mutating func names(_ key: String) throws(FormatError) -> [NameSyntax] {
        var names: [NameSyntax] = []
        for element in try array(key) {
            guard let name = element.string, EntityUID.isTypeName(name) else {
                throw FormatError(path: "\(path)/\(key)", message: "names of entity types belong here")
            }
            names.append(NameSyntax(path: name))
        }
        return names
    }
}

extension EntitySyntax {
    fileprivate init(json: JSONValue, name: NameSyntax, at path: String) throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        self.init(name: name, annotations: try Policy.annotations(fields.optional("annotations"), at: path + "/annotations"))
        if let ids = fields.optional("enum") {
            let strings = (ids.array ?? []).compactMap(\.string)
            guard !strings.isEmpty, strings.count == ids.array?.count else {
                throw FormatError(path: path + "/enum", message: "an array of one or more ids belongs here")
            }
            enumeration = strings
        } else {
            parents = try fields.names("memberOfTypes")
            if let shape = fields.optional("shape") { self.shape = try TypeReader.type(shape, path + "/shape") }
            if let tags = fields.optional("tags") { self.tags = try TypeReader.type(tags, path + "/tags") }
        }
        try fields.end()
    }

    fileprivate var json: JSONValue {
        var json: JSONValue = [:]
        if !parents.isEmpty { json.add("memberOfTypes", .array(parents.map { .string($0.path) })) }
        if let shape, shape.kind != .record([]) { json.add("shape", shape.json) }
        json.add("tags", tags?.json)
        json.add("enum", enumeration.map { .array($0.map(JSONValue.string)) })
        return json.noted(annotations)
    }
}

extension ActionSyntax {
    fileprivate init(json: JSONValue, name: String, at path: String) throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        self.init(
            name: NameSyntax(path: name),
            annotations: try Policy.annotations(fields.optional("annotations"), at: path + "/annotations"))
        for (index, parent) in try fields.array("memberOf").enumerated() {
            var inner = try JSONFields(parent, at: "\(path)/memberOf/\(index)")
            let id = NameSyntax(path: try inner.string("id"))
            let type = try inner.optional("type") == nil ? nil : NameSyntax(path: inner.typeName("type").string)
            try inner.end()
            parents.append(ActionReferenceSyntax(type: type, id: id))
        }
        if let applies = fields.optional("appliesTo"), applies != .null {
            var inner = try JSONFields(applies, at: path + "/appliesTo")
            _ = (try inner.required("principalTypes"), try inner.required("resourceTypes"))
            var appliesTo = AppliesToSyntax(
                principals: try inner.names("principalTypes"), resources: try inner.names("resourceTypes"))
            if let context = inner.optional("context") {
                appliesTo.context = try TypeReader.type(context, path + "/appliesTo/context")
            }
            try inner.end()
            self.appliesTo = appliesTo
        }
        try fields.end()
    }

    fileprivate var json: JSONValue {
        var json: JSONValue = [:]
        if !parents.isEmpty {
            json.add(
                "memberOf",
                .array(
                    parents.map { parent in
                        var reference: JSONValue = ["id": .string(parent.id.path)]
                        reference.add("type", parent.type.map { .string($0.path) })
                        return reference
                    }))
        }
        if let appliesTo {
            var applies: JSONValue = [
                "principalTypes": .array(appliesTo.principals.map { .string($0.path) }),
                "resourceTypes": .array(appliesTo.resources.map { .string($0.path) }),
            ]
            if let context = appliesTo.context, context.kind != .record([]) { applies.add("context", context.json) }
            json.add("appliesTo", applies)
        }
        return json.noted(annotations)
    }
}

extension TypeSyntax {
    fileprivate var json: JSONValue {
        switch kind {
        case .name(let name): ["type": "EntityOrCommon", "name": .string(name.path)]
        case .common(let name): ["type": .string(name.path)]
        case .entity(let name): ["type": "Entity", "name": .string(name.path)]
        case .primitive(.bool): ["type": "Boolean"]
        case .primitive(let primitive): ["type": .string(primitive.rawValue)]
        case .extension(let type): ["type": "Extension", "name": .string(type.rawValue)]
        case .set(let element): ["type": "Set", "element": element.json]
        case .record(let attributes):
            [
                "type": "Record",
                "attributes": .object(
                    JSONObject(
                        attributes.map { attribute in
                            var json = attribute.type.json
                            if !attribute.isRequired { json.add("required", false) }
                            return .init(key: attribute.name.path, value: json.noted(attribute.annotations))
                        })),
            ]
        }
    }
}

private enum TypeReader {
    static func type(_ json: JSONValue, _ path: String) throws(FormatError) -> TypeSyntax {
        var fields = try JSONFields(json, at: path)
        let type = try type(&fields, path, depth: 0)
        try fields.end()
        return type
    }

    /// A type that may have annotations beside it.
    static func annotated(_ json: JSONValue, _ path: String) throws(FormatError) -> (TypeSyntax, [Annotation]) {
        var fields = try JSONFields(json, at: path)
        let annotations = try Policy.annotations(fields.optional("annotations"), at: path + "/annotations")
        let type = try type(&fields, path, depth: 0)
        try fields.end()
        return (type, annotations)
    }

    private static func type(_ fields: inout JSONFields, _ path: String, depth: Int) throws(FormatError) -> TypeSyntax {
        guard depth < SchemaParser.maximumDepth else {
            throw FormatError(path: path, message: "types nest deeper than \(SchemaParser.maximumDepth) levels")
        }
        let name = try fields.string("type")
        switch name {
        case "String": return TypeSyntax(.primitive(.string))
        case "Long": return TypeSyntax(.primitive(.long))
        case "Boolean": return TypeSyntax(.primitive(.bool))
        case "Set":
            var inner = try JSONFields(fields.required("element"), at: path + "/element")
            let element = try type(&inner, path + "/element", depth: depth + 1)
            try inner.end()
            return TypeSyntax(.set(element))
        case "Record": return TypeSyntax(.record(try attributes(&fields, path, depth: depth)))
        case "Entity": return TypeSyntax(.entity(NameSyntax(path: try fields.typeName("name").string)))
        case "EntityOrCommon": return TypeSyntax(.name(NameSyntax(path: try reference(fields.string("name"), path))))
        case "Extension":
            guard let type = ExtensionType(rawValue: try fields.string("name")) else {
                throw FormatError(path: path, message: "the extension types are ipaddr, decimal, datetime and duration")
            }
            return TypeSyntax(.extension(type))
        default: return TypeSyntax(.common(NameSyntax(path: try reference(name, path))))
        }
    }

    private static func reference(_ name: String, _ path: String) throws(FormatError) -> String {
        let parts = name.split(separator: "::", omittingEmptySubsequences: false)
        guard parts.enumerated().allSatisfy({ Identifier.isName(String($1)) || ($0 == 0 && $1 == "__cedar") }) else {
            throw FormatError(path: path, message: "`\(Printable.text(name))` is not the name of a type")
        }
        return name
    }

    private static func attributes(_ fields: inout JSONFields, _ path: String, depth: Int) throws(FormatError)
        -> [AttributeSyntax]
    {
        if let more = fields.optional("additionalAttributes"), more != false {
            throw FormatError(
                path: path + "/additionalAttributes", message: "records with further attributes are not part of the language")
        }
        var attributes: [AttributeSyntax] = []
        for member in try fields.object("attributes").members {
            let place = "\(path)/attributes/\(member.key)"
            var inner = try JSONFields(member.value, at: place)
            let annotations = try Policy.annotations(inner.optional("annotations"), at: place + "/annotations")
            let required = inner.optional("required")
            guard required == nil || required?.bool != nil else {
                throw FormatError(path: place + "/required", message: "true or false belongs here")
            }
            let type = try type(&inner, place, depth: depth + 1)
            try inner.end()
            attributes.append(
                AttributeSyntax(
                    name: NameSyntax(path: member.key), annotations: annotations, isRequired: required?.bool ?? true, type: type))
        }
        return attributes
    }
}
