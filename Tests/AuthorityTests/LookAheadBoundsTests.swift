import Cedar
import DirectoryKit
import Reach
import TestSupport
import Testing

@testable import Authority

@Suite("How far the look ahead sees")
struct LookAheadBoundsTests {
    private static let catalogue = Catalogue.directory(
        namespace: "Test",
        attributes: [
            AttributeDefinition("name", .public), AttributeDefinition("enabled", .internal),
            AttributeDefinition("department", .internal, isWritable: true),
            AttributeDefinition("mail", .internal, isWritable: true, confers: DirectoryVocabulary.Power.recovery.rawValue),
        ])

    private static func entry(_ system: String, _ kind: String, _ name: String) -> LookAheadWorld.Entry {
        let kind = catalogue.kinds.first { $0.name == kind } ?? catalogue.kinds[0]
        return LookAheadWorld.Entry(ReachNode(system: system, kind, id: name, name: name), attributes: [:])
    }

    private func worlds(
        _ systems: [String: [LookAheadWorld.Entry]], _ facts: Set<NamedFact>, protected: [String], names: [ReachNode] = []
    ) throws -> [LookAheadWorld] {
        let nodes = systems.values.flatMap { $0 }.map(\.id).sorted()
        let graph = try ReachGraph(rules: try RuleSet.shipped(), nodes: nodes, facts: facts.sorted(), protected: protected)
        return systems.keys.sorted().map { system in
            LookAheadWorld(
                system: system, catalogue: Self.catalogue, workloads: [Entity(.workload("agent"))],
                entries: systems[system] ?? [],
                graph: graph, facts: facts.filter { $0.subject.hasPrefix(system) }, names: names, purposes: ["p"],
                environment: "test", tenant: "t")
        }
    }

    private static func permit(_ operation: String, _ condition: String = "") -> String {
        "permit (principal, action == Test::Action::\"execute:\(operation)\", resource)\(condition);"
    }

    @Test("Of two systems that are safe by themselves, both together may not be")
    func together() throws {
        let facts: Set = [
            NamedFact("GetChanges", "east:group:e", "west:group:t"), NamedFact("GetChangesAll", "west:group:w", "west:group:t"),
        ]
        let entries = [
            "east": [Self.entry("east", "group", "e"), Self.entry("east", "user", "a")],
            "west": [Self.entry("west", "group", "w"), Self.entry("west", "group", "t"), Self.entry("west", "user", "b")],
        ]
        let worlds = try worlds(entries, facts, protected: ["west:group:t"])
        let policies = try Fixture.bundle(
            Self.permit("group.add-member", #" unless { resource.name == "t" }"#), [Self.catalogue])
        let results = try LookAhead.all(policies, on: worlds)
        #expect(results.map(\.system) == ["east", "west", "all systems together"])
        #expect(results.map(\.result.verdict) == [.safe, .safe, .possible])
        #expect(try LookAhead.all(policies, on: [worlds[0]]).map(\.result.verdict) == [.safe])
    }

    private func verdict(_ policy: String, protected: [String], names: [ReachNode] = []) throws -> LookAhead {
        let facts: Set = [
            NamedFact(DirectoryVocabulary.member, "corp:user:u", "corp:group:g"),
            NamedFact(DirectoryVocabulary.owner, "corp:group:g", "corp:group:t"),
        ]
        let entries = [Self.entry("corp", "user", "u"), Self.entry("corp", "group", "g"), Self.entry("corp", "group", "t")]
        return try LookAhead(
            Fixture.bundle(policy, [Self.catalogue]),
            on: worlds(["corp": entries], facts, protected: protected, names: names)[0])
    }

    @Test("A disabled account is nobody's way until it can be enabled again")
    func disabled() throws {
        let mail = Self.permit("user.set-mail", " when { resource has enabled && !resource.enabled }")
        let policy = Self.permit("user.disable") + mail
        #expect(try verdict(policy, protected: ["corp:group:t"]).verdict == .possible)
        let whole = try verdict(policy + Self.permit("user.enable"), protected: ["corp:group:t"])
        #expect(whole.verdict == .reachable && whole.steps.count == 3, "\(whole.steps)")
        #expect(try verdict(mail, protected: ["corp:group:t"]).verdict == .safe)
        #expect(try verdict(mail + Self.permit("user.remove"), protected: ["corp:group:t"]).verdict == .possible)
    }

    @Test("Somebody new can be acted on like anybody else")
    func newcomer() throws {
        let write = Self.permit("user.set-department", #" when { resource.name == "later" }"#)
        let protected = ["corp:attribute:department"]
        #expect(try verdict(write, protected: protected).verdict == .safe)
        #expect(try verdict(write + Self.permit("user.create"), protected: protected).verdict != .safe)
        let mail = try verdict(Self.permit("user.create"), protected: ["corp:attribute:mail"])
        #expect(mail.verdict == .reachable && mail.steps.count == 1)
    }

    @Test("Whoever may be removed may be made anew")
    func madeAnew() throws {
        let remove = Self.permit("user.remove")
        #expect(try verdict(remove, protected: ["corp:group:t"]).verdict == .safe)
        #expect(try verdict(remove + Self.permit("user.create"), protected: ["corp:group:t"]).verdict == .possible)
    }

    @Test("A protected name that nobody has yet can be taken")
    func awaited() throws {
        let boss = ReachNode.awaited("boss", "user", in: "corp")
        let found = try verdict(Self.permit("user.create"), protected: [boss.id.text], names: [boss])
        #expect(found.verdict == .reachable && found.steps.first?.contains("user=boss") == true)
        let other = Self.permit("user.create", #" unless { resource.name == "boss" }"#)
        #expect(try verdict(other, protected: [boss.id.text], names: [boss]).verdict == .possible)
    }
}
