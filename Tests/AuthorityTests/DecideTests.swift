import Authority
import Cedar
import DirectoryKit
import StrictJSON
import TestSupport
import Testing

private let catalogue = Catalogue.directory(
    namespace: "Test",
    attributes: [AttributeDefinition("mail", .internal, isWritable: true), AttributeDefinition("pin", .secret)])

private let people = [
    PersonRecord(id: "olga", teams: ["ops"]), PersonRecord(id: "paul", teams: ["ops"]), PersonRecord(id: "sara", teams: ["sec"]),
]

private let registered = RegisteredPeople(all: people, humans: people, digest: Digest(of: "registered"))

/// Decides adding a member, by the agent of the fixtures, under a policy text.
private func verdict(
    _ policy: String, approvals: [String] = [], delegator: String? = nil, labels: Set<Value> = [],
    operation: String = "group.add-member", reach: ReachFinding = .none, isUnread: Bool = false
) throws -> Decision {
    let group = EntityUID(type: "Test::Group", id: "g1")
    let plan = Plan(
        target: group, targetName: "g", touched: [], inverse: nil, reversibility: .reversible, precondition: .atomic,
        version: "1",
        facts: [Entity(group, attributes: ["name": "g", "kind": "group", "labels": .set(labels)], parents: [.system("corp")])])
    let entry = try #require(catalogue[operation])
    let submission = Submission(
        id: "req-1", principal: .workload(Fixture.workload()), task: Fixture.task(delegator: delegator), system: "corp",
        catalogue: catalogue, operation: entry,
        input: try Input(["group": "g", "member": "m"], for: entry))
    let given = approvals.compactMap { id in people.first { $0.id == id } }.map { ApprovalFact(person: $0, userVerified: false) }
    let question = Question(
        submission, plan, reach: reach, catalogue: catalogue, now: Fixture.now, environment: "test", isUnread: isUnread,
        approvals: given,
        people: registered.digest,
        excluded: Set(["olga"] + [delegator].compactMap { $0 }))
    let bundle = try Fixture.bundle(policy, [catalogue])
    let epochs = Epochs(policies: bundle.digest, locks: 3)
    let standing = StandingFacts(bundle, registered)
    let decision = decide(question, with: standing, epochs: epochs)
    let again = decide(try Question(json: JSONReader.read(JSONWriter.canonical(question.json))), with: standing, epochs: epochs)
    #expect(JSONWriter.canonical(again.json) == JSONWriter.canonical(decision.json), "a decision must replay from its log entry")
    return decision
}

private let execute = #"permit (principal, action == Test::Action::"execute:group.add-member", resource)"#
private let approve = #"permit (principal is Exequatur::Person, action in Exequatur::Action::"approve", resource);"#

@Suite("Deciding")
struct DecideTests {
    @Test("A fact that does not fit the schema denies, and what policies make of the facts is recorded all the same")
    func misfitIsRecorded() throws {
        let decision = try verdict("@id(\"p\") \(execute) when { resource.name == \"g\" };", labels: [.long(5)])
        #expect(decision.verdict == .deny && decision.denial == .evaluationError)
        let steps = decision.json["steps"]?.array ?? []
        #expect(steps.first?["policies"]?.array == ["p"])
        #expect(steps.first?["misfit"]?.string?.contains("labels") == true)
    }

    @Test("Nothing is permitted by default")
    func defaultDeny() throws {
        let decision = try verdict("")
        #expect(decision.verdict == .deny && decision.denial == .noPermit && decision.policies.isEmpty)
    }

    @Test(
        "To a system that nobody reads whole an agent only proposes, whatever policy permits and whoever approves",
        arguments: [
            (execute, Decision.Verdict.deny),
            ("\(execute); \(execute.replacing("execute:", with: "propose:"))", .propose),
            ("\(execute) when { context.approvals.count >= 1 }; \(approve)", .deny),
        ])
    func unread(_ policy: String, _ expected: Decision.Verdict) throws {
        let text = policy.hasSuffix(";") ? policy : policy + ";"
        #expect(try verdict(text, approvals: ["sara"], isUnread: true).verdict == expected)
    }

