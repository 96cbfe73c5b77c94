import Testing

@testable import Reach

@Suite("Proofs and standings")
struct ProofTests {
    /// What is wrong with a proof; nil when nothing is. Its depth is counted anew from the steps.
    private func flaw(_ proof: Proof, _ graph: ReachGraph) -> String? {
        var depths: [ExactName: Int] = [ExactName(proof.who): 0]
        for step in proof.steps {
            let before = step.holders.map { depths[ExactName($0)] }
            guard !before.isEmpty, before.allSatisfy({ $0 != nil }) else { return "a holder is not had yet: \(step)" }
            guard !step.facts.isEmpty, step.facts.allSatisfy(graph.contains) else { return "no such fact: \(step)" }
            guard step.facts.allSatisfy({ names($0).contains { step.holders.contains($0) } }) else { return "not held: \(step)" }
            guard depths[ExactName(step.takes)] == nil else { return "taken twice: \(step)" }
            depths[ExactName(step.takes)] = (before.compactMap { $0 }.max() ?? 0) + 1
        }
        guard proof.steps.last?.takes == proof.target else { return "it ends elsewhere" }
        return depths[ExactName(proof.target)] == proof.depth ? nil : "the depth is not that of the steps"
    }

    private func names(_ fact: NamedFact) -> [String] { [fact.subject, fact.object].compactMap { $0 } }

    private func randomGraph(_ seed: Int) throws -> (graph: ReachGraph, size: Int) {
        var random = RandomRules(seed: UInt64(seed))
        let (rules, size) = (try random.ruleSet(), random.size() + 1)
        let facts = random.facts(rules, nodes: size, 8...24)
        return (
            try ReachGraph(rules: rules, nodes: (0..<size).map { "n\($0)" }, facts: facts, protected: ["n0", "n2"]), size
        )
    }

    @Test("On random graphs each proof is one, as short as can be, and there is one exactly where brute force finds one")
    func leastDepth() throws {
        var (found, joined, deep) = (0, 0, 0)
        for seed in 0..<600 {
            let (graph, size) = try randomGraph(seed)
            for start in (0..<size).map({ "n\($0)" }) {
                let expected = NaiveDepths(graph, from: start, size: size).depths
                for end in (0..<size).map({ "n\($0)" }) where end != start {
                    let proof = graph.proof(from: start, to: end)
                    #expect(proof?.depth == expected[end], "seed \(seed): \(start) to \(end)")
                    guard let proof else { continue }
                    #expect(flaw(proof, graph) == nil, "seed \(seed): \(start) to \(end)")
                    found += 1
                    joined += proof.steps.contains { $0.facts.count > 1 } ? 1 : 0
                    deep += proof.depth > 2 ? 1 : 0
                }
            }
        }
        // Graphs without proofs, or with simple ones only, would show nothing.
        #expect(found > 1000, "\(found)")
        #expect(joined > 30, "\(joined)")
        #expect(deep > 30, "\(deep)")
    }

    /// The standings that brute force finds.
    private func naiveStandings(_ graph: ReachGraph, _ size: Int) -> [Standing] {
        let all = (0..<size).flatMap { start -> [Standing] in
            let depths = NaiveDepths(graph, from: "n\(start)", size: size).depths
            return ["n0", "n2"].filter { $0 != "n\(start)" }.compactMap { target in
                depths[target].map { Standing(who: "n\(start)", target: target, depth: $0) }
            }
        }
        return inOrder(all)
    }

    private func inOrder(_ all: [Standing]) -> [Standing] {
        all.sorted { ($0.depth, $0.target, $0.who) < ($1.depth, $1.target, $1.who) }
    }

    @Test("On random graphs standings are sorted and complete")
    func standingsAreComplete() throws {
        for seed in 0..<600 {
            let (graph, size) = try randomGraph(seed)
            let (ours, naive) = (graph.standings(), naiveStandings(graph, size))
            #expect(ours == inOrder(ours), "seed \(seed)")
            #expect(Set(ours.map { [$0.who, $0.target] }) == Set(naive.map { [$0.who, $0.target] }), "seed \(seed)")
            #expect(ours.allSatisfy { one in naive.contains { $0.who == one.who && $0.depth <= one.depth } }, "seed \(seed)")
        }
    }

