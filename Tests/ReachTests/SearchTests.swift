import Testing

@testable import Reach

/// The engine against what can really be done, tried out move by move.
@Suite("Small worlds searched through")
struct SearchTests {
    /// What came of many worlds.
    private struct Tally {
        var (worlds, gains, missed, alarms, stood) = (0, 0, 0, 0, 0)
        /// The first world in which something was missed.
        var miss: String?

        /// - Parameters:
        ///   - before: who can by search, and who can by the engine.
        ///   - after: who can by search once the step is taken.
        ///   - named: who newly can, by the engine.
        mutating func count(
            before: (real: Set<Int>, told: Set<Int>), after: Set<Int>, named: Set<Int>, _ world: @autoclosure () -> String
        ) {
            let real = after.subtracting(before.real)
            let lost = before.real.subtracting(before.told).union(real.subtracting(named).subtracting(before.told))
            worlds += 1
            gains += real.count
            missed += lost.count
            if !lost.isEmpty, miss == nil { miss = world() }
            stood += real.subtracting(named).intersection(before.told).count
            alarms += named.subtracting(after).count
        }

        func show(_ what: String) {
            let more = stood == 0 ? "" : ", \(stood) told as standing before they were possible"
            print("reach: \(worlds) worlds, \(gains) gains by search, \(missed) missed, \(alarms) false alarms\(more) (\(what))")
        }
    }

    // MARK: Directories

    private func users(_ names: [String]) -> Set<Int> { Set(names.filter { $0.hasPrefix("u") }.map(DirectoryWorld.number)) }

    private func directoryRules(_ replace: String = "", by other: String = "") throws -> RuleSet {
        let files = RuleSet.shippedFiles.filter { $0.name == "directory.reach" }
        return try RuleSet(files.map { ($0.name, $0.text.replacing(replace.isEmpty ? "\0" : replace, with: other)) })
    }

    private func tally(_ rules: RuleSet, _ count: Int, isPlain: Bool, seed: UInt64) throws -> Tally {
        let target = DirectoryWorld.name(DirectoryWorld.target)
        var (random, tally) = (SeededGenerator(seed: seed), Tally())
        while tally.worlds < count {
            var world = DirectoryWorld(isPlain: isPlain, using: &random)
            var graph = try ReachGraph(rules: rules, nodes: [], facts: world.facts.sorted(), protected: [target])
            let before = (world.takers, users(graph.takers(of: target)))
            let step = step(world, isPlain, &random)
            world.facts.formUnion(step.adds)
            world.facts.subtract(step.removes)
            let named = users(try graph.gains(of: step, proofs: 0).pairs.map(\.who))
            tally.count(before: before, after: world.takers, named: named, "\(step), now \(world.facts.sorted())")
        }
        return tally
    }

    /// A fact that is new, or now and then an account that is opened again.
    private func step(_ world: DirectoryWorld, _ isPlain: Bool, _ random: inout SeededGenerator) -> Step {
        if random.chance(10), let closed = world.facts.filter({ $0.relation == "disabled" }).sorted().first {
            return Step(removes: [closed])
        }
        return Step(adds: [world.fact(isPlain, &random)])
    }

    @Test("In directories of members, owners and administrators no gain is missed and none is made up")
    func plainDirectories() throws {
        let tally = try tally(directoryRules(), 6000, isPlain: true, seed: 1)
        tally.show("directories of members, owners and administrators")
        #expect(tally.gains > 500)
        #expect(tally.missed == 0, "\(tally.miss ?? "")")
        #expect(tally.stood == 0)
        #expect(tally.alarms == 0)
    }

    @Test("In directories with keys and waiting names no gain is missed, and few are made up")
    func directories() throws {
        let tally = try tally(directoryRules(), 6000, isPlain: false, seed: 2)
        tally.show("directories with keys and waiting names too")
        #expect(tally.gains > 500)
        #expect(tally.missed == 0, "\(tally.miss ?? "")")
        // Whoever has a closed account has neither the keys nor the names that go with it; the rules say otherwise.
        #expect(tally.alarms < tally.gains / 5)
    }

    @Test(
        "That a rule is left out would be noticed",
        arguments: ["member(?u, ?g)", "owner(?u, ?g)", "manages(?u, ?a)", "namedAs(?u, ?n)", "loginKeySetBy(?a, ?w)"])
    func leftOut(_ condition: String) throws {
        let terms = condition.drop { $0 != "(" }
        let rules = try directoryRules(condition, by: (condition.hasPrefix("login") ? "passwordSetBy" : "authorizedAs") + terms)
        #expect(try tally(rules, 500, isPlain: false, seed: 4).missed > 0)
    }

    // MARK: Roles

    /// Two users who work together, and one who works alone; some roles at random, and one fact more.
    private func tally(_ policy: RolePolicy, _ count: Int) throws -> Tally {
        let rules = try RuleSet([("\(policy.name).reach", policy.rules)])
        var (random, tally) = (SeededGenerator(seed: 3), Tally())
        for _ in 0..<count {
            var world = RoleWorld(policy, users: 3)
            var facts = [NamedFact("with", "u0", "team"), NamedFact("with", "u1", "team")]
            for _ in 0..<Int.random(in: 1...4, using: &random) { facts.append(give(&world, &random)) }
            var graph = try ReachGraph(rules: rules, nodes: [], facts: facts, protected: [policy.target])
            let before = (takers(world), users(graph.takers(of: policy.target)))
            let step = Step(adds: [give(&world, &random)])
            let named = users(try graph.gains(of: step, proofs: 0).pairs.map(\.who))
            tally.count(before: before, after: takers(world), named: named, "\(step) after \(facts)")
        }
        return tally
    }

    private func give(_ world: inout RoleWorld, _ random: inout SeededGenerator) -> NamedFact {
        let user = Int.random(in: 0..<3, using: &random)
        let role = Int.random(in: 0..<(world.policy.roles.count - (random.chance(10) ? 0 : 1)), using: &random)
        world.give(user, role)
        return NamedFact("has", "u\(user)", world.policy.roles[role])
    }

    private func takers(_ world: RoleWorld) -> Set<Int> {
        Set(world.canGet([0, 1]) ? [0, 1] : []).union(world.canGet([2]) ? [2] : [])
    }

    @Test("In policies of roles with conditions and revocation no gain is missed", arguments: RolePolicy.all)
    func roles(_ policy: RolePolicy) throws {
        let tally = try tally(policy, 700)
        tally.show("roles: \(policy.name)")
        #expect(tally.missed == 0, "\(tally.miss ?? "")")
        #expect(tally.gains > 20)
    }
}
