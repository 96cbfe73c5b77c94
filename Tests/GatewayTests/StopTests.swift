import Authority
import Cedar
import ConnectorEmbedded
import Gateway
import Storage
import StrictJSON
import Synchronization
import GatewayWorld
import TestSupport
import Testing

@Suite("What comes between a grant and its step")
struct StopTests {
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]

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

    @Test("Whoever is refused is told so once their request is on disk, though no decision follows it")
    func refusedOnRecord() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let operation = try #require(world.directory.catalogue["user.set-title"])
        let title: JSONValue = ["user": "kai.nilsen", "value": "Captain"]
        let target = try await world.directory.plan(operation, try Input(title, for: operation)).target.id.string
        let subject = Lock.operation("corp", "user.set-title", target)
        _ = try await world.gateway.locks.place(.operation, subject, by: Fixture.person("olga", teams: ["desk"]))
        _ = try await world.task()
        let before = try await world.store.logSize(.requests)
        let refusal = await #expect(throws: Refusal.self) { try await world.submit("user.set-title", title) }
        #expect(refusal?.code == .locked)
        #expect(try await world.store.logSize(.requests) == before + 1)
        world.gate.fail(with: StoreError(.unavailable, "the disk is full"))
        let error = await #expect(throws: StoreError.self) { try await world.submit("user.set-title", title) }
        #expect(error?.code == .unavailable)
        #expect(try await world.store.logSize(.requests) == before + 1)
    }

    @Test(
        "A lock, or the end of the task, ends the lease of a step that is being applied, and does not wait for it",
        arguments: [true, false])
    func stopWhileApplying(byLock: Bool) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let (gateway, task, fixture) = (world.gateway, try await world.task(), world)
        let left = Mutex<Int?>(nil)
        world.meddler.onApply {
            if byLock {
                _ = try? await gateway.locks.place(.system, "corp", by: Fixture.person("olga", teams: ["desk"]))
            } else {
                try? await gateway.tasks.end(task)
            }
            for _ in 0..<200 {
                let leases = (try? await fixture.directory.leftovers())?.count
                left.withLock { $0 = leases }
                guard leases != 0 else { return }
                try? await _Concurrency.Task.sleep(for: .milliseconds(50))
            }
        }
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        #expect(left.withLock { $0 } == 0)
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
