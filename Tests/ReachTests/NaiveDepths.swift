@testable import Reach

/// How deep the shortest proof of everything is that one node can take, by brute force: level by level, straight from the
/// meaning of the rules. What one has after n levels gives what one has after n + 1.
struct NaiveDepths {
    private let graph: ReachGraph
    private let size: Int
    private let ground: [(rule: Rule, binding: [String])]
    /// By node, the level it is had at.
    private(set) var depths: [String: Int]
    private var rights: Set<NamedFact> = []

    init(_ graph: ReachGraph, from start: String, size: Int) {
        (self.graph, self.size, depths) = (graph, size, [start: 0])
        let names = (0..<size).map { "n\($0)" }
        ground = graph.rules.rules.flatMap { rule in
            var all: [[String]] = [[]]
            for _ in 0..<rule.variables { all = all.flatMap { one in names.map { one + [$0] } } }
            return all.filter { Self.isOpen(rule, $0, graph) }.map { (rule, $0) }
        }
        var level = 0
        while climb(level) { level += 1 }
    }

    private static func isOpen(_ rule: Rule, _ binding: [String], _ graph: ReachGraph) -> Bool {
        rule.lookups.allSatisfy { lookup in
            let terms = lookup.terms.map { name($0, binding) }
            let fact = NamedFact(graph.rules.relations[Int(lookup.relation)].name, terms[0], terms.count > 1 ? terms[1] : nil)
            return graph.contains(fact) != lookup.isNegated
        }
    }

    private static func name(_ term: RuleTerm, _ binding: [String]) -> String {
        switch term {
        case .variable(let variable): binding[variable]
        case .node(let name): name
        }
    }

    /// - Returns: whether something is had after this level that was not before.
    private mutating func climb(_ level: Int) -> Bool {
        while addRights() {}
        let fresh = ground.filter { $0.rule.gives == nil && isMet($0.rule, $0.binding) }
            .compactMap { one in one.rule.object.map { Self.name($0, one.binding) } }.filter { depths[$0] == nil }
        for node in fresh { depths[node] = level + 1 }
        return !fresh.isEmpty
    }

    private mutating func addRights() -> Bool {
        var isChanged = false
        for (rule, binding) in ground {
            guard let gives = rule.gives, isMet(rule, binding) else { continue }
            let right = NamedFact(
                graph.rules.relations[Int(gives)].name, "", rule.object.map { Self.name($0, binding) })
            if rights.insert(right).inserted { isChanged = true }
        }
        return isChanged
    }

    private func isMet(_ rule: Rule, _ binding: [String]) -> Bool {
        rule.holdings.allSatisfy { holding in
            let relation = graph.rules.relations[Int(holding.relation)].name
            let object = holding.object.map { Self.name($0, binding) }
            if holding.isDerived, rights.contains(NamedFact(relation, "", object)) { return true }
            return depths.keys.contains { holder in
                graph.contains(fact(relation, holding.place, holder, object))
                    && (holding.isDerived
                        || rule.narrowings.allSatisfy { narrowing in
                            let other = narrowing.other.map { Self.name($0, binding) }
                            let name = graph.rules.relations[Int(narrowing.relation)].name
                            return graph.contains(fact(name, narrowing.place, holder, other)) != narrowing.isNegated
                        })
            }
        }
    }

    private func fact(_ relation: String, _ place: Int, _ holder: String, _ other: String?) -> NamedFact {
        guard place == 1, let other else { return NamedFact(relation, holder, other) }
        return NamedFact(relation, other, holder)
    }
}
