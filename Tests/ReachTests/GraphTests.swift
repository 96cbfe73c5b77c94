import Testing

@testable import Reach

/// Graphs for tests.
enum Graphs {
    /// Members and owners get the group; two rights together give the domain.
    static let rules = """
        relation member(who, group). relation owner(who, group). relation user(who).
        relation changes(who, domain). relation changesAll(who, domain). restriction disabled(who). restriction closed(group).
        become(?u, ?g) if member(?u, ?g) and not disabled(?u) because "a member" source "here".
        become(?u, ?g) if owner(?u, ?g) and not closed(?g) because "an owner" source "there".
        become(?u, ?d) if changes(?u, ?d) and changesAll(?u, ?d) because "both" source "everywhere".
        """

    static func ruleSet(_ more: String = "") throws -> RuleSet { try RuleSet([("graphs.reach", rules + more)]) }

    static func make(_ facts: [NamedFact], protected: [String], more: String = "") throws -> ReachGraph {
        try ReachGraph(rules: ruleSet(more), nodes: [], facts: facts, protected: protected)
    }

    static func member(_ who: String, _ group: String) -> NamedFact { NamedFact("member", who, group) }

    /// The code of what a graph refuses.
    static func refusal(_ body: () throws -> Void) -> GraphProblem.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? GraphProblem)?.code
        }
    }
}

@Suite("Graphs of facts")
struct GraphTests {
    // MARK: Cycles and size

    @Test("In a ring of 10,000 groups everybody can take what one of them can")
    func ring() throws {
        let count = 10_000
        let facts = (0..<count).map { Graphs.member("g\($0)", "g\(($0 + 1) % count)") }
        var graph = try Graphs.make(facts + [Graphs.member("g77", "t"), Graphs.member("ann", "g5000")], protected: ["t", "g0"])
        #expect(graph.takers(of: "t").count == count + 1)
        #expect(graph.takers(of: "g0").count == count)
        #expect(!graph.reaches("t", "g0"))
        try graph.apply(Step(removes: [Graphs.member("g77", "t")]))
        #expect(graph.takers(of: "t").isEmpty)
        #expect(graph.takers(of: "g0").count == count)
        let gains = try graph.gains(of: Step(adds: [Graphs.member("g3", "t")]), proofs: 1)
        #expect(gains.pairs.count == count + 1)
    }

    @Test("Rules that fit the facts in too many ways are refused, and to have tried it costs the graph nothing")
    func tooManyWays() throws {
        let rules = """
            relation left(who, thing). relation right(who, thing). relation on(what).
            become(?u, ?x) if left(?u, ?a) and right(?u, ?b) and right(?u, ?x) and on(?x) source "here".
            """
        let count = 100
        let things = (0..<count).flatMap { [NamedFact("left", "u", "l\($0)"), NamedFact("right", "u", "r\($0)")] }
        var graph = try ReachGraph(rules: RuleSet([("r", rules)]), nodes: [], facts: things, protected: ["r1"])
        graph.effort.most = 100_000
        let step = Step(adds: [NamedFact("on", "r1")])
        #expect(Graphs.refusal { _ = try graph.gains(of: step) } == .limit)
        #expect(try graph.gains(of: Step(adds: [NamedFact("left", "u", "more")])).isEmpty, "it answers as before")
        #expect(Graphs.refusal { try graph.apply(step) } == .limit)
        #expect(Graphs.refusal { _ = try graph.gains(of: Step()) } == .limit, "now it is not whole")
    }

    @Test("A cycle cut open keeps those who still get to the target")
    func cutRing() throws {
        let facts = (0..<100).map { Graphs.member("g\($0)", "g\(($0 + 1) % 100)") }
        var graph = try Graphs.make(facts, protected: ["g0"])
        try graph.apply(Step(removes: [Graphs.member("g49", "g50")]))
        #expect(Set(graph.takers(of: "g0")) == Set((50..<100).map { "g\($0)" }))
    }

    @Test("A chain of 10,000 steps has its depth everywhere")
    func longChain() throws {
        let count = 10_000
        let graph = try Graphs.make((0..<count).map { Graphs.member("g\($0)", "g\($0 + 1)") }, protected: ["g\(count)"])
        let standings = graph.standings()
        #expect(standings.first == Standing(who: "g\(count - 1)", target: "g\(count)", depth: 1))
        #expect(standings.last == Standing(who: "g0", target: "g\(count)", depth: count))
    }

