public import Cedar
public import Reach
public import StrictJSON

/// A system as the look ahead sees it: its entries, what they are in, and the graph.
public struct LookAheadWorld: Sendable {
    /// A user or a group.
    public struct Entry: Hashable, Sendable {
        public let node: ReachNode
        /// The values of its attributes; nil when they are not known.
        public let attributes: [ExactString: String]?

        public init(_ node: ReachNode, attributes: [ExactString: String]?) {
            self.node = node
            self.attributes = attributes
        }

        var isGroup: Bool { node.kind == .group }
    }

    public let system: String
    public let catalogue: Catalogue
    /// As policy sees them.
    public let workloads: [Entity]
    public let entries: [Entry]
    /// The graph, with its protected targets.
    public let graph: ReachGraph
    public let facts: Set<NamedFact>
    /// The names that wait for somebody to be created under them.
    let names: Set<String>
    public let purposes: [String]
    public let environment: String
    public let tenant: String

    public init(
        system: String, catalogue: Catalogue, workloads: [Entity], entries: [Entry], graph: ReachGraph, facts: Set<NamedFact>,
        names: [ReachNode] = [], purposes: [String], environment: String, tenant: String
    ) {
        self.system = system
        self.catalogue = catalogue
        self.workloads = workloads.sorted { $0.uid < $1.uid }
        self.entries = entries.sorted { $0.node.id < $1.node.id }
        self.graph = graph
        self.facts = facts
        self.names = Set(names.map(\.id))
        self.purposes = purposes
        self.environment = environment
        self.tenant = tenant
    }

    func uid(_ entry: Entry) -> EntityUID {
        let prefix = ReachNode.id(system: system, kind: entry.node.kind, key: "")
        return EntityUID(
            type: entry.isGroup ? catalogue.groupType : catalogue.userType,
            id: ExactString(String(entry.node.id.dropFirst(prefix.count))))
    }

    /// What is known whoever is acted on: the workload, its groups, the system and the actions.
    func known(_ workload: Entity) -> Entities {
        (try? Entities([workload, Entity(.system(system))] + catalogue.actions + workload.parents.map { Entity($0) }))
            ?? Entities()
    }

    /// The operations that change something, with what they act on.
    func entries(for operation: Operation) -> [Entry] {
        switch operation.target {
        case .user: operation.name == "user.create" ? [newcomer()] : entries.filter { !$0.isGroup }
        case .group: entries.filter(\.isGroup)
        case .system: []
        }
    }

    /// The names that configuration speaks of and nobody has.
    var newNames: Set<String> {
        let prefix = ReachNode.awaited("", in: system).id
        return Set(names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
    }

    /// Every user that could be created, as one (fresh principals fold into one for each creator and type).
    func newcomer(_ name: String = "newcomer") -> Entry {
        Entry(ReachNode(system: system, kind: .user, key: ReachNode.newPrefix + name, name: name), attributes: [:])
    }
}

/// What an operation does, as far as the look ahead is concerned.
enum LookAheadEffect: Hashable {
    case addMember, removeMember, enable, disable, remove, create, password
    case set(String)

    init?(_ operation: Operation) {
        switch operation.name {
        case "group.add-member": self = .addMember
        case "group.remove-member": self = .removeMember
        case "user.enable": self = .enable
        case "user.disable": self = .disable
        case "user.create": self = .create
        case "user.remove": self = .remove
        case "user.reset-password": self = .password
        case let name where name.hasPrefix("user.set-"): self = .set(String(name.dropFirst("user.set-".count)))
        default: return nil
        }
    }
}
