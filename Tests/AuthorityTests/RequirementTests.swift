import Cedar
import DirectoryKit
import StrictJSON
import TestSupport
import Testing

@testable import Authority

@Suite("What approvals must show")
struct RequirementTests {
    private static let people = [
        PersonRecord(id: "ann", teams: ["a"]), PersonRecord(id: "bob", teams: ["b"]), PersonRecord(id: "cat", teams: ["a", "b"]),
    ]

    private func facts(_ ids: [String], verified: Bool = false) -> [ApprovalFact] {
        Self.people.filter { ids.contains($0.id) }.map { ApprovalFact(person: $0, userVerified: verified) }
    }

    private static let person = Value.entity(.person("bob"))
    private static let cases: [(Requirement, [String], Bool?)] = [
        (.all([]), [], true), (.any([]), ["ann"], false),
        (.atLeast(["approvals", "count"], 2), ["ann"], false), (.atLeast(["approvals", "count"], 2), ["ann", "bob"], true),
        (.atLeast(["approvals", "distinctTeams"], 2), ["ann", "cat"], true),
        (.atLeast(["approvals", "distinctTeams"], 2), ["ann"], false),
        (.holdsAll(["approvals", "people"], [person]), ["ann"], false),
        (.holdsAny(["approvals", "people"], [person]), ["ann", "bob"], true),
        (.atLeast(["system", "now"], 2), ["ann"], nil), (.condition("context.approvals.count * 2 > 3"), ["ann", "bob"], true),
        (.condition("principal in context.approvals.teams"), ["ann", "bob"], nil),
    ]

    @Test("It is told from approvals alone, or not at all", arguments: cases.indices)
    func meaning(place: Int) throws {
        let (requirement, ids, expected) = Self.cases[place]
        #expect(ApprovalRequirement(requirement, approvers: Self.people).isMet(by: facts(ids)) == expected)
    }

    @Test("It is read back as it was written, and in no other form", arguments: cases.indices)
    func roundTrip(place: Int) throws {
        let requirement = ApprovalRequirement(Self.cases[place].0, approvers: Self.people)
        #expect(try ApprovalRequirement(json: requirement.json) == requirement)
        var json = requirement.json
        json.add(
            "approvers",
            .array(
                requirement.approvers.reversed().map { ["id": .string($0.id), "teams": .array($0.teams.map(JSONValue.string))] }))
        #expect(throws: (any Error).self) { try ApprovalRequirement(json: json) }
    }

    @Test("How policies are named and in which order they stand changes nothing of it")
    func canonical() throws {
        let (count, teams) = (
            Requirement.atLeast(["approvals", "count"], 2), Requirement.atLeast(["approvals", "distinctTeams"], 2)
        )
        let first = ApprovalRequirement(.all([count, .any([teams, count])]), approvers: Self.people)
        let second = ApprovalRequirement(.all([.any([count, teams]), count]), approvers: Self.people.reversed())
        #expect(first.digest == second.digest)
    }

    @Test("Two policies that say the same in two orders leave a demand that is read back")
    func twice() throws {
        let (p, q, r) = (
            Requirement.atLeast(["approvals", "count"], 2), Requirement.atLeast(["approvals", "distinctTeams"], 2),
            Requirement.atLeast(["approvals", "count"], 1)
        )
        let requirement = ApprovalRequirement(.all([.any([.all([p, q]), .all([q, p])]), r]), approvers: Self.people)
        #expect(try ApprovalRequirement(json: requirement.json) == requirement)
    }

    @Test("The teams of then count, and those who were no approvers then do not")
    func thenAndNow() throws {
        let requirement = ApprovalRequirement(
            .atLeast(["approvals", "distinctTeams"], 2),
            approvers: [PersonRecord(id: "ann", teams: ["a"]), PersonRecord(id: "cat", teams: ["a"])])
        #expect(requirement.isMet(by: facts(["ann", "cat"])) == false)
        #expect(requirement.isMet(by: facts(["ann", "bob"])) == false)
    }

    @Test("After one of two approvals it says what is still missing")
    func missing() throws {
        func words(_ requirement: Requirement, _ ids: [String]) -> String? {
            ApprovalRequirement(requirement, approvers: Self.people).missing(after: facts(ids))
        }
        let (count, teams) = (
            Requirement.atLeast(["approvals", "count"], 2), Requirement.atLeast(["approvals", "distinctTeams"], 2)
        )
        #expect(words(count, []) == "two approvals")
        #expect(words(count, ["ann"]) == "one more approval")
        #expect(words(teams, ["ann"]) == "one more approval, from another team than ann's")
        #expect(words(.all([count, teams]), ["ann", "bob"]) == nil)
        #expect(
            words(.all([count, .holdsAll(["approvals", "people"], [Self.person])]), ["ann"])
                == "one more approval, an approval by bob")
    }

    @Test("Each part of the context has the type that the schema says")
    func context() throws {
        let catalogue = Catalogue.directory(namespace: "Test", attributes: [])
        let schema = try Schema(CatalogueSchema.text([catalogue]))
        var context = ContextShape.value(
            input: .record(["user": "u"]),
            task: ContextShape.value(taskID: "t", tenant: "t", purpose: "p", expires: Fixture.now), delegator: .person("ann"),
            precondition: .atomic, lease: .scoped, reach: .none,
            surroundings: ContextShape.value(now: Fixture.now, environment: "test", isLocked: true))
        context["approvals"] = ContextShape.value(facts(["ann", "cat"]))
        let request = Request(
            principal: .workload("w"), action: EntityUID(type: "Test::Action", id: "execute:user.disable"),
            resource: EntityUID(type: "Test::User", id: "u"), context: context)
        #expect(throws: Never.self) { try schema.check(request) }
        for name in context.keys where name != "delegator" {
            var without = request
            without.context[name] = nil
            #expect(throws: (any Error).self, "\(name)") { try schema.check(without) }
        }
    }
}
