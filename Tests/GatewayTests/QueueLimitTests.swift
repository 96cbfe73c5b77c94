import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("The queue is one that people can look through")
struct QueueLimitTests {
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]

    private func submit(
        _ world: GatewayFixture, _ input: JSONValue, token: String, purpose: String? = nil, delegator: String? = nil,
        by workload: Workload = Fixture.workload()
    )
        async throws -> Answer
    {
        let task = try await world.gateway.tasks.task(
            for: workload, delegator: delegator, token: token, expires: Instant(milliseconds: .max / 2),
            purpose: purpose)
        return try await world.gateway.submissions.submit(
            Submissions.Request(
                principal: .workload(workload), task: task, system: "corp", operation: "group.add-member", input: input,
                evidence: Evidence(), door: "test"))
    }

    @Test("The same, asked for while it waits, is the one that waits: each request decided and logged, one shown")
    func duplicates() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let first = try await submit(world, Self.adding, token: "a")
        let before = try await world.sizes()
        let again = try await submit(world, Self.adding, token: "b")
        #expect(again.change == first.change && again.code == "staged.approval")
        let after = try await world.sizes()
        // The other task, its request and its decision.
        #expect(zip(before, after).map { $1 - $0 } == [2, 1, 0])
        let id = try #require(first.change)
        #expect(try await world.entries("decision", of: .decisions).last?["reason"]?.string == "waiting.\(id)")
        #expect(try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.map(\.id) == [id])
        try await world.say(.refuse, on: id, by: "lena")
        #expect(try await submit(world, Self.adding, token: "a").change != id, "once it is over, it is asked anew")
    }

    @Test("For another purpose or another member it is another")
    func different() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let first = try await submit(world, Self.adding, token: "a")
        let others = [
            try await submit(world, Self.adding, token: "b", purpose: "q"),
            try await submit(world, ["group": "operations", "member": "nora.lie"], token: "a"),
        ]
        for other in others { #expect(other.change != nil && other.change != first.change) }
    }

    @Test("Asked for by many at once, one waits")
    func atOnce() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let changes = try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<8 {
                group.addTask { try await self.submit(world, Self.adding, token: "t\(number)").change }
            }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(changes.count == 1 && changes.first != nil)
    }

    @Test("So many of one workload wait, and no more: that is decided and logged, and what runs at once still runs")
    func cap() async throws {
        let world = try await GatewayFixture(waitingLimit: 2)
        defer { world.close() }
        for member in ["ivo.petrov", "nora.lie"] {
            #expect(try await submit(world, ["group": "operations", "member": .string(member)], token: "a").status == .staged)
        }
        let refusal = await #expect(throws: Refusal.self) {
            try await submit(world, ["group": "operations", "member": "eli.strand"], token: "a")
        }
        #expect(refusal?.code == .limitWaiting)
        #expect(try await world.entries("decision", of: .decisions).last?["reason"]?.string == "limit.waiting")
        #expect(try await submit(world, Self.adding, token: "a").status == .staged, "the same is no more")
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Mate"]).status == .done)
        let first = try #require(try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.last?.id)
        try await world.say(.refuse, on: first, by: "lena")
        #expect(try await submit(world, ["group": "operations", "member": "eli.strand"], token: "a").status == .staged)
    }

    @Test("So many wait on behalf of one person, whichever workloads ask")
    func delegator() async throws {
        let world = try await GatewayFixture(waitingLimit: 2)
        defer { world.close() }
        func ask(_ member: String, _ workload: String, for person: String) async throws -> Answer {
            try await submit(
                world, ["group": "operations", "member": .string(member)], token: "\(workload) \(person)", delegator: person,
                by: Fixture.workload(workload))
        }
        #expect(try await ask("ivo.petrov", "agent", for: "lena").status == .staged)
        #expect(try await ask("nora.lie", "agent-2", for: "lena").status == .staged)
        let refusal = await #expect(throws: Refusal.self) { try await ask("eli.strand", "agent", for: "lena") }
        #expect(refusal?.code == .limitWaiting)
        #expect(try await ask("eli.strand", "agent", for: "lars").status == .staged)
    }

    @Test(
        "On behalf of a person it reads what both may read, and nothing on behalf of who may not delegate that",
        arguments: [true, false])
    func delegatedRead(mayDelegate: Bool) async throws {
        let policy = mayDelegate ? "" : "forbid (principal, action in Exequatur::Action::\"delegate\", resource);"
        let world = try await GatewayFixture(policy: GatewayFixture.policy + policy)
        defer { world.close() }
        let task = try await world.gateway.tasks.task(
            for: Fixture.workload(), delegator: "lena", token: "d", expires: Instant(milliseconds: .max / 2), purpose: nil)
        let answer = try await world.gateway.submissions.submit(
            Submissions.Request(
                principal: .workload(Fixture.workload()), task: task, system: "corp", operation: "user.read",
                input: ["user": "kai.nilsen"], evidence: Evidence(), door: "test"))
        #expect(answer.status == (mayDelegate ? .done : .denied))
        #expect((answer.result?.json["attributes"]?["title"] != nil) == mayDelegate)
    }

    @Test("Many at once don't get beyond the cap")
    func capAtOnce() async throws {
        let world = try await GatewayFixture(waitingLimit: 3)
        defer { world.close() }
        let members = ["ivo.petrov", "nora.lie", "kai.nilsen", "milo.dahl", "eli.strand", "cleo.aas", "june.okafor", "gus.holm"]
        await withTaskGroup(of: Void.self) { group in
            for member in members {
                group.addTask {
                    _ = try? await self.submit(world, ["group": "operations", "member": .string(member)], token: "a")
                }
            }
        }
        let waiting = try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.count
        #expect((1...3).contains(waiting))
    }

    @Test("A row says what a change does as people say it")
    func sentences() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        _ = try await world.submit("group.add-member", Self.adding)
        _ = try await world.submit("user.disable", ["user": "kai.nilsen"])
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Mate"])
        let rows = try await world.gateway.desk.rows(QueueQuery(Set(Change.State.allCases))).rows
        #expect(
            Set(rows.map(\.sentence)) == [
                "add ivo.petrov to operations", "disable kai.nilsen", "set title of kai.nilsen to Mate",
            ])
    }

    @Test(
        "What an agent writes is in the row as it is, whatever it looks like",
        arguments: ["CFO (acting)", "{removed}", "{user}", "{target} (u-1)"])
    func values(value: String) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": .string(value)])
        let rows = try await world.gateway.desk.rows(QueueQuery(Set(Change.State.allCases))).rows
        #expect(rows.map(\.sentence) == ["set title of kai.nilsen to \(value)"])
    }

    @Test("What a person who refuses says reaches whoever asked, and no name with it")
    func reason() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let id = try #require(try await world.submit("group.add-member", Self.adding).change)
        let change = try #require(try await world.store.change(id))
        let signer = try #require(world.signers["lena"])
        let proof = try signer.statement(.refuse, on: change, by: "lena", issued: world.clock.now, reason: "Ask HR first.")
        #expect(
            try await world.gateway.approvals.record(proof, by: Fixture.person("lena", teams: ["leads"])).state == .withdrawn)
        let submissions = world.gateway.submissions
        let told = try await submissions.status(of: submissions.change(id, of: .workload(Fixture.workload())))
        #expect(told.code == "refused" && told.message.contains("Ask HR first.") && !told.text.contains("lena"))
    }
}
