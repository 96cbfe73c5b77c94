import StrictJSON

/// Data that does not fit the schema: what, and where in it.
public struct ConformanceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Such as `User::"alice"/attrs/age`.
    public let path: String
    public let message: String
    public var description: String { "\(path): \(message)" }
}

extension Schema {
    /// Checks that the action exists and applies to the principal and resource, and that the context has its type.
    ///
    /// - Throws: ``ConformanceError`` with the first thing that does not fit.
    public func check(_ request: Request) throws(ConformanceError) {
        try checkScope(request)
        try checkContext(request)
    }

    /// The part of it that does not look at the context.
    public func checkScope(_ request: Request) throws(ConformanceError) {
        guard let action = actions[request.action] else {
            throw ConformanceError(path: "action", message: "there is no action `\(request.action)`")
        }
        try check(request.principal, "principal", action.principals, request.action)
        try check(request.resource, "resource", action.resources, request.action)
    }

    /// The part of it that looks at nothing but the context: it comes out the same for all actions of one class.
    public func checkContext(_ request: Request) throws(ConformanceError) {
        guard let action = actions[request.action] else { return }
        try check(request.context, action.context, "context")
    }

    private func check(_ uid: EntityUID, _ role: String, _ allowed: [EntityType], _ action: EntityUID) throws(ConformanceError) {
        guard allowed.contains(uid.type) else {
            throw ConformanceError(path: role, message: "action `\(action)` does not apply to a \(role) of type `\(uid.type)`")
        }
        try checkID(uid, role)
    }

    /// An id of an enumerated type must be one of those there are.
    private func checkID(_ uid: EntityUID, _ path: @autoclosure () -> String) throws(ConformanceError) {
        if let ids = entityTypes[uid.type]?.enumeration, !ids.contains(uid.id) {
            throw ConformanceError(path: path(), message: "`\(uid.type)` has no entity `\(uid.id)`")
        }
    }

    /// Checks an entity's attributes, tags and parents against its type.
    ///
    /// - Throws: ``ConformanceError`` with the first thing that does not fit.
    public func check(_ entity: Entity) throws(ConformanceError) {
        let uid = entity.uid
        guard !uid.isAction else { return try checkAction(entity) }
        guard let definition = entityTypes[uid.type] else {
            throw ConformanceError(path: "\(uid)", message: "there is no entity type `\(uid.type)`")
        }
        try checkID(uid, "\(uid)")
        try each(entity.parents, by: <) { parent throws(ConformanceError) in
            guard definition.ancestors.contains(parent.type) else {
                throw ConformanceError(path: "\(uid)/parents", message: "a `\(definition.name)` can't be in `\(parent)`")
            }
            try checkID(parent, "\(uid)/parents")
        }
        try check(entity.attributes, definition.attributes, "\(uid)/attrs")
        guard let tags = definition.tags else {
            guard entity.tags.isEmpty else {
                throw ConformanceError(path: "\(uid)/tags", message: "a `\(definition.name)` has no tags")
            }
            return
        }
        try each(entity.tags, by: { $0.key < $1.key }) { tag throws(ConformanceError) in
            try check(tag.value, tags, "\(uid)/tags/\(tag.key)")
        }
    }

    /// Checks each. Only where one does not fit are they put in order, so that it is the same one each time.
    private func each<Element>(
        _ elements: some Collection<Element>, by precedes: (Element, Element) -> Bool,
        _ check: (Element) throws(ConformanceError) -> Void
    ) throws(ConformanceError) {
        do throws(ConformanceError) { for element in elements { try check(element) } } catch {
            for element in elements.sorted(by: precedes) { try check(element) }
            throw error
        }
    }

    /// An action entity must be what the schema says it is.
    private func checkAction(_ entity: Entity) throws(ConformanceError) {
        let name = entity.uid.description
        guard let action = actions[entity.uid] else { throw ConformanceError(path: name, message: "there is no such action") }
        guard entity.attributes.isEmpty, entity.tags.isEmpty else {
            throw ConformanceError(path: name, message: "an action has neither attributes nor tags")
        }
        let above = entity.parents.reduce(into: entity.parents) { $0.formUnion(actions[$1]?.ancestors ?? []) }
        guard above == action.ancestors else {
            throw ConformanceError(path: name + "/parents", message: "the action's groups are not those of the schema")
        }
    }

    /// Checks a value against a type.
    public func check(_ value: Value, _ type: CedarType, _ path: @autoclosure () -> String) throws(ConformanceError) {
        switch (type, value) {
        case (.bool, .bool), (.long, .long), (.string, .string), (.true, true), (.false, false), (.extension(.decimal), .decimal),
            (.extension(.ipaddr), .ip), (.extension(.datetime), .datetime), (.extension(.duration), .duration), (.set(nil), .set):
            return
        case (.anyEntity, .entity(let uid)): try checkID(uid, path())
        case (.entity(let types), .entity(let uid)) where types.contains(uid.type): try checkID(uid, path())
        case (.set(let type?), .set(let elements)):
            try each(elements, by: { PolicyWriter.text(Expression($0)) < PolicyWriter.text(Expression($1)) }) {
                element throws(ConformanceError) in
                try check(element, type, path())
            }
        case (.record(let type), .record(let members)): try check(members, type, path())
        default: throw ConformanceError(path: path(), message: "expected \(type.shown), found \(value.typeName)")
        }
    }

    private func check(_ members: [ExactString: Value], _ type: RecordType, _ path: @autoclosure () -> String)
        throws(ConformanceError)
    {
        try each(type.attributes, by: { $0.key < $1.key }) { attribute throws(ConformanceError) in
            let (name, expected) = (attribute.key, attribute.value)
            if let value = members[name] {
                try check(value, expected.type, "\(path())/\(name)")
            } else if expected.isRequired {
                throw ConformanceError(path: "\(path())/\(name)", message: "this attribute is missing")
            }
        }
        guard !type.isOpen else { return }
        try each(members.keys, by: <) { name throws(ConformanceError) in
            guard type[name] == nil else { return }
            throw ConformanceError(path: "\(path())/\(name)", message: "there is no such attribute")
        }
    }
}
