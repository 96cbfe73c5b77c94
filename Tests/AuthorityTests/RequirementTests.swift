import Cedar
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
        (.holdsAny(["approvals", "people"], []), [], false), (.holdsAny(["approvals", "people"], []), ["ann"], true),
        (.atLeast(["system", "now"], 2), ["ann"], nil),
        (.any([.atLeast(["approvals", "count"], 1), .atLeast(["system", "now"], 2)]), ["ann"], true),
        (.all([.atLeast(["approvals", "count"], 2), .atLeast(["system", "now"], 2)]), ["ann"], false),
        (.condition("context.approvals.count * 2 > 3"), ["ann", "bob"], true),
        (.condition("context.approvals.count * 2 > 3"), ["ann"], false),
        (.condition("principal in context.approvals.teams"), ["ann", "bob"], nil),
        (.condition("resource.owner == \"x\""), ["ann"], nil), (.condition("context.nothing > 3"), ["ann"], nil),
        (.condition("not Cedar at all"), ["ann"], nil),
        (.condition("true }; permit (principal, action, resource) when { true"), [], nil),
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

    @Test("The canonical form of a canonical form is itself, and is read back, whatever stands in what", arguments: 0..<200)
    func idempotent(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func roll(_ count: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % count
        }
        func make(_ depth: Int) -> Requirement {
            let kind = depth == 0 ? 2 + roll(2) : roll(4)
            switch kind {
            case 0: return .all((0..<roll(4)).map { _ in make(depth - 1) })
            case 1: return .any((0..<roll(4)).map { _ in make(depth - 1) })
            case 2: return .atLeast(["approvals", roll(2) == 0 ? "count" : "distinctTeams"], Int64(roll(3)))
            default: return .holdsAny(["approvals", "people"], [])
            }
        }
        let requirement = ApprovalRequirement(make(6), approvers: Self.people)
        #expect(requirement.demand.canonical == requirement.demand)
        #expect(try ApprovalRequirement(json: requirement.json) == requirement)
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

    @Test("A demand may nest, and its canonical form is not found by trying all ways", .timeLimit(.minutes(1)))
    func deep() throws {
        var requirement = Requirement.atLeast(["approvals", "count"], 1)
        for level in 0..<60 {
            let other = Requirement.atLeast(["approvals", "count"], Int64(level) + 2)
            requirement = level % 2 == 0 ? .all([requirement, other]) : .any([requirement, other])
        }
        #expect(requirement.canonical.depth == 60)
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
            precondition: .atomic, reach: .none,
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

@Suite("What is shown is what is signed")
struct SheetTests {
    private func change() throws -> Change {
        let catalogue = Catalogue.directory(namespace: "Test", attributes: [])
        let operation = try #require(catalogue["user.disable"])
        let uid = EntityUID(type: "Test::User", id: "u")
        let plan = Plan(
            target: uid, targetName: "kim",
            touched: [TouchedValue(entity: uid, name: "kim", attribute: "enabled", before: ["true"], after: ["false"])],
            inverse: Inverse(operation: "user.enable", input: ["user": "u"]), reversibility: .reversible, precondition: .atomic,
            version: "1", native: [:], facts: [])
        return Change(
            id: "chg-1", state: .proposed, wait: .approval, submission: try Fixture.submission(operation, ["user": "u"]),
            plan: plan, definition: Digest(of: "definition"), assessment: Assessment(plan, operation, reach: .none),
            requirement: ApprovalRequirement(
                .atLeast(["approvals", "count"], 1), approvers: [PersonRecord(id: "ann", teams: ["a"])]),
            created: Fixture.now, expires: Fixture.now.adding(seconds: 60), rollbackOf: nil)
    }

    private func sheet() throws -> ChangeSheet {
        ChangeSheet(try change(), gateway: "g", words: [], needs: "one approval", eligible: ["ann"], obstacle: nil, evidence: nil)
    }

    @Test("A sheet is read back as it was sent, and its statement holds for the change")
    func roundTrip() throws {
        let sheet = try ChangeSheet(json: try sheet().json)
        let statement = sheet.statement(.approve, by: "ann", issued: Fixture.now, nonce: String(repeating: "a", count: 32))
        #expect(try statement.problem(for: change(), by: Fixture.person("ann"), at: "g", now: Fixture.now) == nil)
    }

    @Test(
        "Whatever is altered on the way is seen, or is in what is signed",
        arguments: [
            "/terms/input", "/terms/touched", "/terms/targetName", "/terms/operation", "/terms/definition", "/terms/purpose",
            "/terms/locks",
            "/terms/version", "/terms/principal", "/assessment", "/requirement/demand", "/requirement/approvers", "/digest",
            "/digests",
        ])
    func altered(pointer: String) throws {
        let whole = try sheet().json
        let parts = pointer.split(separator: "/").map(String.init)
        func replace(_ json: JSONValue, _ rest: ArraySlice<String>) -> JSONValue {
            guard let key = rest.first, var object = json.object else { return "altered" }
            object[key] = object[key].map { replace($0, rest.dropFirst()) }
            return .object(object)
        }
        let json = replace(whole, parts[...])
        #expect(json != whole)
        #expect(throws: (any Error).self) { try ChangeSheet(json: json) }
    }

    @Test(
        "A refusal may say why, an approval may not",
        arguments: [("Ask HR.", true), ("", false), ("a\u{200B}b", false), (String(repeating: "x", count: 281), false)])
    func reasons(text: String, isGood: Bool) throws {
        func read(_ verdict: ApprovalStatement.Verdict) throws -> ApprovalStatement {
            let statement = try sheet().statement(
                verdict, by: "ann", issued: Fixture.now, nonce: String(repeating: "a", count: 32), reason: text)
            return try ApprovalStatement(text: JSONWriter.canonicalText(statement.json))
        }
        #expect(((try? read(.refuse)) != nil) == isGood)
        #expect(throws: (any Error).self) { try read(.approve) }
    }
}