    @Test("On random graphs standings are as deep as brute force says", )
    func standingsAreDeep() throws {
        for seed in 0..<600 {
            let (graph, size) = try randomGraph(seed)
            #expect(graph.standings() == naiveStandings(graph, size), "seed \(seed)")
        }
    }

    @Test(
        "A way by a right is not longer for being found after a way by a member",
    )
    func standingByRight() throws {
        let rules = try RuleSet.shipped()
        let facts = [
            NamedFact("directory.member", "n", "t"), NamedFact("directory.member", "h", "n"),
            NamedFact("directory.setsAttribute", "h", "a"),
            NamedFact("directory.selects", "t", "a"),
        ]
        let graph = try ReachGraph(rules: rules, nodes: [], facts: facts, protected: ["t"])
        #expect(graph.proof(from: "h", to: "t")?.depth == 1)
        #expect(graph.standings() == ["h", "n"].map { Standing(who: $0, target: "t", depth: 1) })
    }

    // MARK: Conjunctions

    private func conjunction(_ first: String, _ second: String) throws -> ReachGraph {
        let facts = [
            Graphs.member("eve", first), Graphs.member("eve", second), NamedFact("changes", first, "corp"),
            NamedFact("changesAll", second, "corp"), Graphs.member("corp", "all"),
        ]
        return try Graphs.make(facts, protected: ["all"])
    }

    @Test("A proof from two rights names both holders and both facts, and how each came to be held")
    func conjunctionNamesBoth() throws {
        let graph = try conjunction("ops", "dev")
        let proof = try #require(graph.proof(from: "eve", to: "all"))
        #expect(flaw(proof, graph) == nil)
        #expect(proof.depth == 3)
        #expect(Set(proof.steps.prefix(2).map(\.takes)) == ["ops", "dev"])
        let both = proof.steps[2]
        #expect(both.holders == ["ops", "dev"])
        #expect(both.facts == [NamedFact("changes", "ops", "corp"), NamedFact("changesAll", "dev", "corp")])
        #expect(both.takes == "corp")
        #expect(both.because == "both")
        #expect(both.source == "everywhere")
        #expect(proof.steps.last?.takes == "all")
        #expect(graph.standings().map(\.depth) == [1, 3])
    }

    @Test("One right of two is no proof")
    func halfConjunction() throws {
        let graph = try conjunction("ops", "dev")
        #expect(graph.proof(from: "ops", to: "all") == nil)
        #expect(!graph.reaches("dev", "corp"))
    }

    @Test(
        "A proof names both holders when their names differ in bytes only",
    )
    func holdersByBytes() throws {
        let proof = try #require(try conjunction("caf\u{E9}", "cafe\u{301}").proof(from: "eve", to: "corp"))
        #expect(proof.steps.last?.holders.count == 2)
    }

    @Test(
        "Pairs whose names differ in bytes only are two",
    )
    func gainsByBytes() {
        let (one, other) = (Gain(who: "caf\u{E9}", target: "t"), Gain(who: "cafe\u{301}", target: "t"))
        #expect(one != other)
        #expect(Set([one, other]).count == 2)
    }

    @Test("There is no proof from a node to itself, nor of what is not there")
    func noProof() throws {
        let graph = try conjunction("ops", "dev")
        #expect(graph.proof(from: "eve", to: "eve") == nil)
        #expect(graph.proof(from: "nobody", to: "all") == nil)
        #expect(graph.proof(from: "eve", to: "nothing") == nil)
        #expect(graph.proof(from: "all", to: "eve") == nil)
    }

    @Test("As many pairs of each target are proven as asked for, those that the step is about first")
    func provenPairs() throws {
        var graph = try Graphs.make(["a", "b", "c", "d"].map { Graphs.member($0, "team") }, protected: ["t"])
        let step = Step(adds: [Graphs.member("team", "t")])
        for count in 0...6 { #expect(try graph.gains(of: step, proofs: count).proofs.count == min(count, 5)) }
        #expect(try graph.gains(of: step, proofs: 1).proofs.map(\.who) == ["team"])
    }
}
