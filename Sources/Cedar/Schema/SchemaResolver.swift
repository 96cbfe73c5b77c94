import StrictJSON

/// Resolves the names of a schema (RFC 24, RFC 70): in its own namespace first, then outside of any, then built-in;
/// a common type before an entity type. Notes everything that is wrong, not the first thing.
struct SchemaResolver {
    private let syntax: SchemaSyntax
    private let source: SourceText?
    private var problems: [Diagnostic] = []

    private var common: [ExactString: (type: TypeSyntax, namespace: String)] = [:]
    private var entityNames: Set<EntityType> = []
    private var actionNames: Set<EntityUID> = []
    private var actionTypes: Set<EntityType> = []
    private var resolved: [ExactString: CedarType] = [:]
    private var resolving: Set<ExactString> = []
    /// How many parts each common type has when all that it names is written out.
    private var sizes: [ExactString: Int] = [:]
    private var size = 0
    /// How far down each common type goes, and how far down reading is and was.
    private var heights: [ExactString: Int] = [:]
    private var depth = 0
    private var deepest = 0

    /// Types that name each other twice, level after level, grow without bound from a short text; those that name each other
    /// once grow deep.
    private static let maximumSize = 100_000
    private static let maximumDepth = 400

    init(_ syntax: SchemaSyntax, _ source: SourceText?) {
        self.syntax = syntax
        self.source = source
    }

    mutating func resolve() throws(Diagnostics) -> Schema {
        for namespace in syntax.namespaces { declare(namespace) }
        refuseShadowing()
        for name in common.keys.sorted() { _ = commonType(name, used: common[name]?.type.range ?? .none) }
        var entityTypes: [EntityType: Schema.EntityTypeDefinition] = [:]
        var actions: [EntityUID: Schema.ActionDefinition] = [:]
        for namespace in syntax.namespaces {
            for entity in namespace.entities { define(entity, namespace.name.path, &entityTypes) }
            for action in namespace.actions { define(action, namespace.name.path, &actions) }
        }
        close(&entityTypes)
        close(&actions)
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return Schema(entityTypes: entityTypes, actions: actions, syntax: syntax)
    }

    private mutating func problem(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange) {
        problems.append(Diagnostic(code, message, hint: hint, start: place(range.start), end: place(range.end)))
    }

    private func place(_ offset: Int32) -> SourcePosition? {
        source.flatMap { offset >= 0 ? $0.position(of: offset) : nil }
    }

    // MARK: Declarations

    static func qualified(_ name: String, _ namespace: String) -> String { namespace.isEmpty ? name : "\(namespace)::\(name)" }

    private static let reservedTypes: Set<String> = ["Bool", "Boolean", "Entity", "Extension", "Long", "Record", "Set", "String"]

    private mutating func declare(_ namespace: NamespaceSyntax) {
        let path = namespace.name.path
        if path.split(separator: "::").contains("__cedar") {
            problem("schema.reserved", "the namespace `__cedar` is reserved", at: namespace.name.range)
        }
        for entity in namespace.entities {
            if entity.name.path == "Action" {
                problem("schema.reserved", "`Action` can't be an entity type: it is the type of actions", at: entity.name.range)
            }
            if !entityNames.insert(ExactString(Self.qualified(entity.name.path, path))).inserted {
                duplicate(entity.name, "entity type")
            }
        }
        for type in namespace.types {
            if Self.reservedTypes.contains(type.name.path) {
                problem(
                    "schema.reserved", "`\(type.name.path)` is a word of the schema language and can't be redefined",
                    at: type.name.range)
            }
            if common.updateValue((type.type, path), forKey: ExactString(Self.qualified(type.name.path, path))) != nil {
                duplicate(type.name, "type")
            }
        }
        for action in namespace.actions {
            let type = ExactString(Self.qualified("Action", path))
            actionTypes.insert(type)
            if !actionNames.insert(EntityUID(type: type, id: ExactString(action.name.path))).inserted {
                duplicate(action.name, "action")
            }
        }
    }

    private mutating func duplicate(_ name: NameSyntax, _ what: String) {
        problem("schema.duplicate", "\(what) `\(name.path)` is declared twice", at: name.range)
    }

