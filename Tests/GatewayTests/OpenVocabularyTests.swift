import Authority
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite("A kind of system that nobody knows")
struct OpenVocabularyTests {
    private static let policy = """
        permit (principal, action, resource);
        permit (principal, action in Exequatur::Action::"approve", resource);
        """

    private func world() async throws -> GatewayFixture {
        try await GatewayFixture(
            policy: Self.policy, entries: [.init(system: "queues", kind: "tag", name: "administrator")], broker: "queues")
    }

    private func ask(_ world: GatewayFixture, _ operation: String, _ input: JSONValue) async throws -> Answer {
        try await world.submit(operation, input, on: "queues")
    }

    @Test("Its operations are decided, done, logged and undone like any other's")
    func path() async throws {
        let world = try await world()
        defer { world.close() }
        let done = try await ask(world, "account.tag", ["account": "guest", "tag": "monitoring"])
        #expect(done.status == .done, "\(done.text)")
        let read = try await ask(world, "account.read", ["account": "guest"])
        #expect(read.text.contains(#""tags":[{"id":"monitoring","name":"monitoring"}]"#), "\(read.text)")
        let row = try #require(try await world.gateway.desk.rows(QueueQuery([.executed])).rows.first)
        #expect(row.sentence == "tag guest as monitoring")
        let undone = try await ask(world, "account.untag", ["account": "guest", "tag": "monitoring"])
        #expect(undone.status == .done)
        #expect(try await world.entries("outcome").count == 2)
    }

    @Test("A step that takes its protected tag waits for people, and reach says why")
    func takeover() async throws {
        let world = try await world()
        defer { world.close() }
        let asked = try await ask(world, "account.tag", ["account": "guest", "tag": "administrator"])
        #expect(asked.status == .staged, "\(asked.text)")
        let change = try #require(try await world.store.change(asked.change ?? ""))
        #expect(change.shown.reach.targets == ["queues/tag/administrator"])
        #expect(
            change.shown.reach.gained.first?.path == [
                "queues/account/guest has the tag queues/tag/administrator: a tag gives what it stands for"
            ])
        let takers = world.gateway.reachWatch.report().takers
        #expect(takers.contains { $0.who == "queues/account/ops" && $0.target == "queues/tag/administrator" })
    }

    @Test("Nobody is left who can look after a tag: refused, and to the agent a denial like others")
    func lockout() async throws {
        let world = try await world()
        defer { world.close() }
        #expect(try await ask(world, "account.untag", ["account": "ops", "tag": "administrator"]).status == .denied)
    }

    @Test("An operation on the system itself is a takeover step, whatever it does, also a second time")
    func opaque() async throws {
        let world = try await world()
        defer { world.close() }
        for _ in 0..<2 {
            let asked = try await ask(world, "broker.import", ["definition": ["queues": []]])
            #expect(asked.status == .staged, "\(asked.text)")
            let change = try #require(try await world.store.change(asked.change ?? ""))
            #expect(change.shown.reach.targets == ["queues/system/queues"])
        }
    }

    @Test("By policy alone its tag can be taken: the look ahead finds the step")
    func lookAhead() async throws {
        let world = try await world()
        defer { world.close() }
        let results = try world.gateway.reachWatch.lookAhead(world.gateway.policies)
        let found = try #require(results.first { $0.system == "queues" }?.result)
        #expect(found.verdict == .reachable && found.steps == ["agent: account.tag account=guest tag=administrator"])
        #expect(found.untold == ["queues broker.import"])
    }
}
