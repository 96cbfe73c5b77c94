import Authority
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import Synchronization
import TestSupport
import Testing

@Suite("Changes that wait, when much happens at once")
struct QueueRaceTests {
    private static let one = GatewayFixture.policy
    /// Policy that asks for two approvals.
    private static let two = one.replacing("count >= 1", with: "count >= 2")
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]

    /// Policy that asks for two, of whom nobody is left but lena and whoever is in `security`.
    private static let others = two.replacing(
        "permit (principal in Exequatur::Team::\"leads\", action, resource);",
        with: """
            permit (principal == Exequatur::Person::"lena", action in Exequatur::Action::"approve", resource);
            permit (principal in Exequatur::Team::"security", action in Exequatur::Action::"approve", resource);
            """)

    private func staged(policy: String = one) async throws -> (GatewayFixture, String) {
        let world = try await GatewayFixture(policy: policy)
        return (world, try #require(try await world.submit("group.add-member", Self.adding).change))
    }

    @Test(
        "What could not be examined because its system was away, or turned the gateway away, is examined when it is back",
        arguments: [Meddler.Trick.unreachable, .turnedAway])
    func outage(_ trick: Meddler.Trick) async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        world.meddler.play(trick)
        try await world.reload("permit (principal in Exequatur::Team::\"leads\", action, resource);")
        #expect(try await world.state(of: id) == .proposed)
        world.meddler.play(.none)
        await world.gateway.queue.examineLeft()
        #expect(try await world.answer(on: id).code == "void.policy_changed")
    }

    @Test(
        "However many could not be examined, each is once its system answers again, and the sweep does not wait for it",
        .timeLimit(.minutes(10)))
    func manyOut() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        var all = [id]
        for member in ["nora.lie", "eli.strand", "milo.dahl", "cleo.aas", "june.okafor", "gus.holm"] {
            let answer = try await world.submit("group.add-member", ["group": "operations", "member": .string(member)])
            if let change = answer.change { all.append(change) }
        }
        #expect(all.count > 4)
        world.meddler.play(.unreachable)
        try await world.reload("permit (principal in Exequatur::Team::\"leads\", action, resource);")
        await world.gateway.queue.examineLeft()
        world.meddler.play(.none)
        // Four at a time are examined, and none of them goes on before the sweep is over.
        let meeting = Meeting(of: 5)
        world.meddler.onPlan { await meeting.arrive() }
        await world.gateway.sweep()
        await meeting.arrive()
        for id in all {
            for _ in 0..<1_000 {
                guard try await world.state(of: id) == .proposed else { break }
                try await _Concurrency.Task.sleep(for: .milliseconds(5))
            }
            #expect(try await world.answer(on: id).code == "void.policy_changed")
        }
    }

    @Test("A task that ends while a change of it is being staged ends that change too")
    func endedWhileStaging() async throws {
        let world = try await GatewayFixture(policy: Self.one)
        defer { world.close() }
        let (gateway, task) = (world.gateway, try await world.task())
        world.meddler.onPlan { try? await gateway.queue.end(task) }
        let answer = try await world.submit("group.add-member", Self.adding, evidence: Evidence(justification: "why"))
        #expect(answer.code == "void.task_ended")
        await world.gateway.sweep()
        #expect(try world.copies.changes().isEmpty)
    }

    @Test(
        "The same is the same after its requester came to be allowed to read the target, and after it was taken away",
        arguments: [true, false])
    func readableMeanwhile(atFirst: Bool) async throws {
        let hidden = Self.one.replacing("Embedded::Action::\"read:group.read\", ", with: "")
        let (world, id) = try await staged(policy: atFirst ? Self.one : hidden)
        defer { world.close() }
        try await world.reload(atFirst ? hidden : Self.one)
        #expect(try await world.submit("group.add-member", Self.adding).change == id)
        #expect(try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.count == 1)
    }

    @Test("An approved change that can't be given back now keeps no other from it")
    func givenBack() async throws {
        let (world, first) = try await staged()
        defer { world.close() }
        let task = try await world.gateway.tasks.task(
            for: Fixture.workload(), delegator: nil, token: "other", expires: Instant(milliseconds: .max / 2), purpose: nil)
        let second = try #require(
            try await world.gateway.submissions.submit(
                Submissions.Request(
                    principal: .workload(Fixture.workload()), task: task, system: "corp", operation: "group.add-member",
                    input: ["group": "operations", "member": "nora.lie"], evidence: Evidence(), door: "test")
            ).change)
        for id in [first, second] {
            let change = try #require(try await world.store.change(id))
            try await world.witnessed.commit([.updateChange(try change.after(.approvedEnough), from: change)], entries: [])
        }
        // The record of the newer one is altered: it is looked at first.
        try await world.tamper(
            "UPDATE change SET json = CAST(replace(CAST(json AS TEXT), '\"p\"', '\"q\"') AS BLOB) WHERE id = '\(second)'")
        await world.gateway.sweep()
        #expect(try await world.state(of: first) == .proposed)
        #expect(try await world.state(of: second) == .approved)
    }

    @Test("What was approved and without a grant while policies were reloaded is examined when it waits again")
    func approvedMeanwhile() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        let change = try #require(try await world.store.change(id))
        try await world.witnessed.commit([.updateChange(try change.after(.approvedEnough), from: change)], entries: [])
        try await world.reload("permit (principal in Exequatur::Team::\"leads\", action, resource);")
        #expect(try await world.state(of: id) == .approved)
        await world.gateway.sweep()
        for _ in 0..<1_000 {
            guard try await world.state(of: id) != .void else { break }
            try await _Concurrency.Task.sleep(for: .milliseconds(5))
        }
        #expect(try await world.answer(on: id).code == "void.policy_changed")
    }

    @Test("What waits for nobody is tried again when it is asked for again, with its key too", arguments: [nil, "k"])
    func again(key: String?) async throws {
        let world = try await GatewayFixture(policy: Self.one)
        defer { world.close() }
        let id = try #require(try await world.submit("group.add-member", Self.adding, key: key).change)
        try await world.reload(Self.one.replacing("count >= 1", with: "count >= 0"))
        #expect(try await world.answer(on: id).code == "staged.nothing")
        let again = try await world.submit("group.add-member", Self.adding, key: key)
        #expect(again.status == .done && again.change == id)
    }

    @Test(
        "Of two words of one person's at the same moment the first counts, and the other is not put in its place",
        .timeLimit(.minutes(10)))
    func wordsAtOnce() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        let (gateway, lena) = (world.gateway, Fixture.person("lena", teams: ["leads"]))
        let (first, second) = (
            try await world.sign(.approve, on: id, by: "lena"), try await world.sign(.approve, on: id, by: "lena")
        )
        // The second is looked at first, and goes on when the first is stored and is about to be counted.
        let (looked, stored, done) = (Meeting(of: 2), Meeting(of: 2), Meeting(of: 2))
        let calls = Mutex(0)
        world.meddler.onPlan {
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            if call == 1 { await looked.arrive() }
            if call == 1 || call == 3 { await stored.arrive() }
            if call == 3 { await done.arrive() }
        }
        let late = _Concurrency.Task { try await gateway.approvals.record(second, by: lena) }
        await looked.arrive()
        let early = _Concurrency.Task { try await gateway.approvals.record(first, by: lena) }
        let refusal = await #expect(throws: Refusal.self) { try await late.value }
        await done.arrive()
        #expect(try await early.value.state == .executed)
        #expect(refusal?.code == .approvalUsed)
        #expect(try await world.store.approvals(of: id).map(\.statement.nonce) == [first.statement.nonce])
    }

    @Test("A key is bound to what waits, and not to what turns out void when it is asked for again")
    func keyOfVoid() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        // Nobody who may approve by now could complete it, and that is not known yet.
        world.meddler.play(.unreachable)
        try await world.reload(Self.others)
        world.meddler.play(.none)
        let again = try await world.submit("group.add-member", Self.adding, key: "k")
        #expect(again.code == "staged.approval" && again.change != id)
        #expect(try await world.answer(on: id).code == "void.policy_changed")
        #expect(try await world.submit("group.add-member", Self.adding, key: "k").change == again.change)
        #expect(try await world.submit("group.add-member", Self.adding, key: "other").change == again.change)
    }
}
