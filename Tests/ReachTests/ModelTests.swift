import Testing

@testable import Reach

@Suite("The least model")
struct ModelTests {
    /// One graph that is changed at random and compared with brute force after each change.
    private struct Run {
        var random: RandomRules
        let rules: RuleSet
        let size: Int
        var facts: Set<NamedFact>
        var graph: ReachGraph
        var (checks, gained) = (0, 0)
        /// The pairs as they should be now.
        private var expected: Set<Gain> = []

        init(seed: UInt64) throws {
            random = RandomRules(seed: seed)
            rules = try random.ruleSet()
            size = random.size()
            let nodes = (0..<size).map { "n\($0)" }
            let start = random.facts(rules, nodes: size, 2...14)
            facts = Set(start)
            graph = try ReachGraph(rules: rules, nodes: nodes, facts: start, protected: ["n0", "n2"])
            expected = pairs(naive)
        }

        var naive: NaiveModel {
            NaiveModel(
                rules, nodes: size,
                facts: Set(
                    facts.map { fact in
                        Fact(
                            relation: rules.number(fact.relation) ?? 0, a: NodeID(fact.subject.dropFirst()) ?? 0,
                            b: fact.object.flatMap { NodeID($0.dropFirst()) } ?? .none)
                    }))
        }

        func pairs(_ model: NaiveModel) -> Set<Gain> {
            Set(
                [0, 2].flatMap { target in
                    (0..<size).filter { $0 != target && model.reaches($0, target) }.map {
                        Gain(who: "n\($0)", target: "n\(target)")
                    }
                })
        }

        var ours: Set<Gain> {
            Set(["n0", "n2"].flatMap { target in graph.takers(of: target).map { Gain(who: $0, target: target) } })
        }

        /// A step at random: facts that come, and facts that go.
        mutating func step() -> Step {
            let adds = random.facts(rules, nodes: size, 1...2)
            let removes = random.chance(50) ? [random.element(of: facts.sorted())].compactMap { $0 } : []
            return Step(adds: adds.filter { !removes.contains($0) }, removes: removes)
        }

        /// - Returns: what is wrong; nil when nothing is.
        mutating func check() throws -> String? {
            checks += 1
            let before = expected
            guard before == ours else { return "model" }
            let step = step()
            let restrictions = Set(rules.relations.filter(\.isRestriction).map(\.name))
            let kept = facts
            facts.formUnion(step.adds.filter { !restrictions.contains($0.relation) })
            facts.subtract(step.removes.filter { restrictions.contains($0.relation) })
            let fresh = pairs(naive).subtracting(before)
            facts = kept
            let gains = try graph.gains(of: step, proofs: 9)
            gained += gains.isEmpty ? 0 : 1
            guard Set(gains.pairs) == fresh else { return "gains \(step): \(gains.pairs), not \(fresh.sorted())" }
            guard gains.pairs.count == gains.proofs.count else { return "proofs \(step)" }
            guard ours == before else { return "not taken back \(step)" }
            facts.subtract(step.removes)
            facts.formUnion(step.adds)
            try graph.apply(step)
            expected = pairs(naive)
            return expected == ours ? nil : "applied \(step): \(ours.sorted()), not \(expected.sorted())"
        }
    }

    @Test("It is what brute force says, after every change, and so are the gains", arguments: 0..<8)
    func agreesWithBruteForce(_ part: Int) throws {
        var (checks, gained) = (0, 0)
        for seed in 0..<1600 {
            var run = try Run(seed: UInt64(part * 1_000_000 + seed))
            for _ in 0..<8 {
                if let problem = try run.check() {
                    Issue.record("seed \(part * 1_000_000 + seed): \(problem)")
                    return
                }
            }
            checks += run.checks
            gained += run.gained
        }
        #expect(checks == 12_800)
        // A generator that never gains would show nothing.
        #expect(gained > checks / 20)
    }
}
