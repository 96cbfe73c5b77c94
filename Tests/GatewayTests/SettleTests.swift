import Authority
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import TestSupport
import Testing

@Suite("Settling what nobody can attribute")
struct SettleTests {
    private static let policy = "permit (principal, action, resource);"

    /// A change whose answer was lost, on a system that does not say who wrote.
    private func lost() async throws -> (world: GatewayFixture, change: String) {
        let world = try await GatewayFixture(policy: Self.policy, broker: "queues")
        world.broker?.fallSilent()
        let answer = try await world.submit("account.tag", ["account": "guest", "tag": "monitoring"], on: "queues")
        try await world.gateway.reconcile()
        return (world, try #require(answer.change))
    }

    @Test("A change whose answer was lost is neither done nor failed, and people see what was read afterwards")
    func indeterminate() async throws {
        let (world, change) = try await lost()
        defer { world.close() }
        let sheet = try await world.gateway.desk.sheet(change)
        #expect(sheet.state == .indeterminate && sheet.reason == "not_attributable")
        #expect(sheet.because == "read afterwards: hasTag of guest is monitoring")
    }

    @Test(
        "A person settles it by signature, as an event of its own in the log",
        arguments: [ApprovalStatement.Verdict.executed, .failed])
    func settle(_ verdict: ApprovalStatement.Verdict) async throws {
        let (world, change) = try await lost()
        defer { world.close() }
        let settled = try await world.say(verdict, on: change, by: "lena")
        #expect(settled.state == (verdict == .executed ? .executed : .failed) && settled.reason == "settled")
        #expect(try await world.entries("outcome").map { $0["state"]?.string } == ["indeterminate", verdict.rawValue])
        #expect(try await world.entries("effect").count == 1, "nothing is repeated")
        #expect(try await problems(world).isEmpty)
        let error = await #expect(throws: Refusal.self) { try await world.say(.failed, on: change, by: "lars") }
        #expect(error?.code == .changeClosed)
    }

    @Test("Whoever answers for the agent can't settle what it did")
    func ownSide() async throws {
        let (world, change) = try await lost()
        defer { world.close() }
        let error = await #expect(throws: Refusal.self) {
            try await world.say(.executed, on: change, by: "olga", teams: ["desk"])
        }
        #expect(error?.code == .approvalNotEligible)
        #expect(try await world.state(of: change) == .indeterminate)
    }

    @Test(
        "The auditor finds a settlement that nobody signed who may, or that says something else than was signed",
        arguments: [("olga", ApprovalStatement.Verdict.executed, true), ("lena", .executed, false), ("lena", .failed, true)])
    func forged(_ person: String, _ verdict: ApprovalStatement.Verdict, _ isDone: Bool) async throws {
        let (world, id) = try await lost()
        defer { world.close() }
        let change = try #require(try await world.store.change(id))
        let proof = try await world.sign(verdict, on: id, by: person)
        let settlement = "approval-\(proof.statement.nonce)"
        let links = ["change": id, "request": change.request, "intent": "intent-\(id)", "settlement": settlement]
        let settled = try change.after(.settled(isDone: isDone))
        try await world.witnessed.commit(
            [.insertApproval(proof), .updateChange(settled, from: change)],
            entries: [
                LogEntry(.approval(proof), id: settlement, time: Fixture.now, links: ["change": id]),
                LogEntry(.outcome(OutcomeRecord(settled)), id: "settled-\(id)", time: Fixture.now, links: links),
            ])
        #expect(try await problems(world).contains { $0.contains("nobody who may signed that it was") })
    }

    @Test("The auditor finds a settlement of a change whose outcome was known")
    func known() async throws {
        let world = try await GatewayFixture(policy: Self.policy, broker: "queues")
        defer { world.close() }
        let id = try #require(
            try await world.submit("account.tag", ["account": "guest", "tag": "monitoring"], on: "queues").change)
        let change = try #require(try await world.store.change(id))
        let proof = try await world.sign(.failed, on: id, by: "lena")
        let settlement = "approval-\(proof.statement.nonce)"
        var outcome = try #require(try await world.entries("outcome").last?.object)
        outcome["state"] = "failed"
        let links = ["change": id, "request": change.request, "intent": "intent-\(id)", "settlement": settlement]
        try await world.witnessed.commit(
            [.insertApproval(proof)],
            entries: [
                LogEntry(.approval(proof), id: settlement, time: Fixture.now, links: ["change": id]),
                LogEntry(try LogRecord(.outcome, .object(outcome)), id: "settled-\(id)", time: Fixture.now, links: links),
            ])
        #expect(try await problems(world).contains { $0.contains("nobody who may signed that it was failed") })
    }

    private func problems(_ world: GatewayFixture) async throws -> [String] {
        try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints(), replaying: false).problems
            .map { "\($0)" }
    }

    @Test("What waits or is done is settled by nobody")
    func closed() async throws {
        let world = try await GatewayFixture(policy: Self.policy, broker: "queues")
        defer { world.close() }
        let answer = try await world.submit("account.tag", ["account": "guest", "tag": "monitoring"], on: "queues")
        let error = await #expect(throws: Refusal.self) { try await world.say(.failed, on: answer.change ?? "", by: "lena") }
        #expect(error?.code == .changeClosed)
    }
}
