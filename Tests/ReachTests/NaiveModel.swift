@testable import Reach

/// The least model by brute force, straight from the meaning of the rules: what the fast engine is held against.
struct NaiveModel {
    let rules: RuleSet
    let count: Int
    let facts: Set<Fact>
    /// What each node controls, as bits.
    private(set) var controls: [UInt64]
    /// The rights that each node has by rules of their own.
    private var rights: [Set<Fact>]

    init(_ rules: RuleSet, nodes count: Int, facts: Set<Fact>) {
        self.rules = rules
        self.count = count
        self.facts = facts
        controls = (0..<count).map { 1 << UInt64($0) }
        rights = Array(repeating: [], count: count)
        let ground = rules.rules.map(groundings)
        var isStable = false
        while !isStable {
            isStable = true
            for (rule, bindings) in zip(rules.rules, ground) {
                for binding in bindings { for taker in 0..<count where apply(rule, binding, taker) { isStable = false } }
            }
            for (taker, other) in pairs() where passOn(other, to: taker) { isStable = false }
        }
    }

    func reaches(_ who: Int, _ what: Int) -> Bool { controls[who] & (1 << UInt64(what)) != 0 }

    private func pairs() -> [(Int, Int)] {
        (0..<count).flatMap { a in (0..<count).filter { $0 != a && reaches(a, $0) }.map { (a, $0) } }
    }

    private mutating func passOn(_ other: Int, to taker: Int) -> Bool {
        let (before, had) = (controls[taker], rights[taker].count)
        controls[taker] |= controls[other]
        rights[taker].formUnion(rights[other])
        return controls[taker] != before || rights[taker].count != had
    }

    /// Every way to fill in the variables for which the conditions without the taker are true.
    private func groundings(_ rule: Rule) -> [[NodeID]] {
        var all: [[NodeID]] = [[]]
        for _ in 0..<rule.variables { all = all.flatMap { one in (0..<count).map { one + [NodeID($0)] } } }
        return all.filter { binding in
            rule.lookups.allSatisfy { lookup in
                let nodes = lookup.terms.map { node($0, binding) }
                return facts.contains(Fact(relation: lookup.relation, a: nodes[0], b: nodes.count > 1 ? nodes[1] : .none))
                    != lookup.isNegated
            }
        }
    }

    private func node(_ term: RuleTerm, _ binding: [NodeID]) -> NodeID {
        switch term {
        case .variable(let variable): binding[variable]
        case .node(let name): NodeID(name.dropFirst()) ?? .none
        }
    }

    private mutating func apply(_ rule: Rule, _ binding: [NodeID], _ taker: Int) -> Bool {
        guard rule.holdings.allSatisfy({ has($0, rule, binding, taker) }) else { return false }
        let object = rule.object.map { node($0, binding) } ?? .none
        if let gives = rule.gives { return rights[taker].insert(Fact(relation: gives, a: object, b: .none)).inserted }
        guard !reaches(taker, Int(object)) else { return false }
        controls[taker] |= 1 << UInt64(object)
        return true
    }

    private func has(_ holding: Holding, _ rule: Rule, _ binding: [NodeID], _ taker: Int) -> Bool {
        let object = holding.object.map { node($0, binding) } ?? .none
        if holding.isDerived, rights[taker].contains(Fact(relation: holding.relation, a: object, b: .none)) { return true }
        return (0..<count).contains { holder in
            guard reaches(taker, holder), facts.contains(fact(holding.relation, holding.place, NodeID(holder), object)) else {
                return false
            }
            return holding.isDerived
                || rule.narrowings.allSatisfy { narrowing in
                    let other = narrowing.other.map { node($0, binding) } ?? .none
                    return facts.contains(fact(narrowing.relation, narrowing.place, NodeID(holder), other)) != narrowing.isNegated
                }
        }
    }

    private func fact(_ relation: RelationID, _ place: Int, _ holder: NodeID, _ other: NodeID) -> Fact {
        place == 0 ? Fact(relation: relation, a: holder, b: other) : Fact(relation: relation, a: other, b: holder)
    }
}
