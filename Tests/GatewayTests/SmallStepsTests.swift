import Authority
import Gateway
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

/// Everything may be executed at once, as far as policy goes: what stops a step here is what it makes possible.
let openPolicy = """
    permit (principal is Exequatur::Workload, action in [Exequatur::Action::"execute", Exequatur::Action::"read"], resource);
    permit (principal in Exequatur::Team::"leads", action in Exequatur::Action::"approve", resource);
    permit (principal in Exequatur::Team::"security", action in Exequatur::Action::"approve", resource);
    permit (principal is Exequatur::Person, action in [Exequatur::Action::"view", Exequatur::Action::"unlock"], resource);
    """

@Suite("What small steps add up to")
struct SmallStepsTests {
    @Test("Harmless steps run; the one that completes a way to what is protected waits for people, who are shown the way")
    func chain() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        // release-managers own platform-admins, which are domain-admins: no label says so.
        #expect(try await world.submit("group.add-member", ["group": "apprentices", "member": "ivo.petrov"]).status == .done)
        let last = try await world.submit("group.add-member", ["group": "release-managers", "member": "apprentices"])
        #expect(last.code == "staged.approval")
        let text = last.text
        #expect(!text.contains("domain-admins") && !text.contains("platform"), "agents never see paths")
        let shown = try await world.gateway.desk.sheet(try #require(last.change))
        let reach = shown.shown.reach
        #expect(reach.targets.contains("corp/group/domain-admins"))
        let paths = reach.gained.flatMap(\.path).joined()
        #expect(paths.contains("corp/group/apprentices is a member of corp/group/release-managers"))
        #expect(paths.contains("corp/group/release-managers owns corp/group/platform-admins"))
        #expect(shown.needs?.contains("different teams") == true)
    }