    /// A definition in a namespace may not hide one outside of any (RFC 70).
    private mutating func refuseShadowing() {
        guard let bare = syntax.namespaces.first(where: { $0.name.path.isEmpty }) else { return }
        let types = Set((bare.entities.map(\.name.path) + bare.types.map(\.name.path)).map { ExactString($0) })
        let actions = Set(bare.actions.map { ExactString($0.name.path) })
        for namespace in syntax.namespaces where !namespace.name.path.isEmpty {
            let hiding =
                (namespace.entities.map(\.name) + namespace.types.map(\.name)).filter { types.contains(ExactString($0.path)) }
                + namespace.actions.map(\.name).filter { actions.contains(ExactString($0.path)) }
            for name in hiding {
                problem(
                    "schema.shadowing", "`\(namespace.name.path)::\(name.path)` hides `\(name.path)` outside of any namespace",
                    hint: "rename one of them", at: name.range)
            }
        }
    }

    private mutating func define(
        _ entity: EntitySyntax, _ namespace: String, _ types: inout [EntityType: Schema.EntityTypeDefinition]
    ) {
        let name = ExactString(Self.qualified(entity.name.path, namespace))
        (size, deepest) = (0, 0)
        var attributes = RecordType()
        if let shape = entity.shape {
            attributes = record(shape, namespace, "the attributes of entity type `\(name)`") ?? attributes
        }
        let tags = entity.tags.map { type($0, namespace) }
        let parents = entity.parents.compactMap { entityType($0, namespace, mayBeAction: false) }
        types[name] = Schema.EntityTypeDefinition(
            name: name, parents: Set(parents), ancestors: Set(parents), attributes: attributes, tags: tags,
            enumeration: entity.enumeration.map { Set($0.map { ExactString($0) }) })
    }

    private mutating func define(
        _ action: ActionSyntax, _ namespace: String, _ actions: inout [EntityUID: Schema.ActionDefinition]
    ) {
        let uid = EntityUID(type: ExactString(Self.qualified("Action", namespace)), id: ExactString(action.name.path))
        (size, deepest) = (0, 0)
        let parents = action.parents.compactMap { self.action($0, namespace) }
        let applies = action.appliesTo
        let principals = (applies?.principals ?? []).compactMap { entityType($0, namespace, mayBeAction: false) }
        let resources = (applies?.resources ?? []).compactMap { entityType($0, namespace, mayBeAction: false) }
        var context = RecordType()
        if let type = applies?.context { context = record(type, namespace, "the context of action `\(uid)`") ?? context }
        actions[uid] = Schema.ActionDefinition(
            uid: uid, parents: Set(parents), ancestors: Set(parents), principals: principals, resources: resources,
            context: context)
    }

    private mutating func record(_ syntax: TypeSyntax, _ namespace: String, _ what: String) -> RecordType? {
        let resolved = type(syntax, namespace)
        if case .record(let record) = resolved { return record }
        if resolved != .never {
            problem("schema.not_a_record", "\(what) must be a record, not \(resolved.shown)", at: syntax.range)
        }
        return nil
    }

    // MARK: Names

    /// The candidates for a name, nearest first.
    private func candidates(_ name: NameSyntax, _ namespace: String) -> [ExactString] {
        name.isQualified || namespace.isEmpty
            ? [ExactString(name.path)] : [ExactString(Self.qualified(name.path, namespace)), ExactString(name.path)]
    }

    private mutating func entityType(_ name: NameSyntax, _ namespace: String, mayBeAction: Bool) -> EntityType? {
        for candidate in candidates(name, namespace) {
            if entityNames.contains(candidate) || (mayBeAction && actionTypes.contains(candidate)) { return candidate }
        }
        unknown(name, "entity type", entityNames.map(\.string))
        return nil
    }

    private mutating func action(_ reference: ActionReferenceSyntax, _ namespace: String) -> EntityUID? {
        let type = reference.type ?? NameSyntax(path: "Action", range: reference.id.range)
        for candidate in candidates(type, namespace) {
            let uid = EntityUID(type: candidate, id: ExactString(reference.id.path))
            if actionNames.contains(uid) { return uid }
        }
        let shown = reference.type.map { "\($0.path)::" } ?? ""
        unknown(NameSyntax(path: shown + reference.id.path, range: reference.id.range), "action", actionNames.map(\.id.string))
        return nil
    }

    private mutating func unknown(_ name: NameSyntax, _ what: String, _ known: [String]) {
        problem(
            "schema.unknown_name", "there is no \(what) `\(name.path)`",
            hint: Suggestion.nearest(to: name.path, in: known.sorted()).map { "did you mean `\($0)`?" }
                ?? "declare it, or name it in full",
            at: name.range)
    }

