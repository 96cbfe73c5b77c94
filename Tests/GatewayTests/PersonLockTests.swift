import Authority
import ConnectorEmbedded
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite("A person who is stopped")
struct PersonLockTests {
    private static let lena = Fixture.person("lena", teams: ["leads"])
    private static let lars = Fixture.person("lars", teams: ["leads"])
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]
    private static let two = GatewayFixture.policy.replacing("count >= 1", with: "count >= 2")

    /// What a stopped person tries.
    enum Attempt: CaseIterable, Sendable {
        case undo, approve, adopt, ask, retry, why, secret, lift, liftOther, lock, lockAgain, delegated, alias
    }

    @Test(
        "Nothing of theirs is decided any more, by whatever id, nor anything on their behalf", arguments: Attempt.allCases,
        [Lock.Scope.person, .task])
    func stopped(attempt: Attempt, by scope: Lock.Scope) async throws {
        let world = try await GatewayFixture(aliases: ["lena": ["lena.adm"]])
        defer { world.close() }
        let gateway = world.gateway
        let done = try #require(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"]).change)
        let waiting = try #require(
            try await world.submit("group.add-member", Self.adding, evidence: Evidence(justification: "why")).change)
        let proposed = try #require(try await world.submit("user.disable", ["user": "kai.nilsen"]).change)
        let secret = try #require(try await world.submit("user.reset-password", ["user": "kai.nilsen"]).change)
        let task = try await gateway.tasks.task(for: Self.lena, session: "s", expires: Instant(milliseconds: .max / 2))
        let subject = scope == .person ? "lena" : task.id
        _ = try await gateway.locks.place(scope, subject, by: Self.lars)
        _ = try await gateway.locks.place(.operation, "corp/user.disable/u-1001", by: Self.lars)
        let refusal = await #expect(throws: Refusal.self) {
            switch attempt {
            case .undo: _ = try await gateway.submissions.rollback(done, by: Self.lena, task: task)
            case .approve: try await world.say(.approve, on: waiting, by: "lena")
            case .adopt: _ = try await gateway.approvals.adopt(proposed, by: Self.lena)
            case .ask: try await self.ask(world, .person(Self.lena), task)
            case .retry: _ = try await gateway.queue.retry(waiting, by: Self.lena)
            case .why: _ = try await gateway.desk.why(waiting, for: Self.lena)
            case .secret: _ = try await gateway.desk.takeSecret(of: secret, by: Self.lena)
            case .lift: try await gateway.locks.lift(scope, subject, by: Self.lena)
            case .liftOther: try await gateway.locks.lift(.operation, "corp/user.disable/u-1001", by: Self.lena)
            case .lock: _ = try await gateway.locks.place(.person, "lars", by: Self.lena)
            case .lockAgain: _ = try await gateway.locks.place(.operation, "corp/user.disable/u-1001", by: Self.lena)
            case .delegated, .alias:
                let delegator = attempt == .alias ? "lena.adm" : "lena"
                let delegated = try await gateway.tasks.task(
                    for: Fixture.workload(), delegator: delegator, token: "other", expires: Instant(milliseconds: .max / 2),
                    purpose: nil)
                try await self.ask(world, .workload(Fixture.workload()), delegated)
            }
        }
        #expect(refusal?.code == .locked)
    }

    private func ask(_ world: GatewayFixture, _ principal: Principal, _ task: Task) async throws {
        _ = try await world.gateway.submissions.submit(
            Submissions.Request(
                principal: principal, task: task, system: "corp", operation: "user.set-title",
                input: ["user": "kai.nilsen", "value": "Mate"], evidence: Evidence(), door: "test"))
    }

    @Test("They may still refuse, and others lift the lock; nobody is stopped who is not there")
    func others() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let first = try #require(try await world.submit("group.add-member", Self.adding).change)
        _ = try await world.gateway.locks.place(.person, "lena", by: Self.lars)
        #expect(try await world.say(.refuse, on: first, by: "lena").state == .withdrawn)
        let second = try #require(try await world.submit("group.add-member", Self.adding).change)
        try await world.gateway.locks.lift(.person, "lena", by: Self.lars)
        #expect(try await world.say(.approve, on: second, by: "lena").state == .executed)
        let unknown = await #expect(throws: Refusal.self) {
            try await world.gateway.locks.place(.person, "nobody", by: Self.lars)
        }
        #expect(unknown?.code == .lockUnknown)
    }

    @Test("What they approved before is stopped too, and goes on when the lock is lifted", arguments: [true, false])
    func signedBefore(byTask: Bool) async throws {
        let world = try await GatewayFixture(policy: Self.two)
        defer { world.close() }
        let id = try #require(try await world.submit("group.add-member", Self.adding).change)
        let task = try await world.gateway.tasks.task(for: Self.lena, session: "s", expires: Instant(milliseconds: .max / 2))
        try await world.say(.approve, on: id, by: "lena")
        let (scope, subject) = byTask ? (Lock.Scope.task, task.id) : (.person, "lena")
        _ = try await world.gateway.locks.place(scope, subject, by: Self.lars)
        let refusal = await #expect(throws: Refusal.self) { try await world.say(.approve, on: id, by: "lars") }
        #expect(refusal?.code == .locked)
        #expect(try await world.gateway.desk.sheet(id).obstacle?.contains("stands in the way") == true)
        #expect(try await world.store.change(id)?.state == .proposed)
        try await world.gateway.locks.lift(scope, subject, by: Self.lars)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("A lock on who approved it, placed while the lease is being made, stops the step")
    func whileLeasing() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let id = try #require(try await world.submit("group.add-member", Self.adding).change)
        let gateway = world.gateway
        world.meddler.onLease { _ = try? await gateway.locks.place(.person, "lena", by: Self.lars) }
        let change = try await world.say(.approve, on: id, by: "lena")
        #expect(change.state == .failed && change.reason == "locked")
        #expect(try await world.directory.leftovers().isEmpty)
    }

    @Test("A lock on who approved it ends the lease of a step that is being applied")
    func whileApplying() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let id = try #require(try await world.submit("group.add-member", Self.adding).change)
        let (gateway, directory) = (world.gateway, world.directory)
        let left = Mutex<Int?>(nil)
        world.meddler.onApply {
            _ = try? await gateway.locks.place(.person, "lena", by: Self.lars)
            for _ in 0..<200 {
                let leases = (try? await directory.leftovers())?.count
                left.withLock { $0 = leases }
                guard leases != 0 else { return }
                try? await _Concurrency.Task.sleep(for: .milliseconds(50))
            }
        }
        _ = try await world.say(.approve, on: id, by: "lena")
        #expect(left.withLock { $0 } == 0)
    }
}
