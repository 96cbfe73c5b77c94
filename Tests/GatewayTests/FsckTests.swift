import Authority
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite("Whether a store is whole after anything")
struct FsckTests {
    private func report(_ world: GatewayFixture) async throws -> Fsck.Report {
        try await Fsck(store: world.store, keys: world.keys).examine(try world.checkpoints())
    }

    @Test("A store that was used is whole, and what was under way is not called wrong")
    func whole() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k")
        let waiting = try await world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"]).change
        let report = try await report(world)
        #expect(report.isWhole && report.problems == [] && report.unsettled == [])
        #expect(waiting != nil)
    }

    @Test("What was done without an intent is found, though the gateway itself wrote and signed it")
    func withoutIntent() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let id = try #require(
            try await world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"]).change)
        let change = try #require(try await world.store.change(id))
        let done = try change.after(.began).after(.succeeded)
        try await world.witnessed.commit([.updateChange(done, from: change)], entries: [])
        let report = try await report(world)
        #expect(!report.isWhole)
        #expect(report.problems.contains { $0.contains("without an intent and a lease") })
        #expect(report.problems.contains { $0.contains("no entry says how it came to that") })
    }

    @Test("A change whose grant is not settled, and a lease that has no end, are told of")
    func unsettled() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let lease = LeaseReference(id: "l1", change: "chg-x", system: "corp", account: "a", expires: Fixture.now)
        try await world.witnessed.commit([.putLease(lease)], entries: [])
        let report = try await report(world)
        #expect(report.unsettled == ["lease l1 is not known to have ended"])
        #expect(report.problems == ["lease/l1 is about chg-x, which is no change"])
    }

    @Test(
        "Records that contradict one another, or the log, are found",
        arguments: ["DELETE FROM intent", "DELETE FROM lease", "DELETE FROM change", "UPDATE log_entry SET id = id || 'x'"])
    func altered(sql: String) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k")
        try await world.tamper(sql)
        #expect(try await !report(world).isWhole)
    }
}