    @Test(
        "A proof may be long", arguments: [10_000, 100_000])
    func longProof(_ count: Int) throws {
        let graph = try Graphs.make((0..<count).map { Graphs.member("g\($0)", "g\($0 + 1)") }, protected: ["g\(count)"])
        let proof = try #require(graph.proof(from: "g0", to: "g\(count)"))
        #expect(proof.depth == count)
        #expect(proof.steps.count == count)
    }

    @Test("A graph of a million facts answers")
    func millionFacts() throws {
        let (nodes, hops): (UInt32, UInt32) = (50_020, 20)
        // Each but the last twenty is a member of the twenty behind it.
        let edges = (0..<(nodes - hops)).flatMap { source in (1...hops).map { (source, UInt16(0), source + $0) } }
        var graph = try ReachGraph(
            rules: Graphs.ruleSet(), nodes: (0..<nodes).map { "n\($0)" }, relations: ["member"], edges: edges,
            protected: ["n40000", "n100"])
        #expect(graph.factCount == 1_000_000)
        #expect(graph.nodeCount == Int(nodes))
        #expect(graph.takers(of: "n100").count == 100)
        #expect(graph.takers(of: "n40000").count == 40_000)
        #expect(try graph.gains(of: Step(adds: [Graphs.member("n5", "n9")])).isEmpty)
        let gains = try graph.gains(of: Step(adds: [Graphs.member("n50019", "n100")]), proofs: 0)
        // All but the other nineteen last ones get to the last; the hundred before n100 had it already.
        #expect(gains.pairs.count(where: { $0.target == "n100" }) == 50_020 - 19 - 101)
    }

    // MARK: What is refused

    @Test("A fact of no declared relation, or with the wrong number of places, is refused")
    func refusedFacts() throws {
        let cases: [(NamedFact, GraphProblem.Code)] = [
            (NamedFact("guest", "ann", "staff"), .unknownRelation), (NamedFact("become", "ann", "staff"), .unknownRelation),
            (NamedFact("member", "ann"), .arity), (NamedFact("disabled", "ann", "staff"), .arity),
        ]
        var graph = try Graphs.make([Graphs.member("ann", "staff")], protected: ["staff"])
        for (fact, code) in cases {
            #expect(Graphs.refusal { _ = try Graphs.make([fact], protected: []) } == code)
            #expect(Graphs.refusal { try graph.apply(Step(adds: [Graphs.member("eve", "staff"), fact])) } == code)
            #expect(Graphs.refusal { try graph.apply(Step(removes: [Graphs.member("ann", "staff"), fact])) } == code)
            #expect(Graphs.refusal { _ = try graph.gains(of: Step(adds: [fact])) } == code)
            #expect(!graph.contains(fact))
        }
        // Nothing of a refused step is taken.
        #expect(graph.takers(of: "staff") == ["ann"])
        #expect(!graph.contains(node: "eve"))
    }

    private func build(_ nodes: [String], _ relation: String, _ edge: (UInt32, UInt16, UInt32)) throws {
        _ = try ReachGraph(rules: Graphs.ruleSet(), nodes: nodes, relations: [relation], edges: [edge], protected: [])
    }

    @Test("A graph of numbers refuses numbers of nothing, names given twice and relations that are not for edges")
    func refusedNumbers() {
        let nodes = ["a", "b"]
        #expect(Graphs.refusal { try build(nodes, "member", (0, 0, 1)) } == nil)
        #expect(Graphs.refusal { try build(nodes, "member", (2, 0, 1)) } == .dangling)
        #expect(Graphs.refusal { try build(nodes, "member", (0, 0, .max)) } == .dangling)
        #expect(Graphs.refusal { try build(nodes, "member", (0, 1, 1)) } == .dangling)
        #expect(Graphs.refusal { try build(["a", "b", "a"], "member", (0, 0, 1)) } == .duplicateNode)
        #expect(Graphs.refusal { try build(["\u{E9}", "e\u{301}"], "member", (0, 0, 1)) } == nil)
        #expect(Graphs.refusal { try build(nodes, "guest", (0, 0, 1)) } == .unknownRelation)
        #expect(Graphs.refusal { try build(nodes, "disabled", (0, 0, 1)) } == .arity)
    }

    @Test(
        "Numbers are those of the nodes given, when rules name nodes too",
    )
    func numbersWithConstants() throws {
        let rules = try Graphs.ruleSet("member(\"ghost\", \"admins\").")
        let graph = try ReachGraph(rules: rules, nodes: ["ann", "t"], relations: ["member"], edges: [], protected: ["t"])
        let (there, back) = (
            try #require(graph.test(holder: "ann", target: "t")), try #require(graph.test(holder: "t", target: "ann"))
        )
        #expect(graph.gains(by: there) && !graph.gains(by: back))
    }
}
