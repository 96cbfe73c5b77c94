public import StrictJSON

/// One entity: its attributes, its tags and its direct parents.
public struct Entity: Sendable, Equatable {
    public let uid: EntityUID
    public var attributes: [ExactString: Value]
    public var tags: [ExactString: Value]
    public var parents: Set<EntityUID>

    public init(
        _ uid: EntityUID, attributes: [ExactString: Value] = [:], tags: [ExactString: Value] = [:],
        parents: Set<EntityUID> = []
    ) {
        self.uid = uid
        self.attributes = attributes
        self.tags = tags
        self.parents = parents
    }
}

/// The entities a request is decided over, with the closure of their ancestors.
public struct Entities: Sendable {
    public enum Failure: Error, Equatable, Sendable {
        /// Two entities with one uid that differ.
        case conflict(EntityUID)
        /// The entity is its own ancestor.
        case cycle(EntityUID)
    }

    /// Entities that these stand over, and that stay as they are.
    private final class Below: Sendable {
        let entities: Entities
        /// Those above some of them that are not among them.
        let absent: Set<EntityUID>

        init(_ entities: Entities) {
            self.entities = entities
            absent = entities.ancestors.values.reduce(into: Set()) { $0.formUnion($1) }.filter { entities[$0] == nil }
        }
    }

    private let below: Below?
    private var byUID: [EntityUID: Entity] = [:]
    private var ancestors: [EntityUID: Set<EntityUID>] = [:]

    public init() { below = nil }

    public init(_ entities: some Sequence<Entity>) throws(Failure) {
        below = nil
        try add(entities)
    }

    private init(_ entities: some Sequence<Entity>, over below: Below) throws(Failure) {
        self.below = below
        try add(entities)
    }

    private mutating func add(_ entities: some Sequence<Entity>) throws(Failure) {
        for entity in entities {
            if let known = self[entity.uid] {
                guard known == entity else { throw .conflict(entity.uid) }
                continue
            }
            // It would change what others are in, whose ancestors are settled.
            guard entity.parents.isEmpty || below?.absent.contains(entity.uid) != true else { throw .conflict(entity.uid) }
            byUID[entity.uid] = entity
        }
        for uid in byUID.keys.sorted() { try close(uid) }
    }

    /// Makes a way to stand others over these: what it gives has these and its own.
    ///
    /// What is asked of these is done once, here; standing others over them takes no longer for how many they are.
    public func base() -> @Sendable ([Entity]) throws(Failure) -> Entities {
        let below = Below(self)
        return { own throws(Failure) in try Entities(own, over: below) }
    }

    public subscript(uid: EntityUID) -> Entity? { byUID[uid] ?? below?.entities[uid] }

    /// All entities, in the order of their uids.
    public var all: [Entity] { (own + (below?.entities.all ?? [])).sorted { $0.uid < $1.uid } }

    /// Those that don't stand below.
    var own: [Entity] { byUID.keys.sorted().compactMap { byUID[$0] } }

    /// Whether `uid` is `group` or below it. An absent entity is only itself.
    public func isMember(_ uid: EntityUID, of group: EntityUID) -> Bool {
        uid == group || known(uid)?.contains(group) == true
    }

    /// All entities above one.
    func ancestors(of uid: EntityUID) -> Set<EntityUID> { known(uid) ?? [] }

    private func known(_ uid: EntityUID) -> Set<EntityUID>? { ancestors[uid] ?? below?.entities.known(uid) }

    /// Finds all ancestors of `root` without recursion: a chain may be as long as the input.
    private mutating func close(_ root: EntityUID) throws(Failure) {
        var stack = [(uid: root, entered: false)]
        var open: Set<EntityUID> = []
        while let (uid, entered) = stack.popLast() {
            let parents = byUID[uid]?.parents ?? []
            if entered {
                open.remove(uid)
                ancestors[uid] = parents.reduce(into: parents) { $0.formUnion(known($1) ?? []) }
            } else if known(uid) == nil {
                guard open.insert(uid).inserted else { throw .cycle(uid) }
                stack.append((uid, true))
                for parent in parents where known(parent) == nil {
                    guard !open.contains(parent) else { throw .cycle(parent) }
                    stack.append((parent, false))
                }
            }
        }
    }
}
