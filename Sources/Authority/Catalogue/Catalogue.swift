public import Cedar
public import StrictJSON

/// Everything that can be asked of one kind of system, and the names that policy may use for it.
public struct Catalogue: Sendable {
    /// The Cedar namespace of the kind, such as `LDAP`.
    public let namespace: String
    public let kinds: [EntityKind]
    public let relations: [RelationDefinition]
    public let operations: [Operation]
    /// The relation that says that an attribute of an entity was set; nil for a kind where nothing follows from that.
    public let setting: String?

    public init(
        namespace: String, kinds: [EntityKind], relations: [RelationDefinition] = [], operations: [Operation],
        setting: String? = nil
    ) {
        self.namespace = namespace
        self.kinds = kinds
        self.relations = relations
        self.operations = operations
        self.setting = setting
    }

    public subscript(name: String) -> Operation? { operations.first { $0.name.isExactly(name) } }

    public subscript(kind name: String) -> EntityKind? { kinds.first { $0.name == name } }

    public subscript(relation name: String) -> RelationDefinition? { relations.first { $0.name == name } }

    /// The operations that change something and don't say what: a system with one can't be taken on.
    public var undeclared: [String] {
        operations.filter { $0.access == .write && $0.effects.isEmpty }.map(\.name).sorted()
    }

    /// The attributes that some operation sets, sorted.
    public var attributesSet: [String] { Set(operations.flatMap(attributesSet)).sorted() }

    /// The attributes that an operation may set: what it says, all of what it may overwrite, and those that mirror facts of its.
    func attributesSet(by operation: Operation) -> [String] {
        let overwritten = operation.effects.flatMap { effect -> [String] in
            guard case .upserts(let kind, _) = effect.act else { return [] }
            return self[kind: kind]?.attributes.map(\.name) ?? []
        }
        let mirrored = operation.relationsTouched.compactMap { self[relation: $0]?.mirror?.attribute }
        return operation.attributesSet + overwritten + mirrored
    }

    /// Whether an operation can't be told the effects of: then the system itself is what a takeover would be after.
    public var isOpaque: Bool { operations.contains(where: \.isOpaque) }

    /// How sensitive an attribute of an entity is, or a relation's facts on it. What is not declared is secret.
    public func sensitivity(of attribute: String, on uid: EntityUID) -> Sensitivity {
        guard let kind = kind(of: uid) else { return .secret }
        if let known = kind[attribute] { return known.sensitivity }
        let relation = relations.first { $0.localName == attribute && ($0.from + $0.to).contains(kind.name) }
        return relation?.sensitivity ?? .secret
    }

    /// The operation by which one of the kind is read; nil when none can be.
    public func reading(_ kind: EntityKind) -> Operation? {
        operations.first { operation in
            switch operation.answer {
            case .one(kind.name, _): operation.access == .read
            case .document: operation.access == .read && operation.target.kind == kind.name
            case .one, .list, .none: false
            }
        }
    }

    /// The relation by which entities of the kind hold others.
    public func contents(of kind: EntityKind) -> RelationDefinition? {
        relations.first { $0.isParent && $0.to.contains(kind.name) }
    }

    /// The relations by which entities of the kind are in others.
    public func parents(of kind: EntityKind) -> [RelationDefinition] {
        relations.filter { $0.isParent && $0.from.contains(kind.name) }
    }

    /// The relations that attributes of the kind mirror.
    func mirrored(by kind: EntityKind) -> [RelationDefinition] {
        relations.filter { $0.mirror != nil && $0.from.contains(kind.name) }
    }

    // MARK: Entities and nodes

    public func type(_ kind: EntityKind) -> EntityType { ExactString("\(namespace)::\(kind.typeName)") }

    public func kind(of uid: EntityUID) -> EntityKind? { kinds.first { type($0) == uid.type } }

    /// The node of an entity; nil when it is of no kind of the catalogue's.
    public func node(_ uid: EntityUID, in system: String) -> NodeID? {
        if uid == .system(system) { return .whole(system) }
        return kind(of: uid).map { NodeID(system: system, kind: $0.name, NodeKey(text: uid.id.string)) }
    }

    /// The entity of a node; nil for one that is none, such as an attribute's.
    public func uid(_ node: NodeID) -> EntityUID? {
        if node == .whole(node.system) { return .system(node.system) }
        return self[kind: node.kind].map { EntityUID(type: type($0), id: ExactString(node.key.text)) }
    }

    // MARK: What policy sees

    public func action(_ path: Path, _ operation: String) -> EntityUID { action("\(path.rawValue):\(operation)") }

    private func action(_ id: String) -> EntityUID {
        EntityUID(type: ExactString("\(namespace)::Action"), id: ExactString(id))
    }

    /// The action entities, with their parents: the path, the operation and its classes.
    public var actions: [Entity] {
        var all = Path.allCases.map { Entity($0.action) } + Self.personal.map { Entity($0) }
        all += OperationClass.allCases.map { Entity(Self.action(of: $0)) }
        for operation in operations {
            let own = action(operation.name)
            let parents = [own] + operation.classes.map(Self.action(of:))
            all.append(Entity(own))
            for path in Path.allCases where path.applies(to: operation) {
                all.append(Entity(action(path, operation.name), parents: Set(parents + [path.action])))
            }
        }
        for sensitivity in sensitivitiesDisclosed {
            all += Self.disclosing.map { Entity(action($0, "sensitivity.\(sensitivity.rawValue)"), parents: [$0.action]) }
        }
        return all
    }

    /// Those whose disclosure is decided; none where there is no entity to disclose anything of.
    var sensitivitiesDisclosed: [Sensitivity] { kinds.isEmpty ? [] : Sensitivity.allCases.filter { $0 != .secret } }

    /// How what is disclosed is decided: it is read, by the workload and on whose behalf, who must be able to delegate that.
    static let disclosing: [Path] = [.read, .delegate]

    /// What people may do with the gateway itself.
    private static let personal = ["view", "unlock"].map { EntityUID(type: "Exequatur::Action", id: $0) }

    private static func action(of operationClass: OperationClass) -> EntityUID {
        EntityUID(type: "Exequatur::Action", id: ExactString(operationClass.rawValue))
    }

    /// The digest of all that the catalogue says: of the schema that policies are checked against.
    public var digest: Digest {
        Digest(of: [
            "kinds": .array(kinds.map(\.definition)), "relations": .array(relations.map(\.definition)),
            "operations": .array(operations.map(\.definition)), "setting": setting.map(JSONValue.string) ?? .null,
        ])
    }
}

/// What a principal may be permitted to do with an operation.
public enum Path: String, Sendable, CaseIterable {
    case read, propose, execute, approve, delegate

    var action: EntityUID { EntityUID(type: "Exequatur::Action", id: ExactString(rawValue)) }

    func applies(to operation: Operation) -> Bool { (self == .read) == (operation.access == .read) || self == .delegate }
}
