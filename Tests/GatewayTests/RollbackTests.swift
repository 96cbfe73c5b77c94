import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("Rollbacks of rollbacks")
struct RollbackTests {
    @Test("A key used for one rollback answers for no other")
    func rollbackKeys() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let agent = Principal.workload(Fixture.workload())
        var changes: [Change] = []
        for title in ["A", "B"] {
            let done = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": .string(title)])
            changes.append(try await world.gateway.submissions.change(try #require(done.change), of: agent))
            if title == "A" {
                try await world.change(
                    "UPDATE attribute SET value = 'Dispatcher' WHERE name = 'title' AND entry = (SELECT id FROM entry WHERE name = 'kai.nilsen')"
                )
            }
        }
        let task = try await world.task()
        let undone = try await world.gateway.submissions.rollback(
            changes[1], by: agent, task: task, evidence: Evidence(), key: "k", door: "test")
        #expect(undone.status == .done)
        let refusal = await #expect(throws: Refusal.self) {
            try await world.gateway.submissions.rollback(
                changes[0], by: agent, task: task, evidence: Evidence(), key: "k", door: "test")
        }
        #expect(refusal?.code == .inputIdempotencyConflict)
    }

    @Test("A rollback that is itself rolled back puts the first change in force again")
    func undoneRollback() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let agent = Principal.workload(Fixture.workload())
        func undo(_ id: String?) async throws -> String? {
            let change = try await world.gateway.submissions.change(try #require(id), of: agent)
            return try await world.gateway.submissions.rollback(
                change, by: agent, task: world.task(), evidence: Evidence(), door: "test"
            ).change
        }
        let first = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"]).change
        let back = try await undo(first)
        #expect(try await world.store.change(first ?? "")?.state == .rolledBack)
        _ = try await undo(back)
        #expect(try await world.store.change(first ?? "")?.state == .executed)
        #expect(try await world.store.change(back ?? "")?.state == .rolledBack)
    }

    @Test("However often it is undone and done again, what is in force says so", arguments: 2...6)
    func chainOfRollbacks(depth: Int) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let agent = Principal.workload(Fixture.workload())
        var ids = [try #require(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"]).change)]
        for _ in 0..<depth {
            let last = try await world.gateway.submissions.change(try #require(ids.last), of: agent)
            let answer = try await world.gateway.submissions.rollback(
                last, by: agent, task: world.task(), evidence: Evidence(), door: "test")
            ids.append(try #require(answer.change))
        }
        for (place, id) in ids.enumerated() {
            let isInForce = (depth - place).isMultiple(of: 2)
            #expect(try await world.store.change(id)?.state == (isInForce ? .executed : .rolledBack))
        }
    }

    @Test("Undoing what undid what undid something ends somewhere")
    func endlessRollbacks() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let agent = Principal.workload(Fixture.workload())
        var last = try #require(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"]).change)
        var refusal: Refusal?
        for _ in 0..<20 where refusal == nil {
            let change = try await world.gateway.submissions.change(last, of: agent)
            do {
                let answer = try await world.gateway.submissions.rollback(
                    change, by: agent, task: world.task(), evidence: Evidence(), door: "test")
                last = try #require(answer.change)
            } catch let error as Refusal { refusal = error }
        }
        #expect(refusal?.code == .rollbackTooDeep)
    }
}
