public import StrictJSON

extension PolicySet {
    /// Reads `{"staticPolicies": {…}, "templates": {…}, "templateLinks": […]}`; each may be absent.
    ///
    /// - Throws: ``FormatError``.
    public init(json: JSONValue) throws(FormatError) {
        var fields = try JSONFields(json, at: "")
        let policies = try fields.policies("staticPolicies") + fields.policies("templates")
        var links: [TemplateLink] = []
        for (index, link) in try fields.array("templateLinks").enumerated() {
            links.append(try TemplateLink(json: link, at: "/templateLinks/\(index)"))
        }
        for policy in policies where policy.isTemplate != (json["templates"]?[policy.id] != nil) {
            throw FormatError(path: "", message: "`\(policy.id)` is \(policy.isTemplate ? "a template" : "no template")")
        }
        try fields.end()
        do { try self.init(policies, links: links) } catch { throw FormatError(path: "", message: error.description) }
    }
}

extension TemplateLink {
    fileprivate init(json: JSONValue, at path: String) throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        let (template, id) = (try fields.string("templateId"), try fields.string("newId"))
        var values: [Slot: EntityUID] = [:]
        for member in try fields.object("values").members {
            guard let slot = Slot(rawValue: member.key) else {
                throw FormatError(path: "\(path)/values", message: "there is no slot `\(Printable.text(member.key))`")
            }
            values[slot] = try EntityUID(json: member.value, at: "\(path)/values/\(member.key)")
        }
        try fields.end()
        self.init(id: id, template: template, values: values)
    }
}

extension Policy {
    /// Reads a policy or template in the JSON form of the language (EST).
    public init(json: JSONValue, id: String, at path: String = "") throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        guard let effect = Effect(rawValue: try fields.string("effect")) else {
            throw FormatError(path: path + "/effect", message: "the effect is `permit` or `forbid`")
        }
        let principal = try ScopeConstraint(json: fields.required("principal"), .principal, at: path + "/principal")
        let action = try ActionConstraint(json: fields.required("action"), at: path + "/action")
        let resource = try ScopeConstraint(json: fields.required("resource"), .resource, at: path + "/resource")
        var conditions: [Condition] = []
        for (index, condition) in try fields.array("conditions").enumerated() {
            conditions.append(try Condition(json: condition, at: "\(path)/conditions/\(index)"))
        }
        let annotations = try Self.annotations(fields.optional("annotations"), at: path + "/annotations")
        try fields.end()
        self.init(
            id: id, effect: effect, annotations: annotations, template: nil, text: nil, range: .none, principal: principal,
            action: action, resource: resource, conditions: conditions)
    }

    static func annotations(_ json: JSONValue?, at path: String) throws(FormatError) -> [Annotation] {
        guard let json else { return [] }
        guard let object = json.object else { throw FormatError(path: path, message: "an object belongs here") }
        var annotations: [Annotation] = []
        for member in object.members {
            guard Identifier.isWord(member.key), member.value.string != nil || member.value == .null else {
                throw FormatError(path: path, message: "an annotation is a name and a string, or null")
            }
            annotations.append(Annotation(name: member.key, value: member.value.string))
        }
        return annotations
    }
}

extension Condition {
    fileprivate init(json: JSONValue, at path: String) throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        let kind = try fields.string("kind")
        guard kind == "when" || kind == "unless" else {
            throw FormatError(path: path + "/kind", message: "a condition is `when` or `unless`")
        }
        self.init(isUnless: kind == "unless", body: try ExpressionReader.read(fields.required("body"), at: path + "/body"))
        try fields.end()
    }
}

extension EntityReference {
    fileprivate init(_ fields: inout JSONFields, _ variable: Variable) throws(FormatError) {
        if let slot = fields.optional("slot") {
            let expected: Slot = variable == .principal ? .principal : .resource
            guard slot.string == expected.rawValue else {
                throw FormatError(path: fields.path, message: "the slot here must be `\(expected.rawValue)`")
            }
            self.init(.slot(expected))
        } else {
            self.init(.entity(try EntityUID(json: fields.required("entity"), at: fields.path + "/entity")))
        }
    }
}

extension ScopeConstraint {
    fileprivate init(json: JSONValue, _ variable: Variable, at path: String) throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        switch try fields.string("op") {
        case "All": self.init(.any)
        case "==": self.init(.equal(try EntityReference(&fields, variable)))
        case "in": self.init(.in(try EntityReference(&fields, variable)))
        case "is":
            let type = try fields.typeName("entity_type")
            if let group = fields.optional("in") {
                var inner = try JSONFields(group, at: path + "/in")
                self.init(.isIn(type, try EntityReference(&inner, variable)))
                try inner.end()
            } else {
                self.init(.is(type))
            }
        default: throw FormatError(path: path + "/op", message: "the operators of a head are All, ==, in and is")
        }
        try fields.end()
    }
}

extension ActionConstraint {
    fileprivate init(json: JSONValue, at path: String) throws(FormatError) {
        var fields = try JSONFields(json, at: path)
        switch try fields.string("op") {
        case "All": self = .any
        case "==": self = .equal(try Self.action(fields.required("entity"), path + "/entity"))
        case "in":
            if let one = fields.optional("entity") {
                self = .in([try Self.action(one, path + "/entity")])
            } else {
                var actions: [EntityReference] = []
                for (index, action) in try fields.requiredArray("entities").enumerated() {
                    actions.append(try Self.action(action, "\(path)/entities/\(index)"))
                }
                self = .in(actions)
            }
        default: throw FormatError(path: path + "/op", message: "the operators of the action are All, == and in")
        }
        try fields.end()
    }

    private static func action(_ json: JSONValue, _ path: String) throws(FormatError) -> EntityReference {
        let uid = try EntityUID(json: json, at: path)
        guard uid.isAction else {
            throw FormatError(path: path, message: "the action must be an entity of the type `Action`, not \(uid)")
        }
        return EntityReference(.entity(uid))
    }
}
