import Cedar
import StrictJSON
import TestSupport
import Testing

@testable import Authority

@Suite("What counts of the approvals given")
struct TallyTests {
    private static let terms = Digest(of: "terms")
    private static let shown = Digest(of: "shown")
    private static let two = Requirement.atLeast(["approvals", "count"], 2)

    /// An approval by one of these people, who was told of this demand.
    private func approval(
        _ person: String, _ second: Int64, demand: Requirement = two, approvers: [String] = ["ann", "bob", "cat"],
        terms: Digest = terms, human: String? = nil
    ) -> ApprovalTally.Signed {
        let requirement = ApprovalRequirement(demand, approvers: approvers.map { PersonRecord(id: $0, teams: [$0]) })
        let statement = ApprovalStatement(
            verdict: .approve, gateway: "g", change: "c", terms: terms, assessment: Self.shown, requirement: requirement.digest,
            approver: person, issued: Fixture.now, expires: Fixture.now.adding(seconds: 600), nonce: "\(person)\(second)")
        let signed = SignedApproval(
            statement: statement, signature: "", userVerified: false, taken: Fixture.now.adding(seconds: second),
            requirement: requirement)
        return ApprovalTally.Signed(
            signed, ApprovalFact(person: PersonRecord(id: person, teams: [person]), userVerified: false), human: human ?? person)
    }

    private func tally(_ signed: [ApprovalTally.Signed]) -> ApprovalTally {
        ApprovalTally(signed, change: "c", terms: Self.terms, assessment: Self.shown)
    }

    @Test("Every signer's demand must be met, not only the last one's")
    func demands() {
        #expect(tally([]).standing == .met)
        #expect(tally([approval("ann", 0)]).standing == .open("one more approval"))
        let one = Requirement.atLeast(["approvals", "count"], 1)
        #expect(tally([approval("ann", 0), approval("bob", 1, demand: one)]).standing == .met)
        let three = Requirement.atLeast(["approvals", "count"], 3)
        #expect(
            tally([approval("ann", 0, demand: three), approval("bob", 1, demand: one)]).standing == .open("one more approval"))
    }

    @Test("A demand that approvals alone can't tell is met by none of them")
    func untellable() {
        let other = Requirement.atLeast(["system", "now"], 1)
        #expect(tally([approval("ann", 0, demand: other)]).standing == .untellable)
        #expect(tally([approval("ann", 0), approval("bob", 1, demand: other)]).standing == .untellable)
        #expect(!tally([approval("ann", 0, demand: other)]).couldBeMet(with: [approval("bob", 1).fact, approval("cat", 2).fact]))
    }

    @Test("After the first only those count who could approve when it was given, each human once, for these terms alone")
    func counted() {
        let first = approval("ann", 0, approvers: ["ann", "bob"])
        #expect(tally([approval("cat", 1), first]).facts.map(\.person.id) == ["ann"])
        #expect(tally([first, approval("bob", 1, human: "ann")]).facts.map(\.person.id) == ["ann"])
        #expect(tally([first, approval("bob", 1, terms: Self.shown)]).facts.map(\.person.id) == ["ann"])
        #expect(tally([approval("bob", 1), first]).facts.map(\.person.id) == ["ann", "bob"])
        #expect(tally([first]).mayComplete == ["ann", "bob"] && tally([]).mayComplete == nil)
    }
}
