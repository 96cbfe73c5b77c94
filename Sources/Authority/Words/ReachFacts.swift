public import Cedar
public import Reach
public import StrictJSON

/// A node of the reach graph as a connector knows it.
public struct ReachNode: Hashable, Sendable {
    public enum Kind: String, Sendable { case user, group, attribute, name, workload, person, coalition, route, system, secret }

    /// Unique among all systems: `corp:group:g-8`.
    public let id: String
    public let kind: Kind
    /// The system it is of; nil for the gateway's own.
    public let system: String?
    public let name: String
    /// Its own labels, such as `tier-0`.
    public let labels: Set<String>
    /// Of a name: whether a user could be created under it.
    public let isFree: Bool

    public init(system: String, kind: Kind, key: String, name: String, labels: Set<String> = [], isFree: Bool = false) {
        id = Self.id(system: system, kind: kind, key: key)
        self.kind = kind
        self.system = system
        self.name = name
        self.labels = labels
        self.isFree = isFree
    }

    /// A node of the gateway's own.
    public init(own kind: Kind, _ key: String) {
        id = Self.id(system: "exequatur", kind: kind, key: key)
        self.kind = kind
        system = nil
        name = key
        labels = []
        isFree = false
    }

    public static func id(system: String, kind: Kind, key: String) -> String { "\(system):\(kind.rawValue):\(key)" }

    /// The node of an attribute, whichever way it is spelt.
    public static func id(system: String, attribute: String) -> String {
        id(system: system, kind: .attribute, key: attribute.lowercased())
    }

    /// Any attribute at all: what a group looks at that chooses by something that can't be told.
    public static func anyAttribute(of system: String) -> String { id(system: system, attribute: "*") }

    /// The facts that values of some attributes were set, as a plan gives them.
    public static func sets(_ node: String, _ attributes: [String], system: String) -> [NamedFact] {
        (attributes + (attributes.isEmpty ? [] : ["*"])).map {
            NamedFact("setsAttribute", node, id(system: system, attribute: $0))
        }
    }

    /// The name of a user that configuration speaks of and that is not there yet: whoever is created under it is that user.
    public static func awaited(_ name: String, in system: String) -> ReachNode {
        ReachNode(system: system, kind: .name, key: awaitedPrefix + name.lowercased(), name: name, isFree: true)
    }

    static let awaitedPrefix = "user "

    /// Everybody whom some pattern of a system lets act as somebody: users to come among them.
    public static func whoever(in system: String) -> ReachNode {
        ReachNode(system: system, kind: .name, key: "whoever a rule lets act", name: "whoever a rule lets act", isFree: true)
    }

    private var isAwaited: Bool {
        kind == .name && id.hasPrefix(Self.id(system: system ?? "", kind: .name, key: Self.awaitedPrefix))
    }

    /// Before the name of a user that a plan would create: it has no id yet.
    static let newPrefix = "new:"

    /// The node of somebody of that name while a plan would create it.
    public static func newcomer(_ name: String, in system: String) -> String {
        id(system: system, kind: .user, key: newPrefix + name)
    }

    /// Whether it is somebody that a plan would create.
    public static func isNewcomer(_ node: String) -> Bool {
        node.split(separator: ":", maxSplits: 2).last?.hasPrefix(newPrefix) ?? false
    }

    /// The node of an entity that a plan is about.
    public static func id(system: String, _ uid: EntityUID) -> String {
        id(system: system, kind: uid.type.string.hasSuffix("::Group") ? .group : .user, key: uid.id.string)
    }

    /// How policies and people call it: `corp/group/domain-admins`.
    public var title: String { "\(system ?? "exequatur")/\((isAwaited ? .user : kind).rawValue)/\(name)" }

    /// All agents together.
    public static let coalition = ReachNode(own: .coalition, "agents")
    /// What approvers can do: decide what runs.
    public static let approvals = ReachNode(own: .route, "approvals")
    /// The gateway itself: its policies, its keys, its accounts.
    public static let gateway = ReachNode(own: .system, "gateway")
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
}

