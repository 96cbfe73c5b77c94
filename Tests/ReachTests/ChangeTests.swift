import Testing

@testable import Reach

@Suite("Changes of a graph")
struct ChangeTests {
    /// What of a graph can be seen from outside.
    private struct Trace: Equatable {
        let count: Int
        let takers: [[String]]
        let protected: [String]
        let standings: [Standing]
        let masks: [[String]]

        init(_ graph: ReachGraph) {
            count = graph.factCount
            protected = graph.protected
            takers = graph.protected.map(graph.takers)
            standings = graph.standings()
            masks = graph.protected.map { target in ["ann", "bob", "eve"].filter { graph.reaches($0, target) } }
        }
    }

    private static let start = [
        Graphs.member("ann", "staff"), Graphs.member("staff", "one"), Graphs.member("bob", "ops"),
        NamedFact("owner", "ops", "two"),
        NamedFact("disabled", "eve"), NamedFact("closed", "two"), Graphs.member("eve", "one"),
        NamedFact("changes", "ann", "corp"), NamedFact("user", "ann"),
    ]

    private func graph(_ more: String = "") throws -> ReachGraph {
        try Graphs.make(Self.start, protected: ["one", "two", "corp"], more: more)
    }

    // MARK: Facts

    @Test("A fact that is given twice counts once")
    func duplicates() throws {
        var graph = try Graphs.make(Self.start + Self.start, protected: ["one"])
        #expect(graph.factCount == Self.start.count)
        try graph.apply(Step(adds: Self.start))
        #expect(graph.factCount == Self.start.count)
        try graph.apply(Step(removes: [Self.start[0], Self.start[0], Graphs.member("nobody", "none")]))
        #expect(graph.factCount == Self.start.count - 1)
        #expect(!graph.contains(Self.start[0]))
        let edges: [(UInt32, UInt16, UInt32)] = [(0, 0, 1), (0, 0, 1), (0, 1, 1)]
        let numeric = try ReachGraph(
            rules: Graphs.ruleSet(), nodes: ["a", "b"], relations: ["member", "owner"], edges: edges, protected: ["b"])
        #expect(numeric.factCount == 2)
    }

    @Test("What a rule file states stays, whatever a step removes")
    func statedFacts() throws {
        var graph = try graph("member(\"ghost\", \"one\"). disabled(\"ghost2\"). member(\"ghost2\", \"one\").")
        let before = Trace(graph)
        let step = Step(removes: [Graphs.member("ghost", "one"), NamedFact("disabled", "ghost2")])
        #expect(try graph.gains(of: step).isEmpty)
        try graph.apply(step)
        #expect(Trace(graph) == before)
        #expect(graph.reaches("ghost", "one"))
        #expect(!graph.reaches("ghost2", "one"))
    }

    // MARK: Many targets

