import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("A store that others write to")
struct WitnessTests {
    private static let two = GatewayFixture.policy.replacing("count >= 1", with: "count >= 2")

    /// A world with a change that waits, one that was refused, one that ran, a lock and an ended task.
    private func world() async throws -> (GatewayFixture, waiting: String, refused: String) {
        let world = try await GatewayFixture(policy: Self.two)
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k")
        let waiting = try await world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"]).change
        let refused = try await world.submit("group.add-member", ["group": "operations", "member": "nora.lie"]).change
        try await world.say(.approve, on: try #require(waiting), by: "lena")
        try await world.say(.refuse, on: try #require(refused), by: "lena")
        _ = try await world.gateway.locks.place(
            .operation, "corp/user.disable/u-1001", by: Fixture.person("olga", teams: ["desk"]))
        return (world, try #require(waiting), try #require(refused))
    }

    private func opens(_ world: GatewayFixture) async throws {
        _ = try await WitnessedStore.open(world.store, gateway: "test", key: world.key, now: { Fixture.now }) { _ in }
    }

    @Test("What the gateway left is taken up again")
    func untouched() async throws {
        let (world, waiting, _) = try await world()
        defer { world.close() }
        try await opens(world)
        #expect(try await world.say(.approve, on: waiting, by: "lars").state == .executed)
        let report = try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
        #expect(report.problems == [] && report.proved == 2)
    }

    @Test(
        "Whatever is altered in the store keeps the gateway from starting, and is found by the auditor",
        arguments: [
            "UPDATE change SET state = 'proposed', json = CAST(replace(CAST(json AS TEXT), '\"state\":\"withdrawn\"', '\"state\":\"proposed\"') AS BLOB) WHERE state = 'withdrawn'",
            "UPDATE change SET state = 'approved' WHERE state = 'proposed'", "UPDATE change SET expires = expires + 1",
            "DELETE FROM change WHERE state = 'withdrawn'", "DELETE FROM intent", "UPDATE intent SET expires = expires + 1",
            "UPDATE task SET json = CAST(replace(CAST(json AS TEXT), '\"name\":\"p\"', '\"name\":\"q\"') AS BLOB)",
            "UPDATE task SET token = 'another'", "DELETE FROM task", "DELETE FROM approval",
            "UPDATE approval SET person = 'lars'",
            "DELETE FROM lock", "UPDATE lock SET by = 'nobody'",
            "INSERT INTO lock VALUES ('system:corp', 'system', 'corp', 'x', 1)",
            "UPDATE epoch SET value = value + 1", "UPDATE lease SET account = 'another'", "UPDATE lease SET ended = NULL",
            "DELETE FROM lease", "UPDATE idempotency SET key = 'other'", "DELETE FROM idempotency", "DELETE FROM head",
            "DELETE FROM log_entry WHERE log = 'actions' AND position = (SELECT max(position) FROM log_entry WHERE log = 'actions')",
            "INSERT INTO log_entry SELECT log, position + 1, 'forged', bytes FROM log_entry WHERE log = 'actions' ORDER BY position DESC LIMIT 1",
        ])
    func altered(sql: String) async throws {
        let (world, _, _) = try await world()
        defer { world.close() }
        try await world.tamper(sql)
        let error = await #expect(throws: StoreError.self) { try await opens(world) }
        #expect(error?.code == .altered)
        let report = try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
        #expect(!report.problems.isEmpty)
    }

    @Test("A read that crosses a commit is not taken for somebody else's doing")
    func crossing() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        _ = try await world.task()
        let agent = Principal.workload(Fixture.workload())
        await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let user: JSONValue = .string(["kai.nilsen", "lena.vik", "milo.dahl"][number % 3])
                    let answer = try await world.submit(
                        "user.set-title", ["user": user, "value": .string("T\(number)")], key: "k\(number % 4)")
                    for _ in 0..<20 {
                        guard let id = answer.change else { return }
                        _ = try await world.gateway.submissions.status(of: world.gateway.submissions.change(id, of: agent))
                    }
                }
            }
            while let result = await group.nextResult() {
                guard case .failure(let error) = result else { continue }
                #expect(error is Refusal, "\(error)")
            }
        }
        #expect(world.alarms.heard == [])
    }

    @Test("A row put in the way of a refusal takes nothing from it: no grant is given, and it is stored when that can be done")
    func swallowed() async throws {
        let (world, waiting, _) = try await world()
        defer { world.close() }
        try await world.tamper("INSERT INTO approval VALUES ('x', '\(waiting)', 'lars', 'refuse', CAST('{}' AS BLOB))")
        let refusal = await #expect(throws: Refusal.self) { try await world.say(.refuse, on: waiting, by: "lars") }
        #expect(refusal?.code == .approvalHeld)
        try await world.tamper("DELETE FROM approval WHERE nonce = 'x'")
        _ = try? await world.say(.approve, on: waiting, by: "lars")
        #expect(try await world.entries("intent").count == 1, "only the change that needs nobody ran")
        await world.gateway.sweep()
        #expect(try await world.store.change(waiting)?.state != .executed)
    }

    @Test("A refused change revived in the store runs for nobody")
    func revived() async throws {
        let (world, _, refused) = try await world()
        defer { world.close() }
        try await world.tamper(
            "UPDATE change SET state = 'proposed', json = CAST(replace(replace(CAST(json AS TEXT), '\"state\":\"withdrawn\"', '\"state\":\"proposed\"'), ',\"reason\":\"refused\"', '') AS BLOB) WHERE id = '\(refused)'"
        )
        try await world.tamper("DELETE FROM approval WHERE change = '\(refused)'")
        for person in ["lena", "lars"] {
            await #expect(throws: (any Error).self) { try await world.say(.approve, on: refused, by: person) }
        }
        #expect(try await world.entries("intent").count == 1)
    }

    @Test("A lock taken out of the store holds all the same, and one that can't be stored holds too")
    func locks() async throws {
        let (world, _, _) = try await world()
        defer { world.close() }
        _ = try await world.gateway.locks.place(.workload, "agent", by: Fixture.person("olga", teams: ["desk"]))
        try await world.tamper("DELETE FROM lock")
        await #expect(throws: Refusal.self) { try await world.submit("user.read", ["user": "cleo.aas"]) }
        try await world.gateway.locks.lift(.workload, "agent", by: Fixture.person("lena", teams: ["leads"]))
        try await world.tamper("CREATE TRIGGER full BEFORE INSERT ON lock BEGIN SELECT RAISE(ABORT, 'full'); END")
        let isStored = try await world.gateway.locks.place(.all, "", by: Fixture.person("olga", teams: ["desk"])).isStored
        #expect(!isStored, "whoever placed it is told")
        await #expect(throws: Refusal.self) { try await world.submit("user.read", ["user": "cleo.aas"]) }
        try await world.tamper("DROP TRIGGER full")
        await world.gateway.sweep()
        #expect(try await world.store.locks().locks.contains { $0.scope == .all })
        let task = try await world.task()
        try await world.tamper("UPDATE task SET json = CAST('{' AS BLOB)")
        _ = try await world.gateway.locks.place(.task, task.id, by: Fixture.person("olga", teams: ["desk"]))
        #expect(
            world.gateway.locks.inForce.contains { $0.subject == task.id }, "a task is locked though its record was altered")
    }

    @Test("An entry of any length near the longest is written as it was signed, with what its batch made of the records")
    func lengths() async throws {
        let (world, _, _) = try await world()
        defer { world.close() }
        let task = try await world.task()
        // Where a body stands is settled before what its batch makes of the records is known.
        for (number, beyond) in stride(from: -800, through: 800, by: 100).enumerated() {
            let text = String(repeating: "x", count: LogEntry.limit - (16 << 10) + beyond)
            let entry = LogEntry(.alarm(AlarmRecord(text)), id: "long-\(number)", time: world.clock.now)
            try await world.witnessed.commit([.updateTask(task)], entries: [entry])
        }
        #expect(try await world.submit("user.read", ["user": "cleo.aas"]).status == .done)
        let report = try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
        #expect(report.problems == [])
    }

    @Test(
        "A subject of a lock has a longest length and nothing invisible",
        arguments: ["u\u{200B}", String(repeating: "x", count: 257)])
    func subjects(target: String) async throws {
        let (world, _, _) = try await world()
        defer { world.close() }
        await #expect(throws: Refusal.self) {
            try await world.gateway.locks.place(
                .operation, "corp/user.read/" + target, by: Fixture.person("olga", teams: ["desk"]))
        }
    }

    @Test("What was decided by other policies than those in force gets no grant, however new its locks' epoch is")
    func otherPolicies() async throws {
        let (world, _, _) = try await world()
        defer { world.close() }
        try await world.witnessed.commit([.voidDecisions(policies: Digest(of: "others"))], entries: [])
        let before = try await world.entries("intent", of: .actions).count
        let answer = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Mate"])
        #expect(answer.code == "staged.nothing")
        #expect(try await world.entries("intent", of: .actions).count == before)
    }

    @Test("An entry put at the log's end by somebody else is not signed over: nothing more is written")
    func appended() async throws {
        let (world, _, _) = try await world()
        defer { world.close() }
        try await world.tamper(
            "INSERT INTO log_entry SELECT log, position + 1, 'forged', bytes FROM log_entry WHERE log = 'requests' ORDER BY position DESC LIMIT 1"
        )
        let before = try world.gateway.journal.checkpoint(.requests)
        for _ in 0..<2 {
            await #expect(throws: (any Error).self) { try await world.submit("user.read", ["user": "cleo.aas"]) }
        }
        #expect(try world.gateway.journal.checkpoint(.requests) == before)
    }

    @Test("An execution that no decision permitted is found, though the gateway itself signed it")
    func unproved() async throws {
        let (world, waiting, _) = try await world()
        defer { world.close() }
        let change = try #require(try await world.store.change(waiting))
        var done = try change.after(.began).after(.succeeded)
        done.adopter = "lena"
        try await world.witnessed.commit(
            [],
            entries: [
                LogEntry(
                    .intent(IntentRecord(change, change.plan, policies: Digest(of: "y"))), id: "intent-\(waiting)",
                    time: Fixture.now, links: ["change": waiting]),
                LogEntry(
                    .outcome(OutcomeRecord(done)), id: "outcome-\(waiting)", time: Fixture.now,
                    links: ["change": waiting, "intent": "intent-\(waiting)"]),
            ])
        let report = try await Auditor(store: world.store, keys: world.keys).verify(try world.checkpoints())
        let text = report.problems.joined(separator: "\n")
        #expect(text.contains("no decision permitted it") && text.contains("not what the intent was for"))
    }
}
