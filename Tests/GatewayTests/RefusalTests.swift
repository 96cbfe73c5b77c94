import Authority
import ConnectorEmbedded
import Foundation
import GRDB
import Gateway
import Identity
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

    @Test("What was approved and got no grant does not stay approved")
    func stranded() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        try await world.tamper("CREATE TRIGGER full BEFORE INSERT ON intent BEGIN SELECT RAISE(ABORT, 'full'); END")
        _ = try? await world.say(.approve, on: id, by: "lena")
        #expect(try await world.store.change(id)?.state == .approved)
        try await world.tamper("DROP TRIGGER full")
        await world.gateway.sweep()
        #expect(try await world.store.change(id)?.state == .proposed, "it waits again, with the approval it has")
        let lena = Fixture.person("lena", teams: ["leads"])
        #expect(try await world.gateway.queue.retry(id, by: lena).state == .executed)
    }

    @Test("The same statement handed in again decides nothing")
    func replay() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        let lena = Fixture.person("lena", teams: ["leads"])
        let proof = try await world.sign(.approve, on: id, by: "lena")
        world.meddler.play(.unreachable)
        await #expect(throws: Refusal.self) { try await world.gateway.approvals.record(proof, by: lena) }
        world.meddler.play(.none)
        #expect(try await world.gateway.approvals.record(proof, by: lena).state == .executed, "it was never taken")
        await #expect(throws: Refusal.self) { try await world.gateway.approvals.record(proof, by: lena) }
    }

    @Test("A statement is handed in while it is good; once taken it counts for as long as the change waits")
    func expiry() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        let lena = Fixture.person("lena", teams: ["leads"])
        let short = try await world.sign(.approve, on: id, by: "lena", life: 1)
        let late = try await world.sign(.approve, on: id, by: "lena", life: 1)
        #expect(try await world.gateway.approvals.record(short, by: lena).state == .proposed)
        world.clock.advance(seconds: 2)
        let refusal = await #expect(throws: Refusal.self) { try await world.gateway.approvals.record(late, by: lena) }
        #expect(refusal?.code == .approvalExpired)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("What approvers were shown is what they signed, or nothing runs")
    func alteredShown() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        // Through the gateway's own store, so that nothing but the comparison stands in the way.
        let change = try #require(try await world.store.change(id))
        var row = try #require(change.json.object)
        var shown: JSONValue = row["shown"] ?? [:]
        shown.add("more", "than was signed")
        row["shown"] = shown
        try await world.witnessed.commit([.updateChange(try Change(json: .object(row)), from: change)], entries: [])
        let after = try? await world.say(.approve, on: id, by: "lars")
        #expect(after?.state != .executed)
        #expect(try await world.entries("intent").isEmpty)
    }

    @Test("Who answered for a workload when its change was staged can't approve it, expired and adopted though it is")
    func ownerOfTheExpired() async throws {
        let policy = """
            permit (principal is Exequatur::Workload, action == Embedded::Action::"propose:user.disable", resource);
            permit (principal in Exequatur::Team::"leads", action in Exequatur::Action::"execute", resource) when { context.approvals.count >= 1 };
            permit (principal is Exequatur::Person, action in Exequatur::Action::"approve", resource);
            """
        let world = try await GatewayFixture(policy: policy, workloadLife: 60)
        defer { world.close() }
        let id = try #require(try await world.submit("user.disable", ["user": "kai.nilsen"]).change)
        world.clock.advance(seconds: 61)
        #expect(try await world.gateway.approvals.adopt(id, by: Fixture.person("lars", teams: ["leads"])).state == .proposed)
        let refusal = await #expect(throws: Refusal.self) { try await world.say(.approve, on: id, by: "olga", teams: ["desk"]) }
        #expect(refusal?.code == .approvalNotEligible)
        #expect(try await world.say(.approve, on: id, by: "dan", teams: ["security"]).state == .executed)
    }

    @Test("Nobody can use up their approval on a change that waits to be adopted")
    func beforeAdoption() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let id = try #require(try await world.submit("user.disable", ["user": "kai.nilsen"]).change)
        let refusal = await #expect(throws: Refusal.self) { try await world.say(.approve, on: id, by: "lena") }
        #expect(refusal?.code == .approvalNotWaiting)
        #expect(try await world.say(.refuse, on: id, by: "lena").state == .withdrawn)
    }

    @Test("Of two who adopt a change at once, one is told that the other was first")
    func twoAdopters() async throws {
        let world = try await GatewayFixture(
            policy: GatewayFixture.policy + """
                permit (principal in Exequatur::Team::"leads", action in Embedded::Action::"user.disable", resource);
                """)
        defer { world.close() }
        let id = try #require(try await world.submit("user.disable", ["user": "kai.nilsen"]).change)
        let (lena, lars) = (Fixture.person("lena", teams: ["leads"]), Fixture.person("lars", teams: ["leads"]))
        async let first = Result { try await world.gateway.approvals.adopt(id, by: lena) }
        async let second = Result { try await world.gateway.approvals.adopt(id, by: lars) }
        let results = await [first, second]
        #expect(results.count { (try? $0.get()) != nil } == 1)
        for case .failure(let error) in results { #expect((error as? Refusal)?.code == .changeClosed) }
        #expect(world.alarms.heard == [])
    }

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

    @Test("A task that ends while the lease is being made stops the step before anything is applied")
    func endWhileLeasing() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let (gateway, task) = (world.gateway, try await world.task())
        world.meddler.onLease { try? await gateway.tasks.end(task) }
        let answer = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        #expect(answer.status == .failed && answer.code == "task.ended")
        #expect(try await world.directory.leftovers().isEmpty)
    }

    @Test("A lock placed while the lease is being made stops the step before anything is applied")
    func lockWhileLeasing() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let gateway = world.gateway
        world.meddler.onLease { _ = try? await gateway.locks.place(.system, "corp", by: Fixture.person("olga", teams: ["desk"])) }
        let answer = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        #expect(answer.status == .failed && answer.code == "locked")
        #expect(try await world.store.openLeases().isEmpty)
        #expect(try await world.directory.leftovers().isEmpty)
    }

    @Test("A label given to a group between plan and write makes the write a conflict")
    func labelledMeanwhile() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let fixture = world
        world.meddler.onLease {
            try? await fixture.change("INSERT INTO label SELECT id, 'tier-0' FROM entry WHERE name = 'operations'")
        }
        let waiting = try await world.submit("group.add-member", Self.adding)
        let change = try await world.say(.approve, on: try #require(waiting.change), by: "lena")
        #expect(change.state == .failed && change.reason == "target.conflict")
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

@Suite("Moments from outside")
struct InstantTests {
    @Test("Arithmetic on moments stays within its range", arguments: [Int64.min, -1, 0, 1, .max / 1000, .max])
    func arithmetic(seconds: Int64) {
        for start in [Int64.min, 0, 1_790_000_000_000, .max] {
            #expect(Instant.range.contains(Instant(milliseconds: start).adding(seconds: seconds).milliseconds))
        }
    }

    @Test(
        "A statement with dates beyond the year 9999 is refused where it is read",
        arguments: [Int64.min, -1, 253_402_300_800_000, .max])
    func statements(date: Int64) throws {
        let text = { (issued: Int64, expires: Int64) in
            JSONWriter.canonicalText([
                "type": "exequatur-approval-v1", "verdict": "approve", "gateway": "g", "change": "c",
                "plan": .string(String(repeating: "0", count: 64)), "assessment": .string(String(repeating: "0", count: 64)),
                "approver": "p", "issued": .integer(issued), "expires": .integer(expires),
                "nonce": .string(String(repeating: "0", count: 32)),
            ])
        }
        #expect(throws: ShapeError.self) { try ApprovalStatement(text: text(date, 1)) }
        #expect(throws: ShapeError.self) { try ApprovalStatement(text: text(1, date)) }
    }
}
