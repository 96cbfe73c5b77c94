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
    private(set) var graph: ReachGraph?
    private(set) var systems: [String: System] = [:]
    private(set) var pending: [String: Pending] = [:]
    private var done: [Done] = []
    /// Credentials that were chosen through the gateway: no system shows who chose them.
    private var conferred: Set<NamedFact> = []
    private(set) var nodes: [String: ReachNode] = [:]
    /// The attributes that policies read, by system.
    private var readAttributes: [String: Set<String>] = [:]

    init(_ settings: ReachSettings) {
        self.settings = settings
        for node in settings.ownNodes { nodes[node.id] = node }
    }

    func title(_ id: String) -> String { nodes[id]?.title ?? id.split(separator: ":", maxSplits: 2).joined(separator: "/") }

    /// The node of that title or id.
    func node(_ name: String) -> String? {
        nodes[name] != nil ? name : nodes.values.filter { $0.title == name }.map(\.id).min()
    }

    // MARK: What is protected, and what is known beside the systems

    private var protected: [String] {
        var found = [ReachNode.approvals.id, ReachNode.gateway.id]
        for node in nodes.values {
            guard let system = node.system else { continue }
            let isNamed = settings.entries.contains { $0.system == system && $0.kind == node.kind && $0.name == node.name }
            let labels = settings.labels.union([ReachSettings.ownLabel])
            if isNamed || !labels.isDisjoint(with: node.labels) { found.append(node.id) }
        }
        found += awaited.filter { node in
            settings.entries.contains { $0.kind == .user && ReachNode.awaited($0.name, in: $0.system).id == node.id }
        }.map(\.id)
        for (system, names) in settings.attributes.merging(readAttributes, uniquingKeysWith: { $0.union($1) }) {
            found += names.map { ReachNode.id(system: system, attribute: $0) }
        }
        return found.sorted()
    }

    /// What the configuration asks for and the systems don't have.
    var unresolved: [String] {
        let named = Set(
            nodes.values.compactMap { node in
                node.kind == .name ? nil : node.system.map { "\($0)/\(node.kind.rawValue)/\(node.name)" }
            })
        let wanted =
            settings.entries.map(\.title) + settings.accounts.map(\.account.title)
            + settings.links.flatMap { [$0.from.title, $0.to.title] }
        return Set(wanted).subtracting(named).sorted()
    }

    /// The users that the configuration speaks of and no system has: whoever is created under the name is meant.
    private var awaited: Set<ReachNode> = []

    private func awaitedUsers() -> Set<ReachNode> {
        let named = settings.entries + settings.accounts.map(\.account) + settings.links.flatMap { [$0.from, $0.to] }
        let there = Set(nodes.values.filter { $0.kind == .user }.map(\.title))
        return Set(
            named.filter { $0.kind == .user && !there.contains($0.title) }.map { ReachNode.awaited($0.name, in: $0.system) })
    }

    /// The names in a system that wait for somebody.
    func names(waitingIn system: String) -> [ReachNode] {
        nodes.values.filter { $0.kind == .name && $0.system == system }
    }

    /// The configured facts whose entries are known.
    private var configured: Set<NamedFact> = []

    private func configuredFacts() -> Set<NamedFact> {
        var byTitle: [String: String] = [:]
        for node in nodes.values { if node.system != nil { byTitle[node.title] = node.id } }
        func node(_ entry: ReachSettings.EntryName) -> String? {
            byTitle[entry.title] ?? (entry.kind == .user ? ReachNode.awaited(entry.name, in: entry.system).id : nil)
        }
        var facts = settings.ownFacts
        for (holder, account) in settings.accounts {
            if let id = node(account) { facts.insert(NamedFact("actsFor", holder.id, id)) }
        }
        for link in settings.links {
            if let from = node(link.from), let to = node(link.to) {
                facts.insert(NamedFact(link.relation, from, to))
            }
        }
        return facts
    }

    mutating func protectAttributes(_ names: [String: Set<String>]) throws {
        guard names != readAttributes else { return }
        readAttributes = names
        if graph != nil { try rebuild() }
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
                .filter { !follows($0, from: all, before.facts) }.sorted()
            let removed = before.facts.subtracting(current).subtracting(explained.removed)
                .filter { !Self.unreadable.contains($0.relation) && !follows($0, from: all, before.facts) }.sorted()
            drift = Drift(
                system: system, added: added, removed: removed, finding: try finding(Step(adds: added, removes: removed)))
        }
        systems[system] = System(
            facts: current, nodes: Dictionary(read.map { ($0.id, $0) }, uniquingKeysWith: { $1 }), readAt: now)
        recogniseNewcomers(system)
        if before?.facts != current || before?.nodes != systems[system]?.nodes || graph == nil { try rebuild() }
        return drift
    }

    /// What only the gateway knows: no reading shows it.
    private static let unreadable: Set<String> = ["setsAttribute", "namedAs"]

    /// Whether a change of a fact is what our own steps led to: somebody took a name that memberships waited for, or got an
    /// attribute, or joined or left a group, by which a dynamic group chooses.
    private func follows(_ fact: NamedFact, from steps: [Step], _ before: Set<NamedFact>) -> Bool {
        let isNew = nodes[fact.subject] == nil
        return steps.flatMap { $0.adds + $0.removes }.contains { cause in
            switch cause.relation {
            case "namedAs":
                let name = cause.object ?? ""
                return fact.subject == name || before.contains(NamedFact(fact.relation, name, fact.object))
            case "setsAttribute":
                return fact.relation == "member"
                    && (cause.subject == fact.subject || isNew && ReachNode.isNewcomer(cause.subject))
                    && before.contains(NamedFact("selects", fact.object ?? "", cause.object))
            case "member":
                return fact.relation == "member" && cause.subject == fact.subject
                    && before.contains(NamedFact("member", cause.object ?? "", fact.object))
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

    private mutating func rebuild() throws {
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

    private func isRestriction(_ fact: NamedFact) -> Bool { settings.rules[fact.relation]?.isRestriction ?? false }

    /// The facts that last: not those that only say that something was done once.
    private func kept(_ facts: [NamedFact]) -> [NamedFact] {
        facts.filter { $0.relation != "mayWrite" && $0.object?.hasPrefix("exequatur:secret:") != true }
    }

    /// Whether a system, and with it every system that the configuration links to others, was read not too long ago.
    func isFresh(_ system: String, at now: Instant) -> Bool {
        let linked = Set(settings.links.flatMap { [$0.from.system, $0.to.system] } + settings.accounts.map(\.account.system))
        return (linked.contains(system) ? linked.union([system]) : [system]).allSatisfy { name in
            systems[name].map { now <= $0.readAt.adding(seconds: settings.longestAge) } ?? false
        }
    }

    // MARK: Assessing

    /// What a step would newly make possible.
    ///
    /// What is new is judged from the least that may be so: without what other steps are only adding, and as if what the step
    /// adds were not there, whatever the graph still has. What is possible is judged from the most: with all of it.
    mutating func finding(_ step: Step) throws -> ReachFinding {
        guard var graph else { throw Refusal("reach.unread", "What the change makes possible can't be told yet.") }
        self.graph = nil
        defer { self.graph = graph }
        let others = underWay
        let doubtful = Step(
            adds: (step.removes + others.removes).filter { isRestriction($0) && !graph.contains($0) },
            removes: (step.adds + others.adds).filter { !isRestriction($0) && graph.contains($0) })
        try graph.apply(doubtful)
        defer { try? graph.apply(doubtful.reversed) }
        let alone = try graph.gains(of: step)
        guard !others.isEmpty else { return described(step, alone, graph) }
        let both = Step(adds: step.adds + others.adds, removes: step.removes + others.removes)
        let theirs = Set(try graph.gains(of: others, proofs: 0).pairs)
        let together = try graph.gains(of: both)
        let pairs = Set(alone.pairs).union(together.pairs.filter { !theirs.contains($0) })
        let proofs = (alone.proofs + together.proofs).filter { pairs.contains(Gain(who: $0.who, target: $0.target)) }
        return described(step, Gains(pairs: pairs.sorted(), proofs: proofs), graph)
    }

    /// What the steps granted and not settled give that is not known to be there without them.
    private var underWay: Step {
        let steps = pending.values.map(\.step)
        let adds = kept(steps.flatMap(\.adds)).filter { !isRestriction($0) && !isKnown($0) }
        return Step(
            adds: Set(adds).sorted(), removes: Set(steps.flatMap(\.removes).filter { isRestriction($0) && isKnown($0) }).sorted())
    }

    /// A gain as people and policy see it. A credential that is chosen anew is a gain of all that the account can take, whoever
    /// had it before.
    private func described(_ step: Step, _ gains: Gains, _ graph: ReachGraph) -> ReachFinding {
        var pairs = Set(gains.pairs)
        var (shown, paths) = (gains.proofs.map { (title($0.who), title($0.target)) }, gains.proofs.map(sentences))
        for fact in step.adds where Power(rawValue: fact.relation) != nil {
            guard let holder = fact.object else { continue }
            for target in graph.targets(of: fact.subject) where pairs.insert(Gain(who: holder, target: target)).inserted {
                let further = graph.proof(from: fact.subject, to: target).map(sentences) ?? []
                shown.append((title(holder), title(target)))
                paths.append([sentence(fact)] + further)
            }
        }
        guard !pairs.isEmpty else { return .none }
        return ReachFinding(
            gains: pairs.sorted(), targets: Set(pairs.map { title($0.target) }).sorted(), shown: shown, paths: paths)
    }

    /// The protected targets that a step would leave without any user who can take them, and so look after them.
    mutating func lockouts(_ step: Step) throws -> [String] {
        let weakens = step.removes.contains { !isRestriction($0) } || step.adds.contains(where: isRestriction)
        let ends = Set((step.adds + step.removes).flatMap { [$0.subject, $0.object].compactMap { $0 } })
        guard weakens, var graph, ends.contains(where: { !graph.targets(of: $0).isEmpty }) else { return [] }
        self.graph = nil
        defer { self.graph = graph }
        func keepers(_ target: String) -> Bool { graph.takers(of: target).contains { nodes[$0]?.kind == .user } }
        let before = graph.protected.filter(keepers)
        // With every removal that is under way, and without what is only being added.
        let others = pending.values.map(\.step)
        let adds = step.adds.filter(isRestriction) + others.flatMap { $0.adds.filter(isRestriction) }
        let removes =
            step.removes.filter { !isRestriction($0) } + others.flatMap { $0.removes.filter { !isRestriction($0) } }
            + others.flatMap { $0.adds.filter { !isRestriction($0) && !isKnown($0) } }
        let real = Step(
            adds: Set(adds).filter { !graph.contains($0) }.sorted(), removes: Set(removes).filter { graph.contains($0) }.sorted())
        try graph.apply(real)
        let lost = before.filter { !keepers($0) }
        try graph.apply(real.reversed)
        return lost.map(title)
    }

    func sentences(_ proof: Proof) -> [String] {
        proof.steps.map { step in
            step.facts.map(sentence).joined(separator: " and ") + (step.because.map { ": \($0)" } ?? "")
        }
    }

    private func sentence(_ fact: NamedFact) -> String {
        let reading = settings.rules[fact.relation]?.reading ?? fact.relation
        return title(fact.subject) + " " + reading + (fact.object.map { " " + title($0) } ?? "")
    }

    // MARK: The gateway's own steps

    /// Takes facts that a connector just saw and the graph does not have.
    ///
    /// - Parameter nodes: those that were read: a restriction on them that was not seen is not there.
    mutating func see(_ facts: Set<NamedFact>, on nodes: [String], of system: String) throws -> [NamedFact] {
        guard graph != nil else { return [] }
        let restrictions = settings.rules.relations.filter { $0.isRestriction && $0.words.count == 1 }.map(\.name)
        let lifted = nodes.flatMap { node in restrictions.map { NamedFact($0, node) } }
            .filter { !facts.contains($0) && systems[system]?.facts.contains($0) == true }
        try graph?.apply(Step(removes: lifted.sorted()))
        systems[system]?.facts.subtract(lifted)
        let unknown = facts.filter { fact in !(graph?.contains(fact) ?? true) && !isRestriction(fact) }.sorted()
        try graph?.apply(Step(adds: unknown))
        systems[system]?.facts.formUnion(unknown)
        return unknown + lifted.sorted()
    }

    /// What came about through a plan beside what it says, added or lost; the graph takes it up. What other steps of ours did
    /// meanwhile is theirs.
    mutating func compare(_ plan: Plan, with seen: Set<NamedFact>, on system: String) throws -> [NamedFact] {
        // Whoever is removed has nothing any more.
        let target = ReachNode.id(system: system, plan.target)
        let before = plan.surroundings.union(systems[system]?.facts ?? [])
        let more = seen.subtracting(plan.surroundings).subtracting(plan.step.adds)
            .filter { !follows($0, from: [plan.step], before) }
        let others = Set(pending.values.flatMap(\.step.removes))
        let gone = plan.surroundings.subtracting(seen).subtracting(plan.step.removes).subtracting(others)
            .filter { !plan.isCreation && !(plan.removesTarget && ($0.subject == target || $0.object == target)) }
            .filter { systems[system]?.facts.contains($0) == true && !follows($0, from: [plan.step], before) }
        try graph?.apply(Step(removes: gone.sorted()))
        systems[system]?.facts.subtract(gone)
        return try see(more, on: [], of: system) + gone.sorted()
    }

    mutating func reserve(_ change: String, _ system: String, _ step: Step, at now: Instant) throws {
        pending[change] = Pending(system: system, step: step, since: now)
        let grants = Step(adds: kept(step.adds.filter { !isRestriction($0) }), removes: step.removes.filter(isRestriction))
        try graph?.apply(grants)
    }

    /// What was chosen through the gateway before it stopped.
    mutating func remember(_ step: Step) { conferred.formUnion(kept(step.adds).filter { Power(rawValue: $0.relation) != nil }) }

    mutating func release(_ change: String) throws {
        guard let gone = pending.removeValue(forKey: change) else { return }
        let others = Set(pending.values.flatMap(\.step.adds))
        let withdrawn = gone.step.adds.filter { !isRestriction($0) && !isKnown($0) && !others.contains($0) }
        let lifted = Set(pending.values.flatMap(\.step.removes))
        let back = Step(
            adds: gone.step.removes.filter { isRestriction($0) && isKnown($0) && !lifted.contains($0) }, removes: withdrawn)
        try graph?.apply(back)
    }

    /// Whether a fact stands without the gateway's unfinished steps.
    private func isKnown(_ fact: NamedFact) -> Bool {
        configured.contains(fact) || conferred.contains(fact) || systems.values.contains { $0.facts.contains(fact) }
    }

    /// The step came about: what it took away is gone too.
    mutating func complete(_ change: String, at now: Instant) throws {
        guard let came = pending.removeValue(forKey: change) else { return }
        done.append(Done(system: came.system, step: came.step, at: now))
        remember(came.step)
        let lasting = kept(came.step.adds).filter { Power(rawValue: $0.relation) == nil }
        // What another step is adding meanwhile stays.
        let adding = Set(pending.values.flatMap(\.step.adds))
        systems[came.system]?.facts.formUnion(lasting)
        systems[came.system]?.facts.subtract(came.step.removes)
        try graph?.apply(Step(adds: lasting, removes: came.step.removes.filter { !adding.contains($0) }))
    }

    /// Nobody knows whether it came about: it counts as if it had, until the next reading.
    mutating func lose(_ change: String) {
        pending[change]?.isLost = true
        // A reading will not show who chose a credential.
        if let step = pending[change]?.step { remember(step) }
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