    // MARK: Types

    /// The type; `never` when it can't be told, which is then noted.
    private mutating func type(_ syntax: TypeSyntax, _ namespace: String) -> CedarType {
        size += 1
        depth += 1
        defer { depth -= 1 }
        deepest = max(deepest, depth)
        guard depth <= Self.maximumDepth, size <= Self.maximumSize else { return tooLarge(syntax.range) }
        switch syntax.kind {
        case .primitive(let primitive): return primitive.type
        case .extension(let type): return .extension(type)
        case .set(let element): return .set(type(element, namespace))
        case .record(let attributes):
            var record = RecordType()
            for attribute in attributes {
                record.attributes[ExactString(attribute.name.path)] =
                    AttributeType(type(attribute.type, namespace), isRequired: attribute.isRequired)
            }
            return .record(record)
        case .entity(let name): return entityType(name, namespace, mayBeAction: true).map { .entity($0) } ?? .never
        case .common(let name): return named(name, namespace, entities: false)
        case .name(let name): return named(name, namespace, entities: true)
        }
    }

    private mutating func named(_ name: NameSyntax, _ namespace: String, entities: Bool) -> CedarType {
        if name.path.hasPrefix("__cedar::"), let builtin = Self.builtin(String(name.path.dropFirst(9))) { return builtin }
        for candidate in candidates(name, namespace) {
            if common[candidate] != nil { return commonType(candidate, used: name.range) }
            if entities, entityNames.contains(candidate) || actionTypes.contains(candidate) { return .entity(candidate) }
        }
        if let builtin = Self.builtin(name.path) { return builtin }
        unknown(name, "type", common.keys.map(\.string) + entityNames.map(\.string) + ["Bool", "Long", "String", "Set"])
        return .never
    }

    private static func builtin(_ name: String) -> CedarType? {
        TypeSyntax.Primitive(rawValue: name)?.type ?? ExtensionType(rawValue: name).map { .extension($0) }
    }

    private mutating func commonType(_ name: ExactString, used range: SourceRange) -> CedarType {
        if let known = resolved[name] {
            size += sizes[name] ?? 0
            deepest = max(deepest, depth + (heights[name] ?? 0))
            return size > Self.maximumSize || deepest > Self.maximumDepth ? tooLarge(range) : known
        }
        guard let definition = common[name] else { return .never }
        guard resolving.insert(name).inserted else {
            problem("schema.cycle", "type `\(name)` is defined by itself", at: range)
            return .never
        }
        defer { resolving.remove(name) }
        let outer = (size, deepest)
        (size, deepest) = (0, depth)
        let type = type(definition.type, definition.namespace)
        resolved[name] = type
        (sizes[name], heights[name]) = (size, deepest - depth)
        (size, deepest) = (outer.0 + size, max(outer.1, deepest))
        return type
    }

    private mutating func tooLarge(_ range: SourceRange) -> CedarType {
        if !problems.contains(where: { $0.code == "schema.too_large" }) {
            problem(
                "schema.too_large",
                "written out, this type has more than \(Self.maximumSize) parts, or goes deeper than \(Self.maximumDepth)",
                at: range)
        }
        return .never
    }

    // MARK: Hierarchies

    /// Entity types may be above themselves; a group may hold groups.
    private func close(_ types: inout [EntityType: Schema.EntityTypeDefinition]) {
        for name in types.keys {
            var (ancestors, queue) = (types[name]?.parents ?? [], Array(types[name]?.parents ?? []))
            while let next = queue.popLast() {
                for parent in types[next]?.parents ?? [] where ancestors.insert(parent).inserted { queue.append(parent) }
            }
            types[name]?.ancestors = ancestors
        }
    }

    private mutating func close(_ actions: inout [EntityUID: Schema.ActionDefinition]) {
        for uid in actions.keys.sorted() {
            var (ancestors, queue) = (actions[uid]?.parents ?? [], Array(actions[uid]?.parents ?? []))
            while let next = queue.popLast() {
                for parent in actions[next]?.parents ?? [] where ancestors.insert(parent).inserted { queue.append(parent) }
            }
            actions[uid]?.ancestors = ancestors
            if ancestors.contains(uid) {
                let range = syntax.namespaces.lazy.flatMap(\.actions).first { $0.name.path.isExactly(uid.id.string) }?.name.range
                problem("schema.cycle", "action `\(uid)` is in itself", at: range ?? .none)
            }
        }
    }
}
