import Authority
import Gateway
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("Undoing under a lock")
struct EmergencyTests {
    private static let policy =
        GatewayFixture.policy
        + "permit (principal in Exequatur::Team::\"security\", action in Exequatur::Action::\"approve\", resource);"
    private static let lena = Fixture.person("lena", teams: ["leads"])
    private static let lars = Fixture.person("lars", teams: ["leads"])
    private static let dan = Fixture.person("dan", teams: ["security"])

    private func world(policy: String = policy) async throws -> (GatewayFixture, done: String, task: Task) {
        let world = try await GatewayFixture(policy: policy)
        let done = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        let task = try await world.gateway.tasks.task(
            for: Self.lena, session: "s", expires: Instant(milliseconds: .max / 2))
        return (world, try #require(done.change), task)
    }

    private func title(_ world: GatewayFixture) async throws -> JSONValue? {
        let answer = try await world.submit("user.read", ["user": "kai.nilsen"])
        return answer.result?.json["attributes"]?["title"]
    }

    @Test(
        "A person undoes what was done though all is locked: two teams sign it, with the locks in force",
        arguments: [Lock.Scope.all, .system, .workload])
    func undo(scope: Lock.Scope) async throws {
        let (world, done, task) = try await world()
        defer { world.close() }
        let subject = [.all: "", .system: "corp", .workload: "agent"][scope] ?? ""
        _ = try await world.gateway.locks.place(scope, subject, by: Self.lars)
        let answer = try await world.gateway.submissions.rollback(done, by: Self.lena, task: task)
        if scope == .workload {
            // It is not the person's: nothing stands in their way, and policy alone decides.
            #expect(answer.status == .done)
            return
        }
        let id = try #require(answer.change)
        #expect(answer.code == "staged.approval")
        let sheet = try await world.gateway.desk.sheet(id)
        #expect(sheet.terms.locks.count == 1 && sheet.terms.locks[0].hasPrefix(scope == .all ? "all:@" : "system:corp@"))
        #expect(sheet.eligible == ["dan", "lars"], "whoever asked is none of them")
        #expect(try await world.say(.approve, on: id, by: "lars").state == .proposed)
        #expect(try await world.say(.approve, on: id, by: "dan", teams: ["security"]).state == .executed)
        try await world.gateway.locks.lift(scope, subject, by: Self.lena)
        #expect(try await title(world) != "Captain")
    }

    @Test("A lock that was placed after it was staged stops it, and lifted lets it go on")
    func later() async throws {
        let (world, done, task) = try await world()
        defer { world.close() }
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.lars)
        let id = try #require(try await world.gateway.submissions.rollback(done, by: Self.lena, task: task).change)
        try await world.say(.approve, on: id, by: "lars")
        _ = try await world.gateway.locks.place(.all, "", by: Self.dan)
        let refusal = await #expect(throws: Refusal.self) {
            try await world.say(.approve, on: id, by: "dan", teams: ["security"])
        }
        #expect(refusal?.code == .locked)
        try await world.gateway.locks.lift(.all, "", by: Self.lena)
        #expect(try await world.say(.approve, on: id, by: "dan", teams: ["security"]).state == .executed)
    }

    @Test("A lock that is placed again is another lock, lifted or not, and is so after a restart", arguments: [true, false])
    func again(isLifted: Bool) async throws {
        let (world, done, task) = try await world()
        defer { world.close() }
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.lars)
        let id = try #require(try await world.gateway.submissions.rollback(done, by: Self.lena, task: task).change)
        try await world.say(.approve, on: id, by: "lars")
        if isLifted { try await world.gateway.locks.lift(.system, "corp", by: Self.lena) }
        world.clock.advance(seconds: 1)
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.dan)
        for gateway in [world.gateway, try await world.restarted()] {
            let proof = try await world.sign(.approve, on: id, by: "dan")
            let refusal = await #expect(throws: Refusal.self) { try await gateway.approvals.record(proof, by: Self.dan) }
            #expect(refusal?.code == .locked)
        }
    }

    @Test("An undo that was asked for before the lock is not taken for the one that is asked for under it")
    func before() async throws {
        let policy = Self.policy.replacing(
            "permit (principal in Exequatur::Team::\"leads\", action, resource);",
            with: """
                permit (principal in Exequatur::Team::"leads", action in [Exequatur::Action::"approve", Exequatur::Action::"view", Exequatur::Action::"unlock"], resource);
                permit (principal in Exequatur::Team::"leads", action in Exequatur::Action::"execute", resource) when { context.approvals.count >= 1 };
                """)
        let (world, done, task) = try await world(policy: policy)
        defer { world.close() }
        let first = try await world.gateway.submissions.rollback(done, by: Self.lena, task: task)
        #expect(first.code == "staged.approval")
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.lars)
        let second = try await world.gateway.submissions.rollback(done, by: Self.lena, task: task)
        let id = try #require(second.change)
        #expect(id != first.change)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .proposed)
        #expect(try await world.say(.approve, on: id, by: "dan", teams: ["security"]).state == .executed)
    }

    @Test("A new session is no way around a lock on an earlier one")
    func session() async throws {
        let (world, done, task) = try await world()
        defer { world.close() }
        _ = try await world.gateway.locks.place(.task, task.id, by: Self.lars)
        let other = try await world.gateway.tasks.task(for: Self.lena, session: "t", expires: Instant(milliseconds: .max / 2))
        let refusal = await #expect(throws: Refusal.self) {
            try await world.gateway.submissions.rollback(done, by: Self.lena, task: other)
        }
        #expect(refusal?.code == .locked)
    }

    @Test("A lock on another task of the person, placed after the first signature, stops their undo too")
    func laterSession() async throws {
        let (world, done, task) = try await world()
        defer { world.close() }
        let other = try await world.gateway.tasks.task(for: Self.lena, session: "t", expires: Instant(milliseconds: .max / 2))
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.lars)
        let id = try #require(try await world.gateway.submissions.rollback(done, by: Self.lena, task: other).change)
        try await world.say(.approve, on: id, by: "lars")
        _ = try await world.gateway.locks.place(.task, task.id, by: Self.dan)
        let refusal = await #expect(throws: Refusal.self) {
            try await world.say(.approve, on: id, by: "dan", teams: ["security"])
        }
        #expect(refusal?.code == .locked)
        let retried = await #expect(throws: Refusal.self) { try await world.gateway.queue.retry(id, by: Self.lena) }
        #expect(retried?.code == .locked)
        try await world.gateway.locks.lift(.task, task.id, by: Self.lars)
        #expect(try await world.say(.approve, on: id, by: "dan", teams: ["security"]).state == .executed)
    }

    @Test("Under a lock on the person's own task nothing is undone, nor by an agent under any")
    func own() async throws {
        let (world, done, task) = try await world()
        defer { world.close() }
        _ = try await world.gateway.locks.place(.task, task.id, by: Self.lars)
        let refusal = await #expect(throws: Refusal.self) {
            try await world.gateway.submissions.rollback(done, by: Self.lena, task: task)
        }
        #expect(refusal?.code == .locked)
        try await world.gateway.locks.lift(.task, task.id, by: Self.lars)
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.lars)
        let agent = Principal.workload(Fixture.workload())
        let change = try await world.gateway.submissions.change(done, of: agent)
        let stopped = await #expect(throws: Refusal.self) {
            try await world.gateway.submissions.rollback(
                change, by: agent, task: world.task(), evidence: Evidence(), door: "test")
        }
        #expect(stopped?.code == .locked)
    }

    @Test("A person's other requests are stopped by a lock as anybody's")
    func others() async throws {
        let (world, _, task) = try await world()
        defer { world.close() }
        _ = try await world.gateway.locks.place(.system, "corp", by: Self.lars)
        let refusal = await #expect(throws: Refusal.self) {
            try await world.gateway.submissions.submit(
                Submissions.Request(
                    principal: .person(Self.lena), task: task, system: "corp", operation: "user.set-title",
                    input: ["user": "kai.nilsen", "value": "Mate"], evidence: Evidence(), door: "test"))
        }
        #expect(refusal?.code == .locked)
    }
}
