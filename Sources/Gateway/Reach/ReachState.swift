public import Authority
public import Reach

/// The graph and where its facts come from. A value: whoever holds it locks it.
struct ReachState: Sendable {
    /// A system as it was read last, with the gateway's own steps since.
    struct System: Sendable {
        var facts: Set<NamedFact>
        var nodes: [String: ReachNode]
        var readAt: Instant
    }

    /// A step that is granted and whose outcome is not known.
    struct Pending: Sendable {
        let system: String
        let step: Step
        let since: Instant
        /// Whether it was given up on: the next reading tells.
        var isLost = false
    }

    /// A step of ours that came about.
    struct Done: Sendable {
        let system: String
        let step: Step
        let at: Instant
    }

    let settings: ReachSettings
    var graph: ReachGraph?
    var systems: [String: System] = [:]
    var pending: [String: Pending] = [:]
    var done: [Done] = []
    /// Credentials that were chosen through the gateway: no system shows who chose them.
    var conferred: Set<NamedFact> = []
    var nodes: [String: ReachNode] = [:]
    /// The users that the configuration speaks of and no system has.
    var awaited: Set<ReachNode> = []
    /// What the configuration says of entries that are known, or awaited.
    var configured: Set<NamedFact> = []
    /// The attributes that policies read, by system.
    var readAttributes: [String: Set<String>] = [:]

    init(_ settings: ReachSettings) {
        self.settings = settings
        for node in settings.ownNodes { nodes[node.id] = node }
    }

    func title(_ id: String) -> String { nodes[id]?.title ?? id.split(separator: ":", maxSplits: 2).joined(separator: "/") }

    /// The node of that title or id.
    func node(_ name: String) -> String? {
        nodes[name] != nil ? name : nodes.values.filter { $0.title == name }.map(\.id).min()
    }

    // MARK: Reading

    /// Takes a system's facts as they were just read.
    ///
    /// - Parameter since: when the reading began: what came about since may not be in it.
    /// - Returns: what is new that the gateway did not do; nil for the first reading.
    mutating func load(_ system: String, _ read: [ReachNode], _ facts: Set<NamedFact>, since: Instant, at now: Instant) throws
        -> Drift?
    {
        let before = systems[system]
        let ours = done.filter { $0.system == system }
        let late = ours.filter { $0.at >= since }
        let current = facts.union(late.flatMap { kept($0.step.adds).filter { Power(rawValue: $0.relation) == nil } })
            .subtracting(late.flatMap(\.step.removes))
        let explained = (
            added: Set(ours.flatMap(\.step.adds) + pending.values.flatMap(\.step.adds)),
            removed: Set(ours.flatMap(\.step.removes) + pending.values.flatMap(\.step.removes))
        )
        pending = pending.filter { !($0.value.isLost && $0.value.system == system && $0.value.since < since) }
        done.removeAll { $0.system == system && $0.at < since }
        var drift: Drift?
        if let before {
            let all = ours.map(\.step) + pending.values.map(\.step)
            let added = current.subtracting(before.facts).subtracting(explained.added)
                .filter { !follows($0, from: all, before.facts.contains) }.sorted()
            let removed = before.facts.subtracting(current).subtracting(explained.removed)
                .filter { !Self.unreadable.contains($0.relation) && !follows($0, from: all, before.facts.contains) }.sorted()
            drift = Drift(
                system: system, added: added, removed: removed, finding: try finding(Step(adds: added, removes: removed)))
        }
        systems[system] = System(
            facts: current, nodes: Dictionary(read.map { ($0.id, $0) }, uniquingKeysWith: { $1 }), readAt: now)
        recogniseNewcomers(system)
        if before?.facts != current || before?.nodes != systems[system]?.nodes || graph?.isWhole != true { try rebuild() }
        return drift
    }

    /// What only the gateway knows: no reading shows it.
    private static let unreadable: Set<String> = ["setsAttribute", "namedAs"]

    /// Whether a change of a fact is what our own steps led to: somebody took a name that memberships waited for, or got an
    /// attribute, or joined or left a group, by which a dynamic group chooses.
    func follows(_ fact: NamedFact, from steps: [Step], _ wasThere: (NamedFact) -> Bool) -> Bool {
        let isNew = nodes[fact.subject] == nil
        return steps.flatMap { $0.adds + $0.removes }.contains { cause in
            switch cause.relation {
            case "namedAs":
                let name = cause.object ?? ""
                return fact.subject == name || wasThere(NamedFact(fact.relation, name, fact.object))
            case "setsAttribute":
                return fact.relation == "member"
                    && (cause.subject == fact.subject || isNew && ReachNode.isNewcomer(cause.subject))
                    && wasThere(NamedFact("selects", fact.object ?? "", cause.object))
            case "member":
                return fact.relation == "member" && cause.subject == fact.subject
                    && wasThere(NamedFact("member", cause.object ?? "", fact.object))
            default: return false
            }
        }
    }

    /// What was chosen for somebody when it was created is that of whoever has the name now.
    private mutating func recogniseNewcomers(_ system: String) {
        let users = systems[system]?.nodes.values.filter { $0.kind == .user } ?? []
        let ids = Dictionary(users.map { (ReachNode.newcomer($0.name, in: system), $0.id) }, uniquingKeysWith: { $1 })
        conferred = Set(conferred.map { NamedFact($0.relation, ids[$0.subject] ?? $0.subject, $0.object) })
    }

    mutating func rebuild() throws {
        nodes = Dictionary(settings.ownNodes.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for system in systems.values { nodes.merge(system.nodes) { $1 } }
        awaited = awaitedUsers()
        for node in awaited { nodes[node.id] = node }
        configured = configuredFacts()
        var facts = configured.union(conferred)
        for system in systems.values { facts.formUnion(system.facts) }
        for pending in pending.values {
            facts.formUnion(kept(pending.step.adds.filter { !isRestriction($0) }))
            facts.subtract(pending.step.removes.filter(isRestriction))
        }
        graph = try ReachGraph(
            rules: settings.rules, nodes: nodes.keys.sorted(), facts: facts.sorted(), protected: protected)
    }

    func isRestriction(_ fact: NamedFact) -> Bool { settings.rules[fact.relation]?.isRestriction ?? false }

    /// The facts that last: not those that only say that something was done once.
    func kept(_ facts: [NamedFact]) -> [NamedFact] {
        facts.filter { $0.relation != "mayWrite" && $0.object?.hasPrefix("exequatur:secret:") != true }
    }

    /// Whether a system, and with it every system that the configuration links to others, was read not too long ago.
    func isFresh(_ system: String, at now: Instant) -> Bool {
        let linked = Set(settings.links.flatMap { [$0.from.system, $0.to.system] } + settings.accounts.map(\.account.system))
        return (linked.contains(system) ? linked.union([system]) : [system]).allSatisfy { name in
            systems[name].map { now <= $0.readAt.adding(seconds: settings.longestAge) } ?? false
        }
    }
}

/// What changed in a system that the gateway did not do.
public struct Drift: Sendable {
    public let system: String
    public let added: [NamedFact]
    public let removed: [NamedFact]
    /// What the additions newly make possible.
    public let finding: ReachFinding

    var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}
