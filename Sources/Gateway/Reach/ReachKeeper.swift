public import Authority
public import Cedar
public import Reach
import StrictJSON
import Synchronization

/// Keeps the graph of all systems, and gives every step its place in one order. Nothing waits while it is locked.
public final class ReachKeeper: ReachGuard {
    private let state: Mutex<ReachState>
    private let now: @Sendable () -> Instant

    public init(_ settings: ReachSettings, now: @escaping @Sendable () -> Instant) {
        state = Mutex(ReachState(settings))
        self.now = now
    }

    // MARK: Keeping it current

    /// Takes what a system's catalogue says: before anything of it is told to the graph.
    public func learn(_ catalogue: Catalogue, of system: String) {
        state.withLock { $0.vocabulary.learn(catalogue, of: system) }
    }

    /// Reads a system's graph. What comes to its end replaces what was known; what is cut off changes nothing.
    ///
    /// - Returns: what changed since the last reading that the gateway did not do.
    @discardableResult
    public func read(_ connector: any Connector, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) async throws
        -> Drift?
    {
        learn(connector.catalogue, of: connector.system)
        let since = now()
        let received = Mutex<(nodes: [ReachNode], facts: Set<NamedFact>)>(([], []))
        try await connector.snapshot { page in
            let counts = received.withLock { all in
                all.nodes += page.nodes
                all.facts.formUnion(page.facts)
                return (all.nodes.count, all.facts.count)
            }
            progress(counts.0, counts.1)
        }
        let (nodes, facts) = received.withLock { $0 }
        let known = Set(nodes.map(\.id.text))
        for fact in facts {
            for name in [fact.subject, fact.object].compactMap({ $0 }) where !known.contains(name) && !Self.isAttribute(name) {
                throw ConnectorError(.unavailable, "the reading names \(name) and never gave it: it is not whole")
            }
        }
        return try state.withLock { try $0.load(connector.system, nodes, facts, since: since, at: now()) }
    }

    /// Attributes are named by what looks at them; no reading lists them.
    private static func isAttribute(_ node: String) -> Bool { NodeID(text: node)?.isAttribute ?? false }

    /// Attributes that policies read are protected: who writes them writes what policy believes.
    public func protectAttributes(read bundles: [PolicyBundle], _ systems: [(name: String, catalogue: Catalogue)]) throws {
        let names = bundles.reduce(into: Set()) { $0.formUnion($1.policies.attributesRead) }
        var bySystem: [String: Set<String>] = [:]
        for (name, catalogue) in systems {
            bySystem[name] = Set(catalogue.attributesSet.filter { names.contains(ExactString($0)) })
        }
        try state.withLock { try $0.protectAttributes(bySystem) }
    }

    /// The system for the look ahead; nil when it was not read.
    public func world(
        _ name: String, _ catalogue: Catalogue, workloads: [Entity], purposes: [String], environment: String, tenant: String,
        lease: CredentialKind, isUnread: Bool
    ) -> LookAheadWorld? {
        let state = state.withLock { $0 }
        guard let system = state.systems[name], let graph = state.graph else { return nil }
        let entries = system.nodes.values.filter(\.isEntity)
        return LookAheadWorld(
            system: name, catalogue: catalogue, workloads: workloads,
            entries: entries.map { LookAheadWorld.Entry($0, attributes: nil) }, graph: graph, facts: system.facts,
            names: state.names(waitingIn: name), purposes: purposes, environment: environment, tenant: tenant,
            lease: lease, isUnread: isUnread)
    }

    /// What the configuration asks for and no system has.
    public var unresolved: [String] { state.withLock { $0.unresolved } }

    /// Refuses while the system's graph is too old to judge by.
    func requireFresh(_ system: String) throws {
        guard state.withLock({ $0.isFresh(system, at: now()) }) else {
            throw Refusal(.reachStale, "What the change makes possible can't be told now; nothing was changed.")
        }
    }

    /// The entity that a fact stands in.
    func place(_ fact: NamedFact) -> NodeID? { state.withLock { $0.vocabulary.place(fact) } }

    // MARK: Assessing

    func assess(_ step: Step) throws -> ReachFinding { try state.withLock { try $0.finding(step) } }

