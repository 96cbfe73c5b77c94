public import Cedar
public import Reach
public import StrictJSON

/// A system as the look ahead sees it: its entries, what they are in, and the graph.
public struct LookAheadWorld: Sendable {
    /// An entity of the system, or the system itself.
    public struct Entry: Hashable, Sendable {
        public let node: ReachNode
        /// The values of its attributes; nil when they are not known.
        public let attributes: [ExactString: Value]?

        public init(_ node: ReachNode, attributes: [ExactString: Value]?) {
            self.node = node
            self.attributes = attributes
        }

        public func hash(into hasher: inout Hasher) { hasher.combine(node.id) }

        var id: String { node.id.text }
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
    let names: [ReachNode]
    public let purposes: [String]
    public let environment: String
    public let tenant: String
    /// What steps in the system are carried out with.
    public let lease: CredentialKind
    /// Whether it can't be read whole, so that no workload writes to it.
    public let isUnread: Bool
    private let byNode: [String: Entry]
    private let byKind: [String: [Entry]]

    public init(
        system: String, catalogue: Catalogue, workloads: [Entity], entries: [Entry], graph: ReachGraph, facts: Set<NamedFact>,
        names: [ReachNode] = [], purposes: [String], environment: String, tenant: String, lease: CredentialKind = .scoped,
        isUnread: Bool = false
    ) {
        self.system = system
        self.catalogue = catalogue
        self.workloads = workloads.sorted { $0.uid < $1.uid }
        self.entries = entries.sorted { $0.id < $1.id }
        self.graph = graph
        self.facts = facts
        self.names = names.sorted { $0.id < $1.id }
        self.purposes = purposes
        self.environment = environment
        self.tenant = tenant
        self.lease = lease
        self.isUnread = isUnread
        byNode = Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        byKind = Dictionary(grouping: self.entries, by: \.node.id.kind)
    }

    subscript(node: String) -> Entry? { byNode[node] }

    func entries(of kinds: Set<String>) -> [Entry] { kinds.sorted().flatMap { byKind[$0] ?? [] } }

    func uid(_ entry: Entry) -> EntityUID { catalogue.uid(entry.node.id) ?? .system(system) }

    func kind(_ entry: Entry) -> EntityKind? { catalogue[kind: entry.node.id.kind] }

    /// What is known whoever is acted on: the workload, its groups, the system and the actions.
    func known(_ workload: Entity) -> Entities {
        (try? Entities([workload, Entity(.system(system))] + catalogue.actions + workload.parents.map { Entity($0) }))
            ?? Entities()
    }

    /// What an operation may act on.
    func entries(for operation: Operation) -> [Entry] {
        switch operation.target {
        case .existing(let kind, _): byKind[kind] ?? []
        case .new(let kind, _): [newcomer(kind)].compactMap { $0 }
        case .system: [Entry(.whole(system), attributes: [:])]
        }
    }

    /// The names of entities of the kind that configuration speaks of and nobody has.
    func awaitedNames(_ kind: String) -> Set<String> {
        Set(names.map(\.name).filter { name in names.contains { $0 == .awaited(name, kind, in: system) } })
    }

    /// Every entity of the kind that could be created, as one (fresh principals fold into one for each creator and type).
    func newcomer(_ kind: String, _ name: String = "newcomer") -> Entry? {
        catalogue[kind: kind].map { kind in
            Entry(ReachNode(NodeID(system: system, kind: kind.name, .new(.init(name))), kind, name: name), attributes: [:])
        }
    }
}
