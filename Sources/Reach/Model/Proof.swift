/// Why somebody can take something: steps, each from what the ones before it gave.
public struct Proof: Hashable, Sendable {
    /// One application of a rule.
    public struct Step: Hashable, Sendable {
        /// Who holds what the rule asks for; more than one when several rights are held together.
        public let holders: [String]
        /// The facts that they hold.
        public let facts: [NamedFact]
        /// What is taken by them.
        public let takes: String
        public let because: String?
        public let source: String?
    }

    public let who: String
    public let target: String
    /// How many steps deep the proof is.
    public let depth: Int
    public let steps: [Step]
}

extension ReachGraph {
    /// A proof of least depth that `who` can take `target`; nil when it can't.
    ///
    /// Breadth first over what `who` comes to control; a rule that asks for several rights fires when the last is had
    /// (D. E. Knuth, "A generalization of Dijkstra's algorithm", 1977, for depth as the cost).
    public func proof(from who: String, to target: String) -> Proof? {
        guard let start = number(who), let end = number(target), start != end else { return nil }
        var search = ProofSearch(self, start)
        return search.run(to: end)
    }

    /// The direct rule that lets the holder pass from one node to another by this fact.
    func directRule(_ fact: Fact, place: Int) -> Rule? {
        rules.rules.first { rule in
            guard rule.isDirect, rule.holdings[0].relation == fact.relation, rule.holdings[0].place == place else { return false }
            let holder = place == 0 ? fact.a : fact.b
            return rule.narrowings.allSatisfy { facts.contains($0.relation, holder) != $0.isNegated }
        }
    }

    /// A fact that is the edge between two nodes, or that makes the one a holder of a right.
    fileprivate func fact(_ from: NodeID, _ to: NodeID) -> (fact: Fact, place: Int)? {
        if let right = rights[to] {
            let fact =
                right.place == 0
                ? Fact(relation: right.relation, a: from, b: right.object)
                : Fact(relation: right.relation, a: right.object, b: from)
            return (fact, right.place)
        }
        var found: [(fact: Fact, place: Int)] = []
        facts.out.forEach(of: from) { link in
            if link.node == to { found.append((Fact(relation: link.relation, a: from, b: to), 0)) }
        }
        facts.into.forEach(of: from) { link in
            if link.node == to { found.append((Fact(relation: link.relation, a: to, b: from), 1)) }
        }
        return found.sorted { $0.fact < $1.fact }.first { directRule($0.fact, place: $0.place) != nil }
    }
}

/// One search for a proof.
private struct ProofSearch {
    private enum Origin {
        case start
        case edge(NodeID)
        case instance(Int)
    }

    private let graph: ReachGraph
    private var origins: [NodeID: Origin]
    private var depths: [NodeID: Int]
    private var missing: [Int: Int] = [:]
    private var (now, next): ([NodeID], [NodeID])
    private var told: Set<NodeID> = []
    private var steps: [Proof.Step] = []

    init(_ graph: ReachGraph, _ start: NodeID) {
        self.graph = graph
        (origins, depths, now, next) = ([start: .start], [start: 0], [start], [])
    }

    mutating func run(to end: NodeID) -> Proof? {
        var depth = 0
        while depths[end] == nil, !now.isEmpty {
            var index = 0
            while index < now.count {
                expand(now[index], depth)
                index += 1
            }
            (now, next, depth) = (next, [], depth + 1)
        }
        guard let found = depths[end],
            let start = origins.first(where: { if case .start = $0.value { true } else { false } })?.key
        else { return nil }
        tell(end)
        return Proof(who: graph.name(start), target: graph.name(end), depth: found, steps: steps)
    }

    private mutating func expand(_ node: NodeID, _ depth: Int) {
        for number in graph.instances.byEach[node] ?? [] {
            guard let instance = graph.instances[number] else { continue }
            missing[number] = missing[number, default: instance.rights.count] - 1
            if missing[number] == 0 { reach(instance.head, .instance(number), depth) }
        }
        for number in graph.instances.fromRight[node] ?? [] {
            if let head = graph.instances[number]?.head { reach(head, .instance(number), depth) }
        }
        guard !graph.isRight(node) else { return }
        for successor in graph.successors(node) { reach(successor, .edge(node), depth) }
    }

    /// To have a right costs nothing more than to control its holder.
    private mutating func reach(_ node: NodeID, _ origin: Origin, _ depth: Int) {
        guard depths[node] == nil else { return }
        origins[node] = origin
        depths[node] = graph.isRight(node) ? depth : depth + 1
        if graph.isRight(node) { now.append(node) } else { next.append(node) }
    }

    /// Writes down the steps that lead to a node, those they rest on first. Not by recursion: a way can be long.
    private mutating func tell(_ end: NodeID) {
        var waiting: [(node: NodeID, isReady: Bool)] = [(end, false)]
        while let (node, isReady) = waiting.popLast() {
            if isReady {
                write(node)
            } else if told.insert(node).inserted {
                waiting.append((node, true))
                waiting += bases(of: node).reversed().map { ($0, false) }
            }
        }
    }

    /// What a node is had by.
    private func bases(of node: NodeID) -> [NodeID] {
        switch origins[node] {
        case .edge(let from): [from]
        case .instance(let number): graph.instances[number]?.rights ?? []
        default: []
        }
    }

    private mutating func write(_ node: NodeID) {
        guard !graph.isRight(node) else { return }
        switch origins[node] {
        case .edge(let from):
            guard let (fact, place) = graph.fact(from, node) else { return }
            write([from], [fact], node, graph.directRule(fact, place: place))
        case .instance(let number):
            guard let instance = graph.instances[number] else { return }
            let held = instance.rights.flatMap(grounds)
            write(held.map(\.holder), held.compactMap(\.fact), node, graph.rules.rules[instance.key.rule])
        default: return
        }
    }

    /// By whom and by which facts a right is had.
    private func grounds(_ right: NodeID) -> [(holder: NodeID, fact: Fact?)] {
        switch origins[right] {
        case .edge(let from): [(from, graph.fact(from, right)?.fact)]
        case .instance(let number): graph.instances[number]?.rights.flatMap(grounds) ?? []
        default: []
        }
    }

    private mutating func write(_ holders: [NodeID], _ facts: [Fact], _ node: NodeID, _ rule: Rule?) {
        var names: [ExactName] = []
        for holder in holders.map({ ExactName(graph.name($0)) }) where !names.contains(holder) { names.append(holder) }
        steps.append(
            Proof.Step(
                holders: names.map(\.text), facts: facts.map(graph.named), takes: graph.name(node), because: rule?.because,
                source: rule?.source))
    }
}