    func lockouts(_ step: Step) throws -> [String] { try state.withLock { try $0.lockouts(step) } }

    func meet(_ entries: [ReachNode], of system: String) throws { try state.withLock { try $0.meet(entries, of: system) } }

    func see(_ facts: Set<NamedFact>, on nodes: [String] = [], of system: String) throws -> [NamedFact] {
        try state.withLock { try $0.see(facts, on: nodes, of: system) }
    }

    /// What came about through a plan beside what it says, added or lost.
    func compare(_ plan: Plan, with seen: Set<NamedFact>, on system: String) throws -> Step {
        try state.withLock { try $0.compare(plan, with: seen, on: system) }
    }

    // MARK: The gateway's own steps

    public func reserve(_ change: String, on system: String, _ step: Step, gaining expected: Digest) throws {
        try state.withLock { state in
            guard state.pending[change] == nil else { throw GrantRefusal.alreadyGranted }
            guard state.isFresh(system, at: now()), try state.finding(step).digest == expected, try state.lockouts(step).isEmpty
            else { throw GrantRefusal.stale }
            try state.reserve(change, system, step, at: now())
        }
    }

    public func release(_ change: String) {
        state.withLock { state in
            // A graph that can't be put back answers nothing until the systems are read anew.
            do { try state.release(change) } catch { state.graph = nil }
        }
    }

    func resume(_ change: String, on system: String, _ step: Step) throws {
        try state.withLock { try $0.reserve(change, system, step, at: now()) }
    }

    func remember(_ step: Step) { state.withLock { $0.remember(step) } }

    /// What a later run must know of all that was done.
    var remembered: ReachSummary {
        // On a copy: the gateway goes on meanwhile.
        ReachSummary(state.withLock { $0 })
    }

    /// Takes what an earlier run remembered.
    ///
    /// - Returns: whether it could: what was told by other catalogues is told anew.
    func remember(_ summary: ReachSummary) -> Bool {
        state.withLock { state in
            guard state.vocabulary.digest == summary.basis else { return false }
            state.conferred.formUnion(summary.conferred)
            return true
        }
    }

    /// What became of a change that was granted.
    func settle(_ change: String, _ outcome: Change.State) throws {
        try state.withLock { state in
            switch outcome {
            case .executed: try state.complete(change, at: now())
            case .indeterminate: state.lose(change)
            default: try state.release(change)
            }
        }
    }

    // MARK: Asking

    /// Who can take what today, the shortest ways first.
    func standings() -> [(who: String, target: String, depth: Int)] {
        // On a copy: the gateway goes on meanwhile.
        let state = state.withLock { $0 }
        return (state.graph?.standings() ?? []).map { (state.title($0.who), state.title($0.target), $0.depth) }
    }

    /// The id of the node of that title.
    func node(_ title: String) -> String? { state.withLock { $0.node(title) } }

    /// What is protected, sorted.
    var protected: [String] { state.withLock { state in (state.graph?.protected ?? []).map(state.title).sorted() } }

    /// A way from one to the other, with its sentences; nil when there is none.
    func path(from: String, to: String) throws -> (proof: Proof, sentences: [String], titles: [String: String])? {
        let state = state.withLock { $0 }
        func node(_ name: String) throws -> String {
            guard let id = state.node(name) else {
                throw Refusal(.reachUnknownNode, "There is nobody and nothing called `\(name)` in the graph.")
            }
            return id
        }
        guard let proof = state.graph?.proof(from: try node(from), to: try node(to)) else { return nil }
        let ids = proof.steps.flatMap { $0.holders + [$0.takes] } + [proof.who]
        return (proof, state.sentences(proof), Dictionary(ids.map { ($0, state.title($0)) }, uniquingKeysWith: { $1 }))
    }

    /// What there is: systems with the time of their reading, nodes and facts.
    func summary() -> [(system: String, nodes: Int, facts: Int, readAt: Instant)] {
        state.withLock { state in
            state.systems.keys.sorted().compactMap { name in
                state.systems[name].map { (name, $0.nodes.count, $0.facts.count, $0.readAt) }
            }
        }
    }
}