    @Test("A permit permits, and is named by its id")
    func permit() throws {
        let decision = try verdict("@id(\"p\") \(execute);")
        #expect(decision.verdict == .permit && decision.policies == ["p"])
    }

    @Test("A forbid wins over a permit")
    func forbid() throws {
        let decision = try verdict(
            "\(execute); @id(\"f\") forbid (principal, action, resource is Test::Group) when { resource.labels.contains(\"x\") };",
            labels: ["x"]
        )
        #expect(decision.verdict == .deny && decision.denial == .forbidden && decision.policies == ["f"])
    }

    @Test("Any evaluation error denies, though a permit applies")
    func error() throws {
        let decision = try verdict(
            "\(execute); forbid (principal, action, resource is Test::Group) when { context.system.now.offset(duration(\"9223372036854775807ms\")) == context.system.now };"
        )
        #expect(decision.verdict == .deny && decision.denial == .evaluationError)
    }

    @Test(
        "What approvals could satisfy waits for those who may give them",
        arguments: [
            (#"context.approvals.count >= 1"#, [], Decision.Verdict.needsApproval),
            (#"context.approvals.count >= 1"#, ["paul"], .permit),
            (#"context.approvals.count >= 1"#, ["olga"], .needsApproval), (#"context.approvals.count >= 3"#, [], .deny),
            (#"context.approvals.distinctTeams >= 2"#, ["paul"], .needsApproval),
            (#"context.approvals.distinctTeams >= 2"#, ["paul", "sara"], .permit),
            (#"context.approvals.distinctTeams >= 2"#, ["paul", "paul"], .needsApproval),
            (#"context.approvals.people.contains(Exequatur::Person::"sara")"#, ["paul"], .needsApproval),
            (#"context.approvals.people.contains(Exequatur::Person::"olga")"#, [], .deny),
        ])
    func approvals(condition: String, given: [String], expected: Decision.Verdict) throws {
        #expect(try verdict("\(execute) when { \(condition) }; \(approve)", approvals: given).verdict == expected)
    }

    @Test(
        "What approvals must still show is told in words",
        arguments: [
            (#"permit X when { context.approvals.count >= 1 };"#, "one approval"),
            (#"permit X when { context.approvals.distinctTeams >= 2 };"#, "two approvals, from different teams"),
            (
                #"permit X when { context.approvals.count >= 2 }; forbid X unless { context.approvals.userVerified >= 1 };"#,
                "two approvals, one of them with a security key that verifies its user"
            ),
            (#"permit X when { context.approvals.people.contains(Exequatur::Person::"sara") };"#, "an approval by sara"),
            (
                #"permit X when { context.approvals.teams.contains(Exequatur::Team::"sec") && context.approvals.count > 1 };"#,
                "two approvals, an approval from team sec"
            ),
            (
                #"permit X when { context.approvals.count >= 2 }; permit X when { context.approvals.teams.contains(Exequatur::Team::"sec") };"#,
                "two approvals, or an approval from team sec"
            ),
            (#"permit X when { !context.approvals.people.isEmpty() };"#, "one approval"),
        ])
    func needs(text: String, expected: String) throws {
        let head = #"(principal, action == Test::Action::"execute:group.add-member", resource)"#
        let decision = try verdict(text.replacing("X", with: head) + approve)
        #expect(decision.verdict == .needsApproval && decision.needs == expected, "\(decision.needs ?? "")")
    }

    @Test(
        "A set in which more approvals could take a right away is refused, with its place",
        arguments: [
            "\(execute) when { context.approvals.count < 3 };", "\(execute) unless { context.approvals.distinctTeams >= 1 };",
            "forbid (principal, action in Exequatur::Action::\"execute\", resource) when { context.approvals.count == 1 };",
        ])
    func monotone(text: String) throws {
        let refusal = #expect(throws: PolicyBundle.Refusal.self) { try Fixture.bundle(text, [catalogue]) }
        #expect(refusal?.problems.map(\.diagnostic.code) == ["policy.not_monotone"])
        #expect(refusal?.description.hasPrefix("test.cedar:1:") == true)
    }

    @Test("A fact that does not fit the schema denies, whatever policy says")
    func misfit() throws {
        #expect(try verdict("\(execute);", labels: ["fine"]).verdict == .permit)
        let decision = try verdict("\(execute);", labels: [1])
        #expect(decision.verdict == .deny && decision.denial == .evaluationError)
    }

    @Test("The schema is made from the catalogue, and its actions are the catalogue's")
    func schema() throws {
        let schema = try Cedar.Schema(CatalogueSchema.text([catalogue]))
        for action in catalogue.actions { try schema.check(action) }
        #expect(Set(catalogue.actions.map(\.uid)) == Set(schema.actions.keys))
        #expect(schema.entityTypes["Test::User"]?.attributes["pin"] == nil, "what is secret is not for policy")
        #expect(CatalogueSchema.text([catalogue, catalogue]) == CatalogueSchema.text([catalogue]))
    }

    @Test("An approval by somebody whom policy gives no say does not count")
    func rightToApprove() throws {
        let only = #"permit (principal == Exequatur::Person::"sara", action in Exequatur::Action::"approve", resource);"#
        let decision = try verdict("\(execute) when { context.approvals.count >= 1 }; \(only)", approvals: ["paul"])
        #expect(decision.verdict == .needsApproval && decision.eligible == ["sara"])
        #expect(try verdict("\(execute) when { context.approvals.count >= 1 };").verdict == .deny)
    }

    @Test("What may only be proposed is proposed")
    func propose() throws {
        #expect(try verdict(#"permit (principal, action in Exequatur::Action::"propose", resource);"#).verdict == .propose)
    }

    @Test(
        "On behalf of a person, the workload, the person and the right to delegate must all permit",
        arguments: [
            (["Workload", "Person"], true, Decision.Verdict.permit), (["Workload"], true, .deny), (["Person"], true, .deny),
            (["Workload", "Person"], false, .deny),
        ])
    func delegation(kinds: [String], delegable: Bool, expected: Decision.Verdict) throws {
        let own = kinds.map {
            "permit (principal is Exequatur::\($0), action == Test::Action::\"execute:group.add-member\", resource);"
        }.joined()
        let delegate = delegable ? #"permit (principal, action in Exequatur::Action::"delegate", resource);"# : ""
        #expect(try verdict(own + delegate, delegator: "sara").verdict == expected)
    }

    @Test(
        "A name that does not exist fails when the policies are loaded, with its place",
        arguments: [
            (#"permit (principal, action == Test::Action::"execute:group.add-membr", resource);"#, "did you mean"),
            ("permit (principal, action, resource) when { resource.nmae == \"x\" };", "did you mean `name`"),
            ("permit (principal is Exequatur::Worklod, action, resource);", "did you mean `Exequatur::Workload`"),
            ("permit (principal, action, resource is Test::Group) when { context.approvals.cuont > 1 };", "did you mean `count`"),
            (#"permit (principal, action, resource in Test::Grup::"x");"#, "did you mean `Test::Group`"),
            ("permit (principal, action resource);", "expected"),
        ])
    func typo(text: String, hint: String) {
        let refusal = #expect(throws: PolicyBundle.Refusal.self) { try Fixture.bundle(text, [catalogue]) }
        #expect(refusal?.problems.count == 1)
        #expect(refusal?.description.contains(hint) == true, "\(refusal?.description ?? "")")
        #expect(refusal?.description.hasPrefix("test.cedar:1:") == true)
    }
}