    @Test("The order does not matter: the step that completes is stopped, the others run")
    func otherOrder() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        let nest = try await world.submit("group.add-member", ["group": "release-managers", "member": "apprentices"])
        #expect(nest.code == "staged.approval", "june.okafor is in it already")
        #expect(try await world.submit("group.add-member", ["group": "apprentices", "member": "ivo.petrov"]).status == .done)
    }

    @Test("Disabled accounts don't count until they are enabled, and to enable one is a step like any other")
    func disabled() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        #expect(try await world.submit("user.disable", ["user": "ivo.petrov"]).status == .done)
        #expect(
            try await world.submit("group.add-member", ["group": "release-managers", "member": "ivo.petrov"]).status == .done)
        #expect(try await world.submit("user.enable", ["user": "ivo.petrov"]).code == "staged.approval")
    }

    @Test("A password reset of somebody who can take what is protected is a takeover step; of anybody else it is not")
    func credentials() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        #expect(try await world.submit("user.reset-password", ["user": "kai.nilsen"]).status == .done)
        #expect(try await world.submit("user.reset-password", ["user": "gus.holm"]).code == "staged.approval")
        #expect(try await world.submit("user.set-mail", ["user": "kai.nilsen", "value": "x@y.example"]).status == .done)
        #expect(try await world.submit("user.set-mail", ["user": "gus.holm", "value": "x@y.example"]).code == "staged.approval")
        // The agents chose where kai's password can be recovered: what kai gets now, they get.
        let nest = try await world.submit("group.add-member", ["group": "release-managers", "member": "kai.nilsen"])
        let shown = try await world.gateway.desk.sheet(try #require(nest.change))
        #expect(JSONWriter.canonicalText(shown.shown.json).contains("exequatur/coalition/agents"))
    }

    @Test("Each half of a takeover runs by itself", arguments: [true, false])
    func halves(isEnabling: Bool) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        #expect(try await world.submit("group.remove-member", ["group": "apprentices", "member": "june.okafor"]).status == .done)
        #expect(try await world.submit("user.disable", ["user": "nora.lie"]).status == .done)
        let step: (String, JSONValue) =
            isEnabling
            ? ("user.enable", ["user": "nora.lie"])
            : ("group.add-member", ["group": "release-managers", "member": "nora.lie"])
        #expect(try await world.submit(step.0, step.1).status == .done)
    }

    @Test("Of two steps at the same moment, each harmless and together a takeover, one runs and one waits", arguments: 0..<6)
    func concurrent(_ round: Int) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        // nora → chain → release-managers: each half alone leads nowhere.
        #expect(try await world.submit("group.remove-member", ["group": "apprentices", "member": "june.okafor"]).status == .done)
        #expect(try await world.submit("user.disable", ["user": "nora.lie"]).status == .done)
        // Neither is decided before both are planned, so that each is decided without the other.
        let meeting = Meeting(of: 2)
        world.meddler.onPlan { await meeting.arrive() }
        async let enabling = world.submit("user.enable", ["user": "nora.lie"])
        async let joining = world.submit("group.add-member", ["group": "release-managers", "member": "nora.lie"])
        let answers = try await [enabling, joining]
        // Whichever is first runs: the other completes it, whatever the order.
        #expect(answers.map(\.status).filter { $0 == .done }.count == 1)
        #expect(answers.contains { $0.code == "staged.approval" })
        try await world.gateway.reachWatch.reread("corp")
        let report = world.gateway.reachWatch.report().text
        #expect(!report.contains("nora.lie"))
    }

    @Test("What somebody else took away is no licence to put it back")
    func takenAway() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        try await world.change(
            "DELETE FROM member WHERE member = (SELECT id FROM entry WHERE name = 'farah.noor')")
        let again = try await world.submit("group.add-member", ["group": "domain-admins", "member": "farah.noor"])
        #expect(again.code == "staged.approval", "the graph still has her there")
    }

    @Test("To choose a credential of somebody who can take what is protected is never free, whoever had it chosen before")
    func chosenAgain() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        let kai: JSONValue = ["user": "kai.nilsen", "value": "x@y.example"]
        #expect(try await world.submit("user.set-mail", kai).status == .done)
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'release-managers' AND m.name = 'kai.nilsen'"
        )
        try await world.gateway.reachWatch.reread("corp")
        // Through kai, the agents have all now: of farah.noor's mail they gain nothing that they did not have.
        #expect(world.gateway.reachWatch.report().text.contains("exequatur/coalition/agents"))
        for user in ["farah.noor", "kai.nilsen"] {
            let again = try await world.submit("user.set-mail", ["user": .string(user), "value": "z@y.example"])
            #expect(again.code == "staged.approval")
        }
    }

    @Test("What an agent chose is the agents', whoever adopts the change")
    func adopted() async throws {
        let world = try await GatewayFixture(
            policy: """
                permit (principal is Exequatur::Workload, action == Embedded::Action::"propose:user.set-mail", resource);
                permit (principal in Exequatur::Team::"leads", action, resource);
                permit (principal in Exequatur::Team::"security", action in Exequatur::Action::"approve", resource);
                """)
        defer { world.close() }
        let proposed = try await world.submit("user.set-mail", ["user": "farah.noor", "value": "agent@evil.example"])
        let change = try await world.gateway.approvals.adopt(
            try #require(proposed.change), by: Fixture.person("lena", teams: ["leads"]))
        #expect(change.state == .proposed, "it waits for two teams")
    }

    @Test("A removal and its undoing at the same moment: whoever is put back is put back with approval", arguments: 0..<4)
    func removedAndPutBack(_ round: Int) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        async let removing = world.submit("group.remove-member", ["group": "domain-admins", "member": "farah.noor"])
        async let adding = world.submit("group.add-member", ["group": "domain-admins", "member": "farah.noor"])
        let (removed, added) = try await (removing, adding)
        #expect(removed.status == .done)
        #expect(added.status != .done || added.code == "plan.no_change")
    }

    @Test("Of two who would together lock everybody out, one at most may", arguments: 0..<4)
    func lockoutTogether(_ round: Int) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        for user in ["gus.holm", "hana.sato"] {
            #expect(try await world.submit("user.disable", ["user": .string(user)]).status == .done)
        }
        async let one = world.submit("user.disable", ["user": "farah.noor"])
        async let two = world.submit("user.disable", ["user": "svc-backup"])
        #expect(try await [one, two].count { $0.status == .done } <= 1)
    }

    @Test("A graph that is too old, or was never read, denies every write in code")
    func stale() async throws {
        let world = try await GatewayFixture(policy: openPolicy, longestAge: -1)
        defer { world.close() }
        let error = await #expect(throws: Refusal.self) {
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"])
        }
        #expect(error?.code == .reachStale)
        #expect(try await world.submit("user.read", ["user": "kai.nilsen"]).status == .done)
    }

    @Test("What somebody else changed in the system is logged with what it makes possible")
    func drift() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        #expect(try await world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"]).status == .done)
        try await world.gateway.reachWatch.reread("corp")
        #expect(try await world.entries("drift").isEmpty, "our own steps are no drift")
        try await world.change(
            "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = 'release-managers' AND m.name = 'cleo.aas'"
        )
        try await world.gateway.reachWatch.reread("corp")
        let entry = try #require(try await world.entries("drift").first)
        let text = JSONWriter.canonicalText(entry)
        #expect(text.contains("corp/group/domain-admins") && text.contains("corp/user/cleo.aas"))
    }

    @Test("A step that would leave nobody to look after something protected is refused")
    func lockout() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        #expect(
            try await world.submit("group.remove-member", ["group": "domain-admins", "member": "farah.noor"]).status == .done)
        #expect(try await world.submit("user.disable", ["user": "gus.holm"]).status == .done)
        #expect(try await world.submit("user.disable", ["user": "hana.sato"]).status == .done)
        #expect(try await world.submit("user.disable", ["user": "svc-backup"]).status == .denied)
        #expect(try await world.submit("user.set-title", ["user": "svc-backup", "value": "x"]).status == .done)
    }

    @Test("To write an attribute that a policy reads is never for one alone")
    func readAttributes() async throws {
        let world = try await GatewayFixture(
            policy: openPolicy + """
                permit (principal is Exequatur::Workload, action, resource is Embedded::User)
                when { resource has department && resource.department == "IT" };
                """)
        defer { world.close() }
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"]).status == .done)
        #expect(try await world.submit("user.set-department", ["user": "kai.nilsen", "value": "IT"]).code == "staged.approval")
        #expect(try await world.submit("user.set-department", ["user": "kai.nilsen", "value": "HR"]).code == "staged.approval")
    }

    @Test("Nor to enable anybody, where policies look at who is enabled")
    func readsEnabled() async throws {
        let world = try await GatewayFixture(
            policy: openPolicy
                + "forbid (principal, action, resource is Embedded::User) when { resource has enabled && resource.enabled && resource.name == \"x\" };"
        )
        defer { world.close() }
        #expect(try await world.submit("user.disable", ["user": "kai.nilsen"]).code == "staged.approval")
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"]).status == .done)
    }

    @Test(
        "A name that the configuration speaks of is not free to be taken", arguments: ["future.boss", "Future.Boss", "lena.own"])
    func awaited(_ name: String) async throws {
        let world = try await GatewayFixture(
            policy: openPolicy, entries: [user("future.boss")],
            accounts: [(ReachNode.person("lena"), user("lena.own"))])
        defer { world.close() }
        func create(_ name: String) async throws -> Answer {
            try await world.submit(
                "user.create", ["user": .string(name), "displayName": "x", "surname": "x", "mail": "a@evil.example"])
        }
        #expect(try await create(name).code == "staged.approval")
        #expect(try await create("somebody.else").status == .done)
    }

    @Test("The address chosen for somebody new is the agents', read since or not", arguments: [true, false])
    func newcomer(_ isRead: Bool) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        let input: JSONValue = ["user": "new.one", "displayName": "x", "surname": "x", "mail": "a@evil.example"]
        #expect(try await world.submit("user.create", input).status == .done)
        if isRead { try await world.gateway.reachWatch.reread("corp") }
        #expect(try await world.entries("drift").isEmpty)
        let nest = try await world.submit("group.add-member", ["group": "release-managers", "member": "new.one"])
        let shown = try await world.gateway.desk.sheet(try #require(nest.change))
        #expect(JSONWriter.canonicalText(shown.shown.json).contains("exequatur/coalition/agents"))
    }

    private func user(_ name: String) -> ReachSettings.EntryName { .init(system: "corp", kind: "user", name: name) }

    @Test("Who was created since the last reading is known by name when a step is judged")
    func unread() async throws {
        let world = try await GatewayFixture(
            policy: openPolicy, entries: [user("the.boss")], accounts: [(ReachNode.person("lena"), user("lena.own"))])
        defer { world.close() }
        for (id, name) in [("u-9001", "the.boss"), ("u-9002", "lena.own"), ("u-9003", "nobody")] {
            try await world.change(
                "INSERT INTO entry SELECT '\(id)', kind, '\(name)', 1, 1, NULL, NULL FROM entry WHERE name = 'kai.nilsen'"
            )
        }
        for (name, isFree) in [("the.boss", false), ("lena.own", false), ("nobody", true)] {
            let answer = try await world.submit("user.set-mail", ["user": .string(name), "value": "a@evil.example"])
            #expect((answer.status == .done) == isFree, "\(name)")
        }
    }

    @Test("Who is created under a name that the graph still has is taken for the one that had it")
    func madeAnew() async throws {
        let world = try await GatewayFixture(
            policy: openPolicy, accounts: [(ReachNode.person("lena"), user("kai.nilsen"))])
        defer { world.close() }
        try await world.change("DELETE FROM entry WHERE name IN ('kai.nilsen', 'nora.lie')")
        for (name, isFree) in [("kai.nilsen", false), ("nora.lie", true)] {
            let answer = try await world.submit("user.create", ["user": .string(name), "displayName": "x", "surname": "x"])
            #expect((answer.status == .done) == isFree, "\(name)")
        }
    }

    @Test("What was chosen for somebody new is not taken for that of one who had the name, or has it otherwise spelt")
    func namesakes() async throws {
        for (gone, name) in [(true, "kai.nilsen"), (false, "Kai.Nilsen")] {
            let world = try await GatewayFixture(policy: openPolicy)
            defer { world.close() }
            if gone { try await world.change("DELETE FROM entry WHERE name = 'kai.nilsen'") }
            let input: JSONValue = ["user": .string(name), "displayName": "x", "surname": "x", "mail": "a@evil.example"]
            #expect(try await world.submit("user.create", input).status == .done)
            for isRead in [false, true] {
                if isRead { try await world.gateway.reachWatch.reread("corp") }
                let nest = try await world.submit("group.add-member", ["group": "release-managers", "member": .string(name)])
                let shown = try await world.gateway.desk.sheet(try #require(nest.change))
                #expect(JSONWriter.canonicalText(shown.shown.json).contains("exequatur/coalition/agents"))
            }
        }
    }

    @Test("Names in the configuration are meant however they are written")
    func spelling() async throws {
        let world = try await GatewayFixture(policy: openPolicy, entries: [user("Kai.NILSEN")])
        defer { world.close() }
        #expect(
            try await world.submit("user.set-mail", ["user": "kai.nilsen", "value": "x@y.example"]).code == "staged.approval")
        #expect(world.gateway.reachWatch.report().unresolved.isEmpty)
    }

    @Test(
        "A reading that breaks off, or names what it never gave, changes nothing", arguments: [Meddler.Trick.cutOff, .dangling])
    func brokenReadings(_ trick: Meddler.Trick) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        let before = world.gateway.reachWatch.report().text
        world.meddler.play(trick)
        await #expect(throws: ConnectorError.self) { try await world.gateway.reachWatch.reread("corp") }
        #expect(world.gateway.reachWatch.report().text == before)
        world.meddler.play(.none)
        #expect(
            try await world.submit("group.add-member", ["group": "release-managers", "member": "kai.nilsen"]).code
                == "staged.approval")
    }
}
