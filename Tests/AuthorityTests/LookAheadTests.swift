import Cedar
import DirectoryKit
import Reach
import StrictJSON
import TestSupport
import Testing

@testable import Authority

private let catalogue = Catalogue.directory(
    namespace: "Test",
    attributes: [
        AttributeDefinition("name", .public), AttributeDefinition("enabled", .internal),
        AttributeDefinition("department", .internal, isWritable: true),
        AttributeDefinition("mail", .internal, isWritable: true, confers: DirectoryVocabulary.Power.recovery.rawValue),
        AttributeDefinition("userPassword", .secret),
    ])

/// Policies to put together at random: permits and forbids that look at everything steps can change.
private let pieces = [
    #"permit (principal, action == Test::Action::"execute:group.add-member", resource) unless { resource.labels.contains("tier-0") };"#,
    #"permit (principal in Exequatur::WorkloadGroup::"desk", action == Test::Action::"execute:group.add-member", resource in Test::Group::"g0");"#,
    #"permit (principal, action == Test::Action::"execute:group.remove-member", resource) when { resource.name == "g1" };"#,
    #"permit (principal, action == Test::Action::"execute:group.remove-member", resource) unless { resource.labels.contains("tier-0") };"#,
    #"permit (principal, action == Test::Action::"execute:user.enable", resource) when { resource.labels.contains("open") };"#,
    #"permit (principal, action == Test::Action::"execute:user.set-department", resource) when { context.input has value && context.input.value == "IT" };"#,
    #"permit (principal, action == Test::Action::"execute:user.reset-password", resource) when { resource has department && resource.department == "IT" };"#,
    #"permit (principal, action == Test::Action::"execute:user.set-mail", resource) unless { resource in Test::Group::"g0" };"#,
    #"permit (principal, action == Test::Action::"execute:group.add-member", resource) when { context.approvals.count >= 1 };"#,
    #"permit (principal, action == Test::Action::"execute:user.create", resource);"#,
    #"forbid (principal, action in Exequatur::Action::"execute", resource) when { resource.labels.contains("frozen") };"#,
    #"forbid (principal, action in Exequatur::Action::"execute", resource in Test::Group::"g2");"#,
    #"forbid (principal, action in Exequatur::Action::"execute", resource) when { context.reach.gains };"#,
]

@Suite("The look ahead")
struct LookAheadTests {
    private struct World {
        var facts: Set<NamedFact> = []
        var entries: [LookAheadWorld.Entry] = []
        let seed: Int
        private var dice: Dice

        init(seed: Int) {
            self.seed = seed
            dice = Dice(seed: seed)
            let labels = [["tier-0"], ["open"], ["frozen"], [], []]
            for index in 0..<3 {
                add(0, "u\(index)", [])
                add(1, "g\(index)", Set(index == 0 ? ["tier-0"] : labels[roll(labels.count)]))
                if roll(3) == 0 { facts.insert(NamedFact(DirectoryVocabulary.disabled, "corp:user:u\(index)")) }
            }
            for _ in 0..<roll(5) { link(DirectoryVocabulary.member) }
            for _ in 0..<roll(3) { link(DirectoryVocabulary.owner) }
        }

        private mutating func add(_ kind: Int, _ name: String, _ labels: Set<String>) {
            let attributes: [ExactString: Value] = kind == 0 && roll(2) == 0 ? ["department": "HR"] : [:]
            entries.append(
                LookAheadWorld.Entry(
                    ReachNode(system: "corp", catalogue.kinds[kind], id: name, name: name, labels: labels), attributes: attributes
                ))
        }

        private mutating func link(_ relation: String) {
            let (from, to) = (entries[roll(entries.count)].node, entries.filter { $0.node.id.kind == "group" }[roll(3)].node)
            if from.id != to.id { facts.insert(NamedFact(relation, from.id, to.id)) }
        }

        mutating func roll(_ bound: Int) -> Int { dice.roll(bound) }

