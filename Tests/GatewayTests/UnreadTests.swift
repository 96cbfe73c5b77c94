import Authority
import Gateway
import GatewayWorld
import StrictJSON
import TestSupport
import Testing

@Suite("A system that nobody reads whole")
struct UnreadTests {
    @Test("An agent that may execute only proposes, and a person makes the change their own")
    func proposes() async throws {
        let world = try await GatewayFixture(policy: "permit (principal, action, resource);", broker: "queues")
        defer { world.close() }
        world.broker?.close()
        let answer = try await world.submit("account.tag", ["account": "guest", "tag": "monitoring"], on: "queues")
        #expect(answer.status == .staged && answer.code == "staged.adoption")
        #expect(try await world.entries("intent").isEmpty)
    }

    @Test("It is asked for what it answers itself once the request is on disk, and not at all where that fails")
    func askedOnRecord() async throws {
        let world = try await GatewayFixture(policy: "permit (principal, action, resource);", broker: "queues")
        defer { world.close() }
        guard case .document(let document)? = try await world.submit("broker.status", [:], on: "queues").result else {
            Issue.record("no answer of the system's")
            return
        }
        #expect(document.json == ["status": "running"])
        world.gate.fail(with: StoreError(.unavailable, "the disk is full"))
        await #expect(throws: StoreError.self) { try await world.submit("broker.status", [:], on: "queues") }
        #expect(world.broker?.answers == 1)
    }

    @Test("Where it is read, the agent gets what the system answered, also when it asks later")
    func answers() async throws {
        let world = try await GatewayFixture(policy: "permit (principal, action, resource);", broker: "queues")
        defer { world.close() }
        let answer = try await world.submit("account.tag", ["account": "guest", "tag": "monitoring"], on: "queues")
        guard case .document(let document)? = answer.result else {
            Issue.record("no answer of the system's")
            return
        }
        #expect(document.json == ["tagged": "guest"])
        #expect(try await world.entries("effect").first?["answered"]?.string?.count == 64, "its digest is in the log")
    }
}
