public import Reach
public import StrictJSON

/// A node of the reach graph as a connector knows it.
public struct ReachNode: Hashable, Sendable {
    public let id: NodeID
    public let name: String
    /// What it is to whoever wants to take something over; nil for a node that is no entity.
    public let role: EntityRole?
    /// Its own labels, such as `tier-0`.
    public let labels: Set<String>
    /// Of a name: whether something could be created under it.
    public let isFree: Bool
    /// Of a name that configuration speaks of: the kind of what will have it.
    private let awaits: String?

    private init(
        _ id: NodeID, name: String, role: EntityRole? = nil, labels: Set<String> = [], isFree: Bool = false,
        awaits: String? = nil
    ) {
        (self.id, self.name, self.role, self.labels, self.isFree, self.awaits) = (id, name, role, labels, isFree, awaits)
    }

    /// An entity of a system.
    public init(system: String, _ kind: EntityKind, id: String, name: String, labels: Set<String> = []) {
        self.init(NodeID(system: system, kind: kind.name, id: id), name: name, role: kind.role, labels: labels)
    }

    /// An entity of a system, known by its node.
    public init(_ id: NodeID, _ kind: EntityKind, name: String, labels: Set<String> = []) {
        self.init(id, name: name, role: kind.role, labels: labels)
    }

    /// A name in a system that nobody has.
    public init(system: String, name: String, labels: Set<String> = [], isFree: Bool = false) {
        self.init(.name(name, in: system), name: name, labels: labels, isFree: isFree)
    }

    /// A node of the gateway's own.
    public init(own kind: String, _ key: String) { self.init(NodeID(own: kind, key), name: key) }

    /// The name of an entity that configuration speaks of and that is not there yet: whoever is created under it is that one.
    public static func awaited(_ name: String, _ kind: String, in system: String) -> ReachNode {
        ReachNode(.name("\(kind) \(name.lowercased())", in: system), name: name, isFree: true, awaits: kind)
    }

    /// Everybody whom some pattern of a system lets act as somebody: those to come among them.
    public static func whoever(in system: String) -> ReachNode {
        ReachNode(system: system, name: "whoever a rule lets act", isFree: true)
    }

    /// A system as a whole.
    public static func whole(_ system: String) -> ReachNode { ReachNode(.whole(system), name: system) }

    /// How policies and people call it: `corp/group/domain-admins`.
    public var title: String { "\(id.system)/\(awaits ?? id.kind)/\(name)" }

    /// Whether it is an entity of some system.
    public var isEntity: Bool { role != nil }

    /// The system that it is of; nil for the gateway's own.
    public var system: String? { id.system == NodeID.gateway ? nil : id.system }

    // MARK: The gateway's own

    public static func workload(_ id: String) -> ReachNode { ReachNode(own: "workload", id) }
    public static func person(_ id: String) -> ReachNode { ReachNode(own: "person", id) }
    /// All agents together.
    public static let coalition = ReachNode(own: "coalition", "agents")
    /// What approvers can do: decide what runs.
    public static let approvals = ReachNode(own: "route", "approvals")
    /// The gateway itself: its policies, its keys, its accounts.
    public static let gateway = ReachNode(own: "system", "gateway")
    /// A secret that is shown to nobody in particular, but to a person.
    public static let secret = ReachNode(own: secretKind, "shown to a person")
    static let secretKind = "secret"
}

/// One page of a system's graph.
public struct SnapshotPage: Sendable {
    public let nodes: [ReachNode]
    public let facts: [NamedFact]

    public init(nodes: [ReachNode], facts: [NamedFact]) {
        self.nodes = nodes
        self.facts = facts
    }
}

extension NamedFact {
    public init(_ relation: String, _ first: NodeID, _ second: NodeID? = nil) {
        self.init(relation, first.text, second?.text)
    }

    public var subjectNode: NodeID? { NodeID(text: subject) }
    public var objectNode: NodeID? { object.flatMap(NodeID.init(text:)) }

    public var json: JSONValue {
        var parts: [JSONValue] = [.string(subject), .string(relation)]
        if let object { parts.append(.string(object)) }
        return .array(parts)
    }

    public init(json: JSONValue) throws(ShapeError) {
        let parts = (json.array ?? []).compactMap(\.string)
        guard (2...3).contains(parts.count) else { throw ShapeError(.invalid, at: "", "not a fact") }
        self.init(parts[1], parts[0], parts.count == 3 ? parts[2] : nil)
    }

    /// Whether it says that something was done, and not how things stand.
    public var isMoment: Bool {
        ExactString(relation) == CoreRelation.mayWrite || ExactString(relation) == CoreRelation.mayChange
            || objectNode.map { $0.system == NodeID.gateway && $0.kind == ReachNode.secretKind } == true
    }
}

/// The relations of the gateway's own rules that the core writes.
public enum CoreRelation {
    static let mayWrite: ExactString = "mayWrite"
    static let mayChange: ExactString = "mayChange"
}

extension Step {
    var json: JSONValue {
        ["adds": .array(adds.sorted().map(\.json)), "removes": .array(removes.sorted().map(\.json))]
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        var (adds, removes): ([NamedFact], [NamedFact]) = ([], [])
        for fact in try fields.array("adds") { adds.append(try NamedFact(json: fact)) }
        for fact in try fields.array("removes") { removes.append(try NamedFact(json: fact)) }
        try fields.end()
        self.init(adds: adds, removes: removes)
    }

    /// The same facts, with their relations called otherwise.
    func renamed(_ name: (String) -> String) -> Step {
        func all(_ facts: [NamedFact]) -> [NamedFact] { facts.map { NamedFact(name($0.relation), $0.subject, $0.object) } }
        return Step(adds: all(adds), removes: all(removes))
    }
}
