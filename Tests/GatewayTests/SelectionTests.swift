import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("What a store finds by its columns, when somebody else wrote them")
struct SelectionTests {
    private func staged(policy: String = GatewayFixture.policy) async throws -> (GatewayFixture, String) {
        let world = try await GatewayFixture(policy: policy)
        let waiting = try await world.submit("group.add-member", ["group": "apprentices", "member": "kai.nilsen"])
        return (world, try #require(waiting.change))
    }

    @Test("An approval moved to another change is nobody's word on that")
    func movedApproval() async throws {
        let (world, id) = try await staged(policy: GatewayFixture.policy.replacing("count >= 1", with: "count >= 2"))
        defer { world.close() }
        let other = try #require(try await world.submit("user.disable", ["user": "milo.dahl"]).change)
        try await world.say(.approve, on: id, by: "lena")
        try await world.tamper("UPDATE approval SET change = '\(other)'")
        #expect(try await world.witnessed.approvals(of: other).isEmpty)
        #expect(world.alarms.heard.count == 1)
    }

    @Test("A step hidden from the start's list keeps the gateway from starting on it")
    func hiddenStep() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        try await world.gateway.reachWatch.resume()
        try await world.tamper("UPDATE change SET state = 'failed' WHERE state = 'executed'")
        let error = await #expect(throws: StoreError.self) { try await world.gateway.reachWatch.resume() }
        #expect(error?.code == .altered)
    }

    @Test("A change is over when its time is, whatever the column says")
    func expiry() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        try await world.tamper("UPDATE change SET expires = 1")
        await world.gateway.sweep()
        #expect(try await world.store.change(id)?.state == .proposed)
        #expect(!world.alarms.heard.isEmpty)
    }

    @Test("An altered change hides no other from the list")
    func alteredRow() async throws {
        let (world, first) = try await staged()
        defer { world.close() }
        let second = try #require(try await world.submit("user.disable", ["user": "milo.dahl"]).change)
        try await world.tamper(
            "UPDATE change SET json = CAST(replace(CAST(json AS TEXT), 'milo', 'mila') AS BLOB) WHERE id = '\(second)'")
        #expect(try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.map(\.id) == [first])
        try await world.tamper("UPDATE change SET state = 'withdrawn'")
        #expect(
            try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.map(\.id) == [first], "nor does a moved row")
    }

    @Test("A refusal counts under a lock, though what links to the decision was taken away")
    func refusalWithoutLinks() async throws {
        let (world, id) = try await staged(policy: GatewayFixture.policy.replacing("count >= 1", with: "count >= 2"))
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        _ = try await world.gateway.locks.place(.system, "corp", by: Fixture.person("olga", teams: ["desk"]))
        try await world.tamper("DELETE FROM log_link")
        #expect(try await world.say(.refuse, on: id, by: "lars").state == .withdrawn)
    }
}
