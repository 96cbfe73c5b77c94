public import Authority
public import Reach

/// What the configuration says of reach.
public struct ReachSettings: Sendable {
    /// An entry by name, as people write it in configuration.
    public struct EntryName: Hashable, Sendable {
        public let system: String
        /// A kind of the system's catalogue.
        public let kind: String
        public let name: String

        public init(system: String, kind: String, name: String) {
            self.system = system
            self.kind = kind
            self.name = name
        }

        public var title: String { "\(system)/\(kind)/\(name)" }

        /// Entries are the same whose names differ in case only: to some systems they are.
        var key: String { Self.key(system, kind, name) }
        static func key(_ node: ReachNode) -> String { key(node.system ?? "", node.id.kind, node.name) }

        private static func key(_ system: String, _ kind: String, _ name: String) -> String {
            "\(system)/\(kind)/\(name.lowercased())"
        }
    }

    /// A fact between two entries that no connector reads, such as one across systems.
    public struct Link: Hashable, Sendable {
        public let from: EntryName
        public let relation: String
        public let to: EntryName

        public init(from: EntryName, relation: String, to: EntryName) {
            self.from = from
            self.relation = relation
            self.to = to
        }
    }

    public var rules: RuleSet
    /// Seconds after which a snapshot is too old to execute anything on.
    public var longestAge: Int64
    /// Entries with one of these labels are protected, in every system; those that are the gateway's own always are.
    public var labels: Set<String>
    public var entries: Set<EntryName>
    /// Attributes, by system, that nobody may write alone.
    public var attributes: [String: Set<String>]
    /// The accounts of persons and workloads.
    public var accounts: [(holder: ReachNode, account: EntryName)]
    public var links: [Link]
    /// The workloads and the persons there are.
    public var workloads: [String]
    public var persons: [String]

    /// The label that connectors give the gateway's own accounts.
    public static let ownLabel = "exequatur"

    public init(
        rules: RuleSet, longestAge: Int64 = 900, labels: Set<String> = ["tier-0"], entries: Set<EntryName> = [],
        attributes: [String: Set<String>] = [:], accounts: [(holder: ReachNode, account: EntryName)] = [], links: [Link] = [],
        workloads: [String] = [], persons: [String] = []
    ) {
        self.rules = rules
        self.longestAge = longestAge
        self.labels = labels
        self.entries = entries
        self.attributes = attributes
        self.accounts = accounts
        self.links = links
        self.workloads = workloads
        self.persons = persons
    }

    /// The facts about the gateway itself: they need no system.
    var ownFacts: Set<NamedFact> {
        var facts: Set<NamedFact> = []
        for workload in workloads {
            facts.insert(NamedFact("inCoalition", ReachNode.workload(workload).id, ReachNode.coalition.id))
        }
        for person in persons {
            facts.insert(NamedFact("approves", ReachNode.person(person).id, ReachNode.approvals.id))
        }
        return facts
    }

    var ownNodes: [ReachNode] {
        workloads.map(ReachNode.workload) + persons.map(ReachNode.person)
            + [.coalition, .approvals, .gateway]
    }
}
