public import Authority
public import Reach
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

    /// Takes a reading that came to its end.
    func load(_ system: String, _ nodes: [ReachNode], _ facts: Set<NamedFact>, since: Instant) throws -> Drift? {
        try state.withLock { try $0.load(system, nodes, facts, since: since, at: now()) }
    }

    func protectAttributes(_ names: [String: Set<String>]) throws { try state.withLock { try $0.protectAttributes(names) } }

    /// What the configuration asks for and no system has.
    public var unresolved: [String] { state.withLock { $0.unresolved } }

    /// Refuses while the system's graph is too old to judge by.
    func requireFresh(_ system: String) throws {
        guard state.withLock({ $0.isFresh(system, at: now()) }) else {
            throw Refusal("reach.stale", "What the change makes possible can't be told now; nothing was changed.")
        }
    }

    // MARK: Assessing

    func assess(_ step: Step) throws -> ReachFinding { try state.withLock { try $0.finding(step) } }

    func lockouts(_ step: Step) throws -> [String] { try state.withLock { try $0.lockouts(step) } }

    func see(_ facts: Set<NamedFact>, of system: String) throws -> [NamedFact] {
        try state.withLock { try $0.see(facts, of: system) }
    }

    // MARK: The gateway's own steps

    public func reserve(_ change: String, on system: String, _ step: Step, gaining expected: Digest) throws {
        try state.withLock { state in
            guard state.isFresh(system, at: now()), try state.finding(step).digest == expected else { throw GrantRefusal.stale }
            try state.reserve(change, system, step, at: now())
        }
    }

    public func release(_ change: String) { state.withLock { try? $0.release(change) } }

    func resume(_ change: String, on system: String, _ step: Step) throws {
        try state.withLock { try $0.resume(change, system, step, at: now()) }
    }

    func remember(_ step: Step) { state.withLock { $0.remember(step) } }

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

    /// What is protected, sorted.
    var protected: [String] { state.withLock { state in (state.graph?.protected ?? []).map(state.title).sorted() } }

    /// A way from one to the other, with its sentences; nil when there is none.
    func path(from: String, to: String) throws -> (proof: Proof, sentences: [String], titles: [String: String])? {
        let state = state.withLock { $0 }
        func node(_ name: String) throws -> String {
            guard let id = state.node(name) else {
                throw Refusal("reach.unknown_node", "There is nobody and nothing called `\(name)` in the graph.")
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

    /// The graph itself, for the look ahead.
    func current() -> (graph: ReachGraph?, titles: [String: String]) {
        state.withLock { state in (state.graph, state.nodes.mapValues(\.title)) }
    }
}
