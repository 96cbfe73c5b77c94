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

    private var byUID: [EntityUID: Entity] = [:]
    private var ancestors: [EntityUID: Set<EntityUID>] = [:]

    public init() {}

    public init(_ entities: some Sequence<Entity>) throws(Failure) {
        for entity in entities {
            if let known = byUID[entity.uid], known != entity { throw .conflict(entity.uid) }
            byUID[entity.uid] = entity
        }
        for uid in byUID.keys.sorted() { try close(uid) }
    }

    public subscript(uid: EntityUID) -> Entity? { byUID[uid] }

    /// All entities, in the order of their uids.
    public var all: [Entity] { byUID.keys.sorted().compactMap { byUID[$0] } }

    /// Whether `uid` is `group` or below it. An absent entity is only itself.
    public func isMember(_ uid: EntityUID, of group: EntityUID) -> Bool {
        uid == group || ancestors[uid]?.contains(group) == true
    }

    /// All entities above one.
    func ancestors(of uid: EntityUID) -> Set<EntityUID> { ancestors[uid] ?? [] }

    /// Finds all ancestors of `root` without recursion: a chain may be as long as the input.
    private mutating func close(_ root: EntityUID) throws(Failure) {
        var stack = [(uid: root, entered: false)]
        var open: Set<EntityUID> = []
        while let (uid, entered) = stack.popLast() {
            let parents = byUID[uid]?.parents ?? []
            if entered {
                open.remove(uid)
                ancestors[uid] = parents.reduce(into: parents) { $0.formUnion(ancestors[$1] ?? []) }
            } else if ancestors[uid] == nil {
                guard open.insert(uid).inserted else { throw .cycle(uid) }
                stack.append((uid, true))
                for parent in parents where ancestors[parent] == nil {
                    guard !open.contains(parent) else { throw .cycle(parent) }
                    stack.append((parent, false))
                }
            }
        }
    }
}
