public import Authority
public import Reach
import StrictJSON

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
    /// What the catalogues of the systems say.
    var vocabulary = Vocabulary()
    var graph: ReachGraph?
    var systems: [String: System] = [:]
    var pending: [String: Pending] = [:]
    var done: [Done] = []
    /// Credentials that were chosen through the gateway: no system shows who chose them.
    var conferred: Set<NamedFact> = []
    var nodes: [String: ReachNode] = [:]
    /// What the configuration speaks of and no system has.
    var awaited: Set<ReachNode> = []
    /// What the configuration says of entries that are known, or awaited.
    var configured: Set<NamedFact> = []
    /// The attributes that policies read, by system.
    var readAttributes: [String: Set<String>] = [:]

    init(_ settings: ReachSettings) {
        self.settings = settings
        for node in settings.ownNodes { nodes[node.id.text] = node }
    }

    func title(_ id: String) -> String {
        nodes[id]?.title ?? NodeID(text: id).map { "\($0.system)/\($0.kind)/\($0.key.text)" } ?? id
    }

    /// The node of that title or id.
    func node(_ name: String) -> String? {
        nodes[name] != nil ? name : nodes.values.filter { $0.title == name }.map(\.id).min()?.text
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
        var current = facts
        for late in ours where late.at >= since {
            current.formUnion(kept(late.step.adds).filter { !vocabulary.isCredential($0) })
            current.subtract(late.step.removes)
        }
        let steps = ours.map(\.step) + pending.values.map(\.step)
        pending = pending.filter { !($0.value.isLost && $0.value.system == system && $0.value.since < since) }
        done.removeAll { $0.system == system && $0.at < since }
        if graph?.isWhole != true { graph = nil }
        var drift = before.map { self.drift(system, $0.facts, current, steps) }
        systems[system] = System(
            facts: current, nodes: Dictionary(read.map { ($0.id.text, $0) }, uniquingKeysWith: { $1 }), readAt: now)
        let isRenamed = recogniseNewcomers(system)
        guard before?.facts != current || before?.nodes != systems[system]?.nodes || isRenamed || graph == nil else {
            return drift
        }
        // What others did is told even when it can't be judged; without a graph nothing is written.
        do { try rebuild() } catch  where drift != nil { drift?.problem = "\(error)" }
        return drift
    }

    private mutating func drift(_ system: String, _ before: Set<NamedFact>, _ now: Set<NamedFact>, _ steps: [Step]) -> Drift {
        let added = now.subtracting(before).subtracting(steps.flatMap(\.adds))
        let removed = before.subtracting(now).subtracting(steps.flatMap(\.removes)).filter {
            !vocabulary.isUnreadable($0)
        }
        let step = Step(
            adds: unexplained(added, isAddition: true, by: steps, before.contains).sorted(),
            removes: unexplained(removed, isAddition: false, by: steps, before.contains).sorted())
        var drift = Drift(system: system, added: step.adds, removed: step.removes, finding: .none)
        guard graph != nil else { return drift }
        do { drift.finding = try finding(step) } catch { drift.problem = "\(error)" }
        return drift
    }

    /// The changes that are not what our own steps led to: somebody took a name that memberships waited for, or got an
    /// attribute, or joined or left a group, by which a dynamic group chooses, and perhaps another by that one.
    func unexplained(_ facts: Set<NamedFact>, isAddition: Bool, by steps: [Step], _ wasThere: (NamedFact) -> Bool) -> Set<
        NamedFact
    > {
        var causes = steps.flatMap { step in
            (isAddition ? step.adds : step.removes).filter { vocabulary.isCause($0) && !vocabulary.isUnreadable($0) }
                + step.adds.filter(vocabulary.isUnreadable)
        }
        var left = facts
        while true {
            let explained = left.filter { fact in causes.contains { follows(fact, $0, wasThere) } }
            guard !explained.isEmpty else { return left }
            left.subtract(explained)
            causes = Array(explained)
        }
    }

    private func follows(_ fact: NamedFact, _ cause: NamedFact, _ wasThere: (NamedFact) -> Bool) -> Bool {
        let isSame = cause.subject == fact.subject || nodes[fact.subject] == nil && NodeID.isNew(text: cause.subject)
        return vocabulary.follows(fact, cause, isSame: isSame, wasThere)
    }

    /// Takes entries that a plan speaks of and no reading had.
    mutating func meet(_ entries: [ReachNode], of system: String) throws {
        let unknown = entries.filter { nodes[$0.id.text] == nil }
        guard !unknown.isEmpty, systems[system] != nil else { return }
        for node in unknown { systems[system]?.nodes[node.id.text] = node }
        recogniseNewcomers(system)
        try rebuild()
    }

    /// What is known of somebody as it was created is true of whoever has the name now: of each, where names differ in case
    /// only, or where somebody who had it before is still known.
    ///
    /// - Returns: whether that is news.
    @discardableResult
    private mutating func recogniseNewcomers(_ system: String) -> Bool {
        let entries = systems[system]?.nodes.values.filter(\.isEntity) ?? []
        let ids = Dictionary(grouping: entries) { entry in
            NodeID(system: system, kind: entry.id.kind, .new(ExactString(entry.name))).text.lowercased()
        }.mapValues { $0.map(\.id.text).sorted() }
        func more(_ facts: some Sequence<NamedFact>) -> [NamedFact] {
            facts.filter { NodeID.isNew(text: $0.subject) }.flatMap { fact in
                (ids[fact.subject.lowercased()] ?? []).map { NamedFact(fact.relation, $0, fact.object) }
            }
        }
        var isNews = false
        func whole(_ step: Step) -> Step {
            let adds = more(step.adds).filter { !step.adds.contains($0) }
            isNews = isNews || !adds.isEmpty
            return Step(adds: step.adds + adds, removes: step.removes)
        }
        let chosen = Set(more(conferred)).subtracting(conferred)
        conferred.formUnion(chosen)
        let known = systems[system]?.facts ?? []
        let facts = Set(more(known)).subtracting(known)
        if !facts.isEmpty { systems[system]?.facts.formUnion(facts) }
        pending = pending.mapValues { Pending(system: $0.system, step: whole($0.step), since: $0.since, isLost: $0.isLost) }
        done = done.map { Done(system: $0.system, step: whole($0.step), at: $0.at) }
        return isNews || !chosen.isEmpty || !facts.isEmpty
    }

    mutating func rebuild() throws {
        // Until it is there, there is none: nothing is judged by an old one.
        graph = nil
        nodes = Dictionary(settings.ownNodes.map { ($0.id.text, $0) }, uniquingKeysWith: { $1 })
        for system in vocabulary.opaque { nodes[NodeID.whole(system).text] = .whole(system) }
        for system in systems.values { nodes.merge(system.nodes) { $1 } }
        awaited = awaitedEntries()
        for node in awaited { nodes[node.id.text] = node }
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
        facts.filter { !$0.isMoment }
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
    public internal(set) var finding: ReachFinding
    /// Why that could not be told; until it can, nothing is written.
    public internal(set) var problem: String?

    init(system: String, added: [NamedFact], removed: [NamedFact], finding: ReachFinding) {
        (self.system, self.added, self.removed, self.finding) = (system, added, removed, finding)
    }

    var isEmpty: Bool { added.isEmpty && removed.isEmpty && problem == nil }
}
