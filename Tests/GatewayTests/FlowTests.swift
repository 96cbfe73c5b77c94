import Authority
import ConnectorEmbedded
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("The path of a request")
struct FlowTests {
    @Test("A read withholds what policy does not disclose; absent and unreadable answer the same")
    func read() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let answer = try await world.submit("user.read", ["user": "cleo.aas"])
        let text = answer.text
        #expect(answer.status == .done && text.contains("cleo.aas@fjordline.example"))
        for secret in ["recoveryCode", "homeAddress", "employeeNumber", "Harbour Street"] { #expect(!text.contains(secret)) }
        let hidden = try await world.submit("user.find", ["attribute": "homeAddress", "match": "prefix", "value": "1"])
        let absent = try await world.submit("user.find", ["attribute": "homeAddress", "match": "prefix", "value": "zz"])
        #expect(hidden.text == absent.text)
        let denied = try await world.submit("user.create", ["user": "ada.berg", "displayName": "x", "surname": "x"])
        let nobody = try await world.submit("user.disable", ["user": "no.body"])
        #expect(denied.text == nobody.text)
    }

    @Test("What policy permits runs at once, with a receipt; asked again under its key it is not done twice")
    func execute() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let first = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k1")
        #expect(first.status == .done && first.receipt != nil)
        let again = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], key: "k1")
        #expect(again.change == first.change)
        await #expect(throws: Refusal.self) {
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Admiral"], key: "k1")
        }
        #expect(try await world.store.openLeases().isEmpty)
        #expect(try await world.directory.leftovers().isEmpty)
    }

    @Test("A change that needs approval is staged; one that may only be proposed waits for a person, whose own right decides")
    func staging() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let waiting = try await world.submit("group.add-member", ["group": "operations", "member": "ivo.petrov"])
        #expect(waiting.code == "staged.approval")
        let shown = try await world.gateway.desk.sheet(try #require(waiting.change))
        #expect(shown.needs == "one approval" && shown.eligible == ["lars", "lena"])
        #expect(
            !waiting.message.contains("lena") && !waiting.message.contains("approvals."),
            "who and what policy says is not for agents")
        let proposed = try await world.submit("user.disable", ["user": "kai.nilsen"])
        #expect(proposed.code == "staged.adoption")
        let id = try #require(proposed.change)
        await #expect(throws: Refusal.self) {
            try await world.gateway.approvals.adopt(id, by: Fixture.person("olga", teams: ["desk"]))
        }
        let adopted = try await world.gateway.approvals.adopt(id, by: Fixture.person("lena", teams: ["leads"]))
        #expect(adopted.state == .executed && adopted.adopter == "lena")
    }

    @Test(
        "Tier 0 is out of reach, directly and through nested groups",
        arguments: [
            ("group.add-member", "domain-admins", "ivo.petrov"), ("group.add-member", "platform-admins", "ivo.petrov"),
        ])
    func tierZero(operation: String, group: String, member: String) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let answer = try await world.submit(operation, ["group": .string(group), "member": .string(member)])
        #expect(answer.status == .denied)
    }

    @Test("Evidence never reaches a decision, and is never in clear")
    func evidence() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let claims = [Evidence(), Evidence(prompt: "ROOT PLEASE", justification: "ceo", classification: "harmless")]
        var decisions: [JSONValue] = []
        for claim in claims {
            _ = try await world.submit("group.add-member", ["group": "domain-admins", "member": "ivo.petrov"], evidence: claim)
            let size = try await world.store.logSize(.decisions)
            let bytes = try #require(try await world.store.entries(.decisions, in: (size - 1)..<size).first)
            decisions.append(try #require(try JSONReader.read(bytes)["body"]?["decision"]))
        }
        #expect(decisions[0] == decisions[1])
        for log in LogName.allCases {
            for bytes in try await world.store.entries(log, in: 0..<100) {
                #expect(!String(decoding: bytes, as: UTF8.self).contains("ROOT PLEASE"))
            }
        }
    }

    @Test("A lock placed while a step is being made ready stops it: nothing is applied, and its lease ends")
    func lockBetween() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let olga = Fixture.person("olga", teams: ["desk"])
        world.meddler.onLease { _ = try? await world.gateway.locks.place(.workload, "agent", by: olga) }
        let answer = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        #expect(answer.status == .failed && answer.code == "locked")
        #expect(try await world.store.openLeases().isEmpty)
        #expect(try await world.directory.leftovers().isEmpty)
        try await world.gateway.locks.lift(.workload, "agent", by: Fixture.person("lena", teams: ["leads"]))
        let title = try await world.submit("user.read", ["user": "kai.nilsen"]).result?.json["attributes"]?["title"]
        #expect(title != nil && title != "Captain")
    }

    @Test("A lock stops the next step; lifting it needs policy's leave, and then all goes on")
    func locks() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let (olga, lena) = (Fixture.person("olga", teams: ["desk"]), Fixture.person("lena", teams: ["leads"]))
        _ = try await world.gateway.locks.place(.workload, "agent", by: olga)
        await #expect(throws: Refusal.self) { try await world.submit("user.read", ["user": "cleo.aas"]) }
        await #expect(throws: Refusal.self) { try await world.gateway.locks.lift(.workload, "agent", by: olga) }
        try await world.gateway.locks.lift(.workload, "agent", by: lena)
        #expect(try await world.submit("user.read", ["user": "cleo.aas"]).status == .done)
    }

    @Test("A rollback is a change of its own, and reports a conflict instead of overwriting")
    func rollback() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let done = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        let change = try await world.gateway.submissions.change(try #require(done.change), of: .workload(Fixture.workload()))
        let undone = try await world.gateway.submissions.rollback(
            change, by: .workload(Fixture.workload()), task: world.task(), evidence: Evidence(), door: "test")
        #expect(undone.status == .done && undone.change != done.change)
        #expect(try await world.store.change(change.id)?.state == .rolledBack)
        let second = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Somebody else's"])
        let stale = try await world.gateway.submissions.change(try #require(second.change), of: .workload(Fixture.workload()))
        let refused = try await world.gateway.submissions.rollback(
            stale, by: .workload(Fixture.workload()), task: world.task(), evidence: Evidence(), door: "test")
        #expect(refused.code == "rollback.conflict")
    }

    @Test(
        "Under a lock, and to whoever may neither do it nor read the target, a rollback doesn't tell whether the values moved on")
    func rollbackTellsNothing() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let agent = Principal.workload(Fixture.workload())
        let done = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"])
        let change = try await world.gateway.submissions.change(try #require(done.change), of: agent)
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Somebody else's"])
        func rollback() async throws -> Answer {
            try await world.gateway.submissions.rollback(
                change, by: agent, task: world.task(), evidence: Evidence(), door: "test")
        }
        _ = try await world.gateway.locks.place(.workload, "agent", by: Fixture.person("olga", teams: ["desk"]))
        #expect(await #expect(throws: Refusal.self) { try await rollback() }?.code == .locked)
        try await world.gateway.locks.lift(.workload, "agent", by: Fixture.person("lena", teams: ["leads"]))
        try await world.gateway.adopt(Fixture.bundle("", [world.directory.catalogue]))
        let before = try await world.sizes()
        #expect(try await rollback().code == "denied")
        #expect(try await zip(before, world.sizes()).map { $1 - $0 } == [1, 1, 0], "it was asked and decided, and so is logged")
    }

    @Test("A new password is shown once, to a person, and is in no log and no answer")
    func password() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let answer = try await world.submit("user.reset-password", ["user": "kai.nilsen"])
        let id = try #require(answer.change)
        let lena = Fixture.person("lena", teams: ["leads"])
        await #expect(throws: Refusal.self) {
            try await world.gateway.desk.takeSecret(of: id, by: Fixture.person("olga", teams: ["desk"]))
        }
        let shown = try await world.gateway.desk.takeSecret(of: id, by: lena)
        await #expect(throws: Refusal.self) { try await world.gateway.desk.takeSecret(of: id, by: lena) }
        #expect(!answer.text.contains(shown.value))
        for log in LogName.allCases {
            for bytes in try await world.store.entries(log, in: 0..<100) {
                #expect(!String(decoding: bytes, as: UTF8.self).contains(shown.value))
            }
        }
    }

    @Test(
        "What an agent sends besides has a longest length, in bytes",
        arguments: [(256 << 10, 0, 0), (0, 8 << 10, 0), (0, 0, 1 << 10)])
    func longEvidence(prompt: Int, justification: Int, classification: Int) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        func evidence(and more: Int) -> Evidence {
            func text(_ character: Character, _ count: Int) -> String? {
                count == 0 ? nil : String(repeating: character, count: count + more)
            }
            return Evidence(
                prompt: text("p", prompt), justification: text("ø", justification), classification: text("c", classification))
        }
        #expect(try await world.submit("user.read", ["user": "cleo.aas"], evidence: evidence(and: 0)).status == .done)
        let sizes = try await world.sizes()
        let error = await #expect(throws: ShapeError.self) {
            try await world.submit("user.read", ["user": "cleo.aas"], evidence: evidence(and: 1))
        }
        #expect(error?.code == .tooLong)
        #expect(try await world.sizes() == sizes)
    }
}
