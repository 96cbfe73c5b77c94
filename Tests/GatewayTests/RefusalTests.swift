import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("A signed refusal")
struct RefusalTests {
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]

    /// A gateway with a change that waits, and that change's id.
    private func staged(policy: String = GatewayFixture.policy) async throws -> (GatewayFixture, String) {
        let world = try await GatewayFixture(policy: policy)
        let waiting = try await world.submit("group.add-member", Self.adding)
        return (world, try #require(waiting.change))
    }

    /// Policy that asks for two approvals.
    private static let two = GatewayFixture.policy.replacing("count >= 1", with: "count >= 2")

    @Test("One whose approval is stored, and who then refuses, is heard: nothing runs")
    func afterOneOfOnesOwn() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        #expect(try await world.say(.approve, on: id, by: "lena").state == .proposed)
        #expect(try await world.say(.refuse, on: id, by: "lena").state == .withdrawn)
        await #expect(throws: Refusal.self) { try await world.say(.approve, on: id, by: "lars") }
        #expect(try await world.store.change(id)?.state == .withdrawn)
        let said = try await world.requests("approval")
        #expect(said.count == 2, "both statements are in the log")
    }

    @Test("An approval stored while the system was away does not run on a refusal")
    func outage() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        // The approval is taken, and then the system can't be asked: the store has it, the change still waits.
        try await world.witnessed.commit([.insertApproval(try await world.sign(.approve, on: id, by: "lena"))], entries: [])
        #expect(try await world.say(.refuse, on: id, by: "lena").state == .withdrawn)
        #expect(try await world.entries("intent").isEmpty)
    }

    @Test(
        "A refusal needs neither the system nor the requester, and no lock stands in its way",
        arguments: ["outage", "lock", "moved", "task", "gone"])
    func obstacles(what: String) async throws {
        let world = try await GatewayFixture(workloadLife: 600)
        defer { world.close() }
        let id = try #require(try await world.submit("group.add-member", Self.adding).change)
        switch what {
        case "outage": world.meddler.play(.unreachable)
        case "lock": _ = try await world.gateway.locks.place(.all, "", by: Fixture.person("olga", teams: ["desk"]))
        case "moved": try await world.change("UPDATE entry SET version = version + 1, enabled = 0 WHERE name = 'ivo.petrov'")
        case "gone": world.clock.advance(seconds: 601)
        default: try await world.gateway.tasks.end(world.task())
        }
        #expect(try await world.say(.refuse, on: id, by: "lena").state == .withdrawn)
    }

    /// What somebody does to the record of a change, and how they put it back.
    enum Spoiling: CaseIterable, Sendable {
        case altered, unreadable, deleted, renamed

        var statements: (spoil: String, putBack: String) {
            let putBack = "DELETE FROM change; INSERT INTO change SELECT * FROM kept"
            switch self {
            case .altered:
                return (
                    "UPDATE change SET json = CAST(replace(CAST(json AS TEXT), '\"proposed\"', '\"approved\"') AS BLOB)", putBack
                )
            case .unreadable: return ("UPDATE change SET json = CAST('{' AS BLOB)", putBack)
            case .deleted: return ("DELETE FROM change", putBack)
            case .renamed: return ("ALTER TABLE change RENAME TO gone", "ALTER TABLE gone RENAME TO change")
            }
        }
    }

    @Test(
        "A refusal counts though somebody spoils the change's record, and puts it back afterwards", arguments: Spoiling.allCases)
    func spoiledRecord(how: Spoiling) async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        #expect(try await world.say(.approve, on: id, by: "lars").state == .proposed)
        let refusal = try await world.sign(.refuse, on: id, by: "lena")
        let stranger = try await world.sign(.refuse, on: id, by: "dan")
        try await world.tamper("CREATE TABLE kept AS SELECT * FROM change; \(how.statements.spoil)")
        let answer = await #expect(throws: Refusal.self) {
            try await world.gateway.approvals.record(refusal, by: Fixture.person("lena", teams: ["leads"]))
        }
        #expect(answer?.code == .approvalHeld)
        await #expect(throws: Refusal.self) {
            try await world.gateway.approvals.record(stranger, by: Fixture.person("dan", teams: ["security"]))
        }
        try await world.tamper(how.statements.putBack)
        _ = try? await world.say(.approve, on: id, by: "lena")
        #expect(try await world.entries("intent", of: .actions).isEmpty)
        await world.gateway.sweep()
        #expect(try await world.store.change(id)?.state == .withdrawn)
    }

    @Test("Nobody without a say can refuse, and nobody on the change's side")
    func strangers() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        for (person, teams) in [("olga", ["desk"]), ("dan", ["security"])] {
            await #expect(throws: Refusal.self) { try await world.say(.refuse, on: id, by: person, teams: teams) }
        }
        #expect(try await world.store.change(id)?.state == .proposed)
    }

    @Test("A refusal of what has a grant is logged, and said to be too late")
    func tooLate() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        #expect(try await world.say(.approve, on: id, by: "lena").state == .executed)
        let refusal = await #expect(throws: Refusal.self) { try await world.say(.refuse, on: id, by: "lars") }
        #expect(refusal?.code == .approvalTooLate)
        #expect(try await world.requests("approval").count == 2)
        #expect(try await world.store.change(id)?.state == .executed)
        let report = try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
        #expect(report.problems == [] && report.proved == 1)
    }

    @Test("A statement used before refuses nothing, and holds up nothing")
    func usedNonce() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        let lena = Fixture.person("lena", teams: ["leads"])
        let approval = try await world.sign(.approve, on: id, by: "lena")
        _ = try await world.gateway.approvals.record(approval, by: lena)
        let refusal = try await world.sign(.refuse, on: id, by: "lena", again: approval)
        let answer = await #expect(throws: Refusal.self) { try await world.gateway.approvals.record(refusal, by: lena) }
        #expect(answer?.code == .approvalUsed)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("Of refusals that can't be stored, none takes another away")
    func heldRefusals() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        let lars = Fixture.person("lars", teams: ["leads"])
        let approval = try await world.sign(.approve, on: id, by: "lars")
        _ = try await world.gateway.approvals.record(approval, by: lars)
        try await world.tamper("CREATE TRIGGER full BEFORE INSERT ON approval BEGIN SELECT RAISE(ABORT, 'full'); END")
        let held = await #expect(throws: Refusal.self) { try await world.say(.refuse, on: id, by: "lena") }
        #expect(held?.code == .approvalHeld)
        let used = try await world.sign(.refuse, on: id, by: "lars", again: approval)
        _ = try? await world.gateway.approvals.record(used, by: lars)
        try await world.tamper("DROP TRIGGER full")
        await world.gateway.sweep()
        #expect(try await world.store.change(id)?.state == .withdrawn)
    }
}
