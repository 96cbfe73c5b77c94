import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("An approval, and an adoption")
struct ApprovalTests {
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]

    /// A gateway with a change that waits, and that change's id.
    private func staged(policy: String = GatewayFixture.policy) async throws -> (GatewayFixture, String) {
        let world = try await GatewayFixture(policy: policy)
        let waiting = try await world.submit("group.add-member", Self.adding)
        return (world, try #require(waiting.change))
    }

    /// Policy that asks for two approvals.
    private static let two = GatewayFixture.policy.replacing("count >= 1", with: "count >= 2")

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
        shown.add("labels", ["more than was signed"])
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

    @Test("To adopt a change is final: what its adopter may not execute any more is void, and nobody else's to adopt")
    func adoptedForGood() async throws {
        let policy = """
            permit (principal is Exequatur::Workload, action == Embedded::Action::"propose:user.disable", resource);
            permit (principal in Exequatur::Team::"leads", action, resource) when { !(action in Exequatur::Action::"execute") || context.approvals.count >= 1 };
            """
        let world = try await GatewayFixture(policy: policy)
        defer { world.close() }
        let id = try #require(try await world.submit("user.disable", ["user": "kai.nilsen"]).change)
        let lars = Fixture.person("lars", teams: ["leads"])
        #expect(try await world.gateway.approvals.adopt(id, by: lars).state == .proposed)
        try await world.reload(policy + "forbid (principal, action in Exequatur::Action::\"execute\", resource);")
        let change = try #require(try await world.store.change(id))
        #expect(change.state == .void && change.reason == "policy changed" && change.adopter == "lars")
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
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
