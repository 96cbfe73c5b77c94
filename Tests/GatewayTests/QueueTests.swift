import Authority
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("Changes that wait, when the world changes")
struct QueueTests {
    private static let one = GatewayFixture.policy
    /// Policy that asks for two approvals.
    private static let two = one.replacing("count >= 1", with: "count >= 2")
    private static let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]

    private func staged(policy: String = one) async throws -> (GatewayFixture, String) {
        let world = try await GatewayFixture(policy: policy)
        return (world, try #require(try await world.submit("group.add-member", Self.adding).change))
    }

    // MARK: Reloads

    @Test(
        "A reload that demands the same leaves it as it is, with the approvals it has",
        arguments: [
            two + "\n// a comment",
            two.replacing(
                "permit (principal is Exequatur::Workload, action in Embedded::Action::\"group.add",
                with: "@id(\"renamed\") permit (principal is Exequatur::Workload, action in Embedded::Action::\"group.add"),
        ])
    func harmless(policy: String) async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        let before = try await world.gateway.desk.sheet(id).digest
        try await world.reload(policy)
        #expect(try await world.gateway.desk.sheet(id).digest == before)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("A reload that demands more is waited for: what was approved by then counts, and is not enough")
    func stricter() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        let early = try await world.sign(.approve, on: id, by: "lena")
        try await world.reload(Self.two)
        #expect(try await world.gateway.desk.sheet(id).needs == "two approvals")
        let refusal = await #expect(throws: Refusal.self) {
            try await world.gateway.approvals.record(early, by: Fixture.person("lena", teams: ["leads"]))
        }
        #expect(refusal?.code == .approvalDigestMismatch, "what she signed is not what is demanded now")
        #expect(try await world.say(.approve, on: id, by: "lena").state == .proposed)
        #expect(try await world.gateway.desk.sheet(id).needs == "one more approval")
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("Where policy demands nothing any more, those who can complete it are told, and what is missing")
    func loosened() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        let row = try #require(try await world.gateway.desk.rows(QueueQuery([.proposed])).rows.first)
        #expect(row.needs == "one more approval")
        try await world.reload(Self.one.replacing("count >= 1", with: "count >= 0"))
        let sheet = try await world.gateway.desk.sheet(id)
        #expect(sheet.needs == "one more approval" && sheet.eligible == ["lars"])
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("A reload that demands less does not undo what a signer was told: two were to sign, and one is not enough")
    func looser() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        try await world.reload(Self.one.replacing("when { context.approvals.count >= 1 }", with: ""))
        #expect(try await world.state(of: id) == .proposed, "nothing is carried out by a reload")
        let lars = Fixture.person("lars", teams: ["leads"])
        #expect(try await world.gateway.queue.retry(id, by: lars).state == .proposed)
        #expect(try await world.gateway.desk.sheet(id).needs == "one more approval")
        #expect(try await world.submit("group.add-member", Self.adding).code == "staged.approval")
        #expect(try await world.entries("intent").isEmpty)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("What nobody signed and policy permits by now is carried out when it is asked for again, and not by the reload")
    func unsigned() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.reload(Self.one.replacing("when { context.approvals.count >= 1 }", with: ""))
        #expect(try await world.state(of: id) == .proposed)
        #expect(try await world.answer(on: id).code == "staged.nothing")
        let again = try await world.submit("group.add-member", Self.adding)
        #expect(again.change == id && again.status == .done)
    }

    @Test("What policy does not permit any more is void: its requester, people and the log are told why")
    func denied() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        try await world.reload("permit (principal in Exequatur::Team::\"leads\", action, resource);")
        #expect(try await world.state(of: id) == .void)
        #expect(try await world.answer(on: id).code == "void.policy_changed")
        #expect(try await world.gateway.desk.sheet(id).reason == "policy changed")
        #expect(try await world.entries("outcome").last?["reason"] == "policy changed")
        await #expect(throws: Refusal.self) { try await world.say(.approve, on: id, by: "lena") }
    }

    @Test("What may only be proposed by now waits to be adopted, and what may be approved again waits for that")
    func proposing() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        let proposing = Self.one.replacing(
            "action in Embedded::Action::\"group.add-member\", resource) when { context.approvals.count >= 1 }",
            with: "action == Embedded::Action::\"propose:group.add-member\", resource)")
        try await world.reload(proposing)
        #expect(try await world.answer(on: id).code == "staged.adoption")
        try await world.reload(Self.one)
        #expect(try await world.answer(on: id).code == "staged.approval")
        #expect(try await world.say(.approve, on: id, by: "lena").state == .executed)
    }

    @Test("While its system is out of reach it waits; where its target has changed it is void")
    func target() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        world.meddler.play(.unreachable)
        await world.gateway.queue.examineAll()
        #expect(try await world.state(of: id) == .proposed)
        world.meddler.play(.none)
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'operations' AND m.name = 'ivo.petrov'")
        await world.gateway.queue.examineAll()
        #expect(try await world.answer(on: id).code == "void.target_changed")
    }

    @Test("What could not be done when it was staged is not ended by a reload: that would tell its requester so")
    func obstructed() async throws {
        let policy = Self.one.replacing(
            "permit (principal is Exequatur::Workload, action == Embedded::Action::\"propose:user.disable\", resource);",
            with:
                "permit (principal is Exequatur::Workload, action in Embedded::Action::\"user.create\", resource) when { context.approvals.count >= 1 };"
        )
        let world = try await GatewayFixture(policy: policy)
        defer { world.close() }
        let taken = try await world.submit("user.create", ["user": "ada.berg", "displayName": "x", "surname": "x"])
        let id = try #require(taken.change)
        try await world.reload(policy + "\n// a comment")
        #expect(try await world.answer(on: id).text.contains("staged.approval"))
        #expect(try await world.gateway.desk.sheet(id).obstacle?.contains("exists already") == true)
        let refusal = await #expect(throws: Refusal.self) { try await world.say(.approve, on: id, by: "lena") }
        #expect(refusal?.code == .planInvalid)
    }

    @Test("What belongs to a task that ended is void")
    func task() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        try await world.gateway.queue.end(world.task())
        #expect(try await world.state(of: id) == .void)
        #expect(try await world.answer(on: id).code == "void.task_ended")
    }

    // MARK: Restarts

    @Test("At another place its operation is another: what waited is void, though all else is as it was")
    func moved() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        world.meddler.move(to: "elsewhere")
        let next = try await world.restarted()
        let proof = try await world.sign(.approve, on: id, by: "lars")
        let after = try await next.approvals.record(proof, by: Fixture.person("lars", teams: ["leads"]))
        #expect(after.state == .void && after.reason == "altered")
        #expect(try await world.entries("intent").isEmpty)
    }

    @Test("What an older version staged is void, as upgraded")
    func upgraded() async throws {
        let (world, id) = try await staged()
        defer { world.close() }
        let change = try #require(try await world.store.change(id))
        var row = try #require(change.json.object)
        row["version"] = 1
        try await world.witnessed.commit([.updateChange(try Change(json: .object(row)), from: change)], entries: [])
        await world.gateway.queue.examineAll()
        #expect(try await world.answer(on: id).code == "void.upgraded")
    }

    @Test("A restart changes nothing: what was approved counts")
    func restart() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        let next = try await world.restarted()
        await next.queue.examineAll()
        let proof = try await world.sign(.approve, on: id, by: "lars")
        #expect(try await next.approvals.record(proof, by: Fixture.person("lars", teams: ["leads"])).state == .executed)
    }

    // MARK: Who may complete it

    @Test("Whom policy let approve only after the first had signed can't complete it")
    func addedLater() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        try await world.reload(
            Self.two + "permit (principal in Exequatur::Team::\"security\", action in Exequatur::Action::\"approve\", resource);")
        let refusal = await #expect(throws: Refusal.self) {
            try await world.say(.approve, on: id, by: "dan", teams: ["security"])
        }
        #expect(refusal?.code == .approvalNotEligible)
        #expect(try await world.gateway.desk.sheet(id).eligible == ["lars"])
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("Teams that people came to be in since don't make one team two")
    func movedTeams() async throws {
        let policy =
            Self.one.replacing("count >= 1", with: "distinctTeams >= 2")
            + "permit (principal in Exequatur::Team::\"security\", action in Exequatur::Action::\"approve\", resource);"
        let (world, id) = try await staged(policy: policy)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        let next = try await world.restarted(teams: [
            "olga": ["desk"], "lena": ["leads"], "lars": ["leads", "security"], "dan": ["security"],
        ])
        await next.queue.examineAll()
        let proof = try await world.sign(.approve, on: id, by: "lars")
        let after = try await next.approvals.record(proof, by: Fixture.person("lars", teams: ["leads", "security"]))
        #expect(after.state == .proposed, "by the teams of then, it is still one")
        let third = try await world.sign(.approve, on: id, by: "dan")
        #expect(try await next.approvals.record(third, by: Fixture.person("dan", teams: ["security"])).state == .executed)
    }

    @Test("An approval by somebody whom policy lets approve no more does not count")
    func takenAway() async throws {
        let policy =
            Self.two + "permit (principal in Exequatur::Team::\"security\", action in Exequatur::Action::\"approve\", resource);"
        let (world, id) = try await staged(policy: policy)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "dan", teams: ["security"])
        try await world.reload(Self.two)
        #expect(try await world.say(.approve, on: id, by: "lena").state == .proposed, "one that counts, of two")
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("What nobody who may still approve could complete is void, and does not hold up the same for others")
    func stuck() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        let others = """
            permit (principal == Exequatur::Person::"lena", action in Exequatur::Action::"approve", resource);
            permit (principal in Exequatur::Team::"security", action in Exequatur::Action::"approve", resource);
            """
        try await world.reload(
            Self.two.replacing("permit (principal in Exequatur::Team::\"leads\", action, resource);", with: others))
        #expect(try await world.answer(on: id).code == "void.policy_changed")
        let sheet = try await world.gateway.desk.sheet(id)
        #expect(sheet.because?.contains("could complete it") == true)
        #expect(try await world.submit("group.add-member", Self.adding).change != id)
    }

    @Test("Who may not read the target does not learn by asking again, or by the end, that it is another by now")
    func discreet() async throws {
        let policy = Self.one.replacing("Embedded::Action::\"read:group.read\", ", with: "")
        let (world, id) = try await staged(policy: policy)
        defer { world.close() }
        #expect(try await world.submit("group.read", ["group": "operations"]).code == "denied")
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'operations' AND m.name = 'nora.lie'")
        #expect(try await world.submit("group.add-member", Self.adding).change == id)
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'operations' AND m.name = 'ivo.petrov'")
        let again = try await world.submit("group.add-member", Self.adding)
        #expect(again.change == id && again.code == "staged.approval")
        await world.gateway.queue.examineAll()
        #expect(try await world.answer(on: id).code == "void.not_possible")
        #expect(try await world.gateway.desk.sheet(id).reason == "target changed", "people are told")
    }

    // MARK: Weight

    @Test("A weight that falls voids nothing; a gain that nobody was shown does, once somebody has signed")
    func weight() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.say(.approve, on: id, by: "lena")
        // Whoever is in operations can take domain-admins from now on.
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'domain-admins' AND m.name = 'operations'")
        try await world.gateway.reachWatch.reread("corp")
        await world.gateway.queue.examineAll()
        #expect(try await world.answer(on: id).code == "void.target_changed")
        #expect(try await world.entries("intent").isEmpty)
    }

    @Test("A weight that falls after somebody has signed leaves their word good")
    func lighter() async throws {
        let (world, id) = try await staged(policy: Self.two)
        defer { world.close() }
        try await world.change("INSERT INTO label SELECT id, 'sensitive' FROM entry WHERE name = 'operations'")
        await world.gateway.queue.examineAll()
        #expect(try await world.gateway.desk.sheet(id).shown.labels == ["sensitive"])
        try await world.say(.approve, on: id, by: "lena")
        try await world.change("DELETE FROM label WHERE entry = (SELECT id FROM entry WHERE name = 'operations')")
        await world.gateway.queue.examineAll()
        #expect(try await world.state(of: id) == .proposed)
        #expect(try await world.say(.approve, on: id, by: "lars").state == .executed)
    }

    @Test("Before anybody has signed, what it would make possible by now is shown, and what was signed before is not taken")
    func weightUnsigned() async throws {
        let (world, id) = try await staged(
            policy: Self.two
                + "permit (principal in Exequatur::Team::\"security\", action in Exequatur::Action::\"approve\", resource);")
        defer { world.close() }
        let early = try await world.sign(.approve, on: id, by: "lena")
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'release-managers' AND m.name = 'operations'"
        )
        try await world.gateway.reachWatch.reread("corp")
        let refusal = await #expect(throws: Refusal.self) {
            try await world.gateway.approvals.record(early, by: Fixture.person("lena", teams: ["leads"]))
        }
        #expect(refusal?.code == .approvalDigestMismatch)
        let shown = try await world.gateway.desk.sheet(id)
        #expect(JSONWriter.canonicalText(shown.shown.json).contains("domain-admins") && shown.obstacle == nil)
    }
}