        func world() throws -> LookAheadWorld {
            LookAheadWorld(
                system: "corp", catalogue: catalogue,
                workloads: [
                    Entity(
                        .workload("agent"), attributes: ["owner": .entity(.person("olga"))],
                        parents: [EntityUID(type: "Exequatur::WorkloadGroup", id: "desk")])
                ],
                entries: entries,
                graph: try ReachGraph(
                    rules: try RuleSet.shipped(), nodes: entries.map(\.id), facts: facts.sorted(),
                    protected: ["corp:group:g0"]),
                facts: facts, purposes: ["p"], environment: "test", tenant: "t")
        }
    }

    @Test(
        "Of entries that differ in nothing but their name, or that policy names itself, each is asked about",
        arguments: [
            "resource.name == \"zeta\"", "resource == Test::Group::\"zeta\"", "resource.name like \"z*\"",
        ])
    func alike(condition: String) throws {
        let kind = try #require(catalogue.kinds.first { $0.name == "group" })
        let policies = try Fixture.bundle(
            "permit (principal, action == Test::Action::\"execute:group.add-member\", resource) when { \(condition) };",
            [catalogue])
        let entries = ["alpha", "zeta", "zulu"].map { name in
            LookAheadWorld.Entry(ReachNode(system: "corp", kind, id: name, name: name, labels: []), attributes: nil)
        }
        let world = LookAheadWorld(
            system: "corp", catalogue: catalogue, workloads: [Entity(.workload("a")), Entity(.workload("b"))], entries: entries,
            graph: try ReachGraph(rules: try RuleSet.shipped(), nodes: entries.map(\.id), facts: [], protected: []), facts: [],
            purposes: ["p"], environment: "test", tenant: "t")
        let opened = LookAheadAbstraction(world, policies).openings.map { "\($0.workload.id) \($0.entry.node.name)" }
        #expect(opened.sorted() == (condition.contains("like") ? ["a zeta", "a zulu"] : ["a zeta"]))
    }

    @Test("What it calls safe, no sequence of permitted steps undoes", arguments: 0..<4)
    func isSound(_ part: Int) throws {
        var counts: [LookAhead.Verdict: Int] = [:]
        for seed in 0..<25 {
            var made = World(seed: part * 1000 + seed + 1)
            let text = pieces.filter { _ in made.roll(3) == 0 }.joined(separator: "\n")
            let policies = try Fixture.bundle(text, [catalogue])
            let world = try made.world()
            let result = try LookAhead(policies, on: world)
            counts[result.verdict, default: 0] += 1
            guard result.verdict == .safe else { continue }
            // Everything may be tried here, not only what the abstraction calls possible.
            let everything = catalogue.operations.filter { $0.access == .write }.flatMap { operation in
                world.entries(for: operation).map {
                    LookAheadAbstraction.Opening(workload: .workload("agent"), operation: operation.name, entry: $0)
                }
            }
            var search = LookAheadSearch(world, policies, Set(everything), patience: 1500)
            #expect(try search.run() == nil, "seed \(made.seed): \(text)")
        }
        #expect(counts[.safe, default: 0] > 3 && counts[.reachable, default: 0] > 3, "\(counts)")
    }

    @Test("What it calls safe is safe, on kinds of system made up at random", arguments: 0..<4)
    func isSoundOnAnyKind(_ part: Int) throws {
        var counts: [LookAhead.Verdict: Int] = [:]
        for seed in 0..<40 {
            var made = RandomCatalogue(seed: part * 1000 + seed + 1)
            let catalogue = made.catalogue()
            let text = made.policy(catalogue)
            let (policies, world) = (try Fixture.bundle(text, [catalogue]), try made.world(catalogue))
            let result = try LookAhead(policies, on: world)
            counts[result.verdict, default: 0] += 1
            guard result.verdict == .safe else { continue }
            let everything = catalogue.operations.flatMap { operation in
                world.entries(for: operation).map {
                    LookAheadAbstraction.Opening(workload: .workload("agent"), operation: operation.name, entry: $0)
                }
            }
            var search = LookAheadSearch(world, policies, Set(everything), patience: 1500)
            #expect(try search.run() == nil, "seed \(seed): \(text) \(catalogue.operations.map(\.definition))")
        }
        #expect(counts[.safe, default: 0] > 3 && counts[.reachable, default: 0] > 3, "\(counts)")
    }
}