extension Plan {
    /// The change of the graph that the plan is, with what its author gains by having chosen a credential.
    ///
    /// An agent's are all agents' and the delegator's. A password that is made here is shown to a person, not to the agent: to
    /// the delegator or the person who asks, or else to whoever approves it.
    public func step(of submission: Submission) -> Step {
        // Who adopts an agent's change makes it theirs; what was chosen in it, the agent chose all the same.
        let isAgents = submission.principal.isWorkload || submission.task.holder != submission.principal.name
        return step(
            of: submission.operation, on: submission.system, by: submission.principal.name, isAgents: isAgents,
            for: submission.task.delegator)
    }

    /// The same of a change that was made earlier, whoever is still registered.
    public func step(
        of operation: Operation, on system: String, by principal: PrincipalID, isAgents: Bool, for delegator: String?
    ) -> Step {
        var step = step
        let author = Author(principal, isAgents: isAgents, delegator)
        // Whether an attribute is protected, only the graph knows.
        step.adds += self.step.adds.filter { $0.relation == "setsAttribute" }.map {
            NamedFact("mayWrite", author.writer, $0.object ?? "")
        }
        let account = ReachNode.id(system: system, target)
        if isCreation { step.adds.append(NamedFact("namedAs", account, ReachNode.awaited(targetName, in: system).id)) }
        guard touched.contains(where: { !$0.after.isEmpty }) else { return step }
        for power in operation.effects.flatMap(\.relations).compactMap(Power.init) {
            step.adds += author.holders(of: power).map { NamedFact(power.rawValue, account, $0) }
        }
        return step
    }
}

/// Who made a change: a person, or an agent and so all agents, perhaps for a person.
private struct Author {
    let writer: String
    private let others: [String]

    init(_ principal: PrincipalID, isAgents: Bool, _ delegator: String?) {
        let person = principal.person.map { ReachNode(own: .person, $0).id }
        writer = isAgents ? ReachNode.coalition.id : person ?? ReachNode.coalition.id
        others = [person, delegator.map { ReachNode(own: .person, $0).id }].compactMap { $0 }
    }

    /// A password that is made here is shown to a person, never to an agent.
    func holders(of power: Power) -> [String] {
        if power == .password { return others.isEmpty ? [ReachNode(own: .secret, "shown to a person").id] : others }
        return Set([writer] + others).sorted()
    }
}

extension Plan {
    /// Whether what it is about is only coming to be.
    public var isCreation: Bool { target.id.string.hasPrefix(ReachNode.newPrefix) }

    /// Whether what it is about is gone afterwards.
    public var removesTarget: Bool { touched.contains { $0.attribute == "entry" && $0.after.isEmpty } }

    /// The users and groups that it touches, as nodes.
    public func nodes(in system: String) -> [ReachNode] {
        let touched = Set([target] + related)
        return facts.filter { touched.contains($0.uid) && !isCreation }.map { entity in
            ReachNode(
                system: system, kind: entity.uid.type.string.hasSuffix("::Group") ? .group : .user, key: entity.uid.id.string,
                name: entity.attributes["name"].flatMap(Self.text) ?? entity.uid.id.string)
        }
    }

    private static func text(_ value: Value) -> String? { if case .string(let text) = value { text.string } else { nil } }

    /// The memberships that the plan's facts show: of the entries touched, and of every group above them.
    public func memberships(in system: String) -> Set<NamedFact> {
        var found: Set<NamedFact> = []
        for entity in facts where entity.uid.type.string.hasSuffix("::User") || entity.uid.type.string.hasSuffix("::Group") {
            for parent in entity.parents where parent.type.string.hasSuffix("::Group") {
                found.insert(
                    NamedFact("member", ReachNode.id(system: system, entity.uid), ReachNode.id(system: system, parent)))
            }
        }
        return found
    }
}

/// What choosing a credential gives, as a relation of the graph.
public enum Power: String, Sendable {
    case login = "loginKeySetBy"
    case recovery = "recoverySetBy"
    case password = "passwordSetBy"
}
