import Authority
import Gateway
import GatewayWorld
import StrictJSON
import TestSupport
import Testing

@Suite("What does more than it declares")
struct UndeclaredTests {
    @Test(
        "A plan that goes beyond what its operation declares is refused",
        arguments: [Meddler.Trick.undeclared, .undeclaredAttribute])
    func undeclaredEffects(_ trick: Meddler.Trick) async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        world.meddler.play(trick)
        let error = await #expect(throws: Refusal.self) {
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"])
        }
        #expect(error?.code == .planUndeclared)
    }

    @Test("A change that did more than it declares alarms, and that operation on that target waits for a person")
    func moreThanDeclared() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        world.meddler.play(.moreThanDeclared)
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"]).status == .done)
        world.meddler.play(.none)
        #expect(try await world.entries("alarm").count == 1)
        let error = await #expect(throws: Refusal.self) {
            try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "y"])
        }
        #expect(error?.code == .locked)
        #expect(try await world.submit("user.set-title", ["user": "lena.vik", "value": "y"]).status == .done)
        let lock = try #require(world.gateway.locks.inForce.first)
        #expect(lock.scope == .operation)
        try await world.gateway.locks.lift(.operation, lock.subject, by: Fixture.person("dan", teams: ["security"]))
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "y"]).status == .done)
    }

    @Test("One that did so and made an administrator of somebody locks the system for writing until a person lifts it")
    func undeclaredTakeover() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        world.meddler.play(.takeover)
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"]).status == .done)
        world.meddler.play(.none)
        let error = await #expect(throws: Refusal.self) {
            try await world.submit("user.set-title", ["user": "lena.vik", "value": "y"])
        }
        #expect(error?.code == .locked)
        #expect(try await world.submit("user.read", ["user": "kai.nilsen"]).status == .done, "reading goes on")
        try await world.gateway.locks.lift(.system, "corp", by: Fixture.person("dan", teams: ["security"]))
        #expect(try await world.submit("user.set-title", ["user": "lena.vik", "value": "y"]).status == .done)
    }

    @Test("What somebody else is known to have written meanwhile is drift, and locks nothing")
    func racedByAnAdministrator() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        world.meddler.play(.byOthers)
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"]).status == .done)
        world.meddler.play(.none)
        #expect(world.gateway.locks.inForce.isEmpty)
        #expect(try await world.entries("alarm").isEmpty)
        #expect(try await world.entries("drift").count == 1)
    }

    @Test("A change that took more away than it declares alarms and locks all the same")
    func moreTakenAway() async throws {
        let world = try await GatewayFixture(policy: openPolicy)
        defer { world.close() }
        #expect(try await world.submit("user.disable", ["user": "kai.nilsen"]).status == .done)
        world.meddler.play(.takenAway)
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "x"]).status == .done)
        world.meddler.play(.none)
        let alarm = JSONWriter.canonicalText(try #require(try await world.entries("alarm").first))
        #expect(alarm.contains("disabled") && alarm.contains("member"))
        #expect(!world.gateway.locks.inForce.isEmpty)
    }

    @Test("A system whose operations don't say what they do can't be taken on")
    func undeclared() throws {
        let silent = Operation("x.do", "Does something.", .write, on: .system, input: [])
        #expect(Catalogue(namespace: "X", kinds: [], operations: [silent]).undeclared == ["x.do"])
    }
}
