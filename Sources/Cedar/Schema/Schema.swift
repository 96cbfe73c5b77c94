public import StrictJSON

/// The types, actions and attributes that policies, requests and entities may use: a schema with all names resolved.
public struct Schema: Sendable {
    public struct EntityTypeDefinition: Sendable {
        public let name: EntityType
        /// The types that its entities may have as direct parents.
        public let parents: Set<EntityType>
        /// The types that may be above it, at any distance.
        public internal(set) var ancestors: Set<EntityType>
        public let attributes: RecordType
        public let tags: CedarType?
        /// The ids there are, when the type is enumerated.
        public let enumeration: Set<ExactString>?
    }

    public struct ActionDefinition: Sendable {
        public let uid: EntityUID
        public let parents: Set<EntityUID>
        /// The actions above it, at any distance.
        public internal(set) var ancestors: Set<EntityUID>
        /// The principal and resource types it applies to; an action that applies to nothing has none.
        public let principals: [EntityType]
        public let resources: [EntityType]
        public let context: RecordType
    }

    public let entityTypes: [EntityType: EntityTypeDefinition]
    public let actions: [EntityUID: ActionDefinition]
    /// For each action, which others have a context of the same type: they have the same number.
    public let contextClasses: [EntityUID: Int]
    let syntax: SchemaSyntax

    /// Reads a schema in the human syntax.
    ///
    /// - Throws: ``Diagnostics`` with everything that is wrong.
    public init(_ text: String) throws(Diagnostics) {
        let source = SourceText(text)
        try self.init(SchemaParser.schema(source), source)
    }

    init(_ syntax: SchemaSyntax, _ source: SourceText?) throws(Diagnostics) {
        var resolver = SchemaResolver(syntax, source)
        self = try resolver.resolve()
    }

    init(entityTypes: [EntityType: EntityTypeDefinition], actions: [EntityUID: ActionDefinition], syntax: SchemaSyntax) {
        self.entityTypes = entityTypes
        self.actions = actions
        var (classes, known): ([EntityUID: Int], [RecordType: Int]) = ([:], [:])
        for (uid, action) in actions {
            let number = known[action.context] ?? known.count
            known[action.context] = number
            classes[uid] = number
        }
        contextClasses = classes
        self.syntax = syntax
    }

    /// Whether the schema has the type; the types of actions are always known.
    func isKnown(_ type: EntityType) -> Bool { entityTypes[type] != nil || EntityUID(type: type, id: "").isAction }

    /// Whether an entity of `type` can be `other` or below it.
    func canBe(_ type: EntityType, in other: EntityType) -> Bool {
        type == other || entityTypes[type]?.ancestors.contains(other) == true
    }

    /// The action entities, with their parents.
    public var actionEntities: [Entity] {
        actions.keys.sorted().map { Entity($0, parents: actions[$0]?.parents ?? []) }
    }
}

extension Schema {
    /// One combination of an action and the types it applies to.
    public struct Environment: Hashable, Sendable, Comparable {
        public let principal: EntityType
        public let action: EntityUID
        public let resource: EntityType

        public static func < (a: Environment, b: Environment) -> Bool {
            a.action != b.action
                ? a.action < b.action : a.principal != b.principal ? a.principal < b.principal : a.resource < b.resource
        }
    }

    /// All combinations, sorted.
    public var environments: [Environment] {
        actions.values.flatMap { action in
            Set(action.principals).flatMap { principal in
                Set(action.resources).map { Environment(principal: principal, action: action.uid, resource: $0) }
            }
        }.sorted()
    }
}