    @Test("More than 64 and more than 128 targets are each told apart", arguments: [64, 65, 128, 129, 300])
    func manyTargets(_ count: Int) throws {
        let targets = (0..<count).map { "t\($0)" }
        // Node i has the targets from i on.
        let facts = (0..<count).flatMap { [Graphs.member("n\($0)", "t\($0)"), Graphs.member("n\($0)", "n\($0 + 1)")] }
        var graph = try Graphs.make(facts, protected: targets)
        #expect(graph.protected.count == count)
        for target in 0..<count { #expect(graph.takers(of: "t\(target)").count == target + 1) }
        graph.protect(["late", "t0"])
        #expect(graph.protected.count == count + 1)
        let gains = try graph.gains(of: Step(adds: [Graphs.member("n\(count)", "late"), Graphs.member("new", "n5")]), proofs: 0)
        #expect(gains.pairs.count(where: { $0.target == "late" }) == count + 2)
        #expect(gains.pairs.count(where: { $0.who == "new" }) == count - 5 + 1)
        #expect(graph.takers(of: "late").isEmpty)
    }

    // MARK: What if

    @Test("A question what would be leaves no trace, and says the same when it is asked again")
    func noTrace() throws {
        var graph = try graph()
        let before = Trace(graph)
        let steps = [
            Step(adds: [Graphs.member("zoe", "staff"), NamedFact("changesAll", "staff", "corp")]),
            Step(removes: [NamedFact("disabled", "eve"), NamedFact("closed", "two")]),
            Step(adds: [NamedFact("closed", "one")], removes: [Graphs.member("ann", "staff")]),
            Step(adds: [NamedFact("changes", "bob", "x"), NamedFact("changesAll", "bob", "x"), Graphs.member("x", "one")]),
        ]
        let answers = try steps.map { try graph.gains(of: $0) }
        #expect(answers.map(\.isEmpty) == [false, false, true, false])
        for (step, answer) in zip(steps, answers) {
            #expect(try graph.gains(of: step) == answer)
            #expect(Trace(graph) == before)
            for pair in answer.pairs { #expect(!graph.reaches(pair.who, pair.target)) }
        }
    }

    /// A thousand questions, each about names that no other has.
    private func askThousand(_ graph: inout ReachGraph) throws {
        for number in 0..<1000 {
            let (who, domain) = ("w\(number)", "d\(number)")
            let step = Step(adds: [
                NamedFact("changes", who, domain), NamedFact("changesAll", who, domain), Graphs.member(domain, "one"),
            ])
            #expect(try graph.gains(of: step, proofs: 0).pairs.map(\.who) == [domain, who])
        }
    }

    @Test("A thousand questions about always new names leave marks, facts and answers as they are")
    func marksStay() throws {
        var graph = try graph()
        _ = try graph.gains(
            of: Step(adds: [NamedFact("changes", "w", "d"), NamedFact("changesAll", "w", "d"), Graphs.member("d", "one")]))
        let (before, marks) = (Trace(graph), graph.masks.marked.count)
        try askThousand(&graph)
        #expect(graph.masks.marked.count == marks)
        #expect(Trace(graph) == before)
    }

    @Test(
        "A question about new names leaves no nodes",
    )
    func nodesStay() throws {
        var graph = try graph()
        let (nodes, all) = (graph.nodeCount, graph.names.count)
        try askThousand(&graph)
        #expect(graph.nodeCount == nodes)
        #expect(graph.names.count == all)
        #expect(!graph.contains(node: "w1"))
    }

    // MARK: Restrictions

    @Test("To take a restriction away is a gain, to add one is none")
    func restrictions() throws {
        var graph = try graph()
        #expect(try graph.gains(of: Step(removes: [NamedFact("disabled", "eve")])).pairs == [Gain(who: "eve", target: "one")])
        let opened = try graph.gains(of: Step(removes: [NamedFact("closed", "two")]))
        #expect(opened.pairs == ["bob", "ops"].map { Gain(who: $0, target: "two") })
        #expect(try graph.gains(of: Step(adds: [NamedFact("disabled", "ann")])).isEmpty)
        #expect(try graph.gains(of: Step(removes: [NamedFact("disabled", "ann")])).isEmpty)
    }

    @Test("A restriction that comes and goes leaves everything as it was", arguments: ["disabled", "closed"])
    func thereAndBack(_ restriction: String) throws {
        var graph = try graph()
        try graph.apply(Step(removes: [NamedFact("closed", "two")]))
        let before = Trace(graph)
        let step = Step(adds: [NamedFact(restriction, restriction == "closed" ? "two" : "bob")])
        try graph.apply(step)
        #expect(graph.takers(of: "two") == (restriction == "closed" ? [] : ["ops"]))
        let gains = try graph.gains(of: step.reversed)
        try graph.apply(step.reversed)
        #expect(Trace(graph) == before)
        #expect(gains.pairs.contains(Gain(who: "bob", target: "two")))
    }
}
