import Cedar
import DirectoryKit
import Reach
import StrictJSON
import TestSupport
import Testing

@testable import Authority

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

    @Test("Fewer gains than were shown are covered, however many are left, and one more is not", arguments: [3, 250])
    func covers(count: Int) throws {
        func assessment(_ numbers: Range<Int>) throws -> Assessment {
            let gains = numbers.map { Gain(who: "w\($0)", target: "t") }
            let finding = ReachFinding(gains: gains, targets: ["t"], shown: [], paths: [])
            let change = try change()
            let operation = try #require(Catalogue.directory(namespace: "Test", attributes: [])["user.disable"])
            return Assessment(change.plan, operation, reach: finding)
        }
        let shown = try assessment(0..<count).shown
        #expect(try shown.covers(assessment(0..<count)) && shown.covers(assessment(1..<count)))
        #expect(try !shown.covers(assessment(0..<count + 1)) && !shown.covers(assessment(1..<count + 1)))
        #expect(try ShownAssessment(json: shown.json).digest == shown.digest)
    }

    @Test(
        "Whatever is altered on the way is seen",
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
        arguments: [
            ("Ask HR.", true), ("", false), ("   ", false), ("\u{2800}\u{2800}", false), ("a\u{200B}b", false),
            (String(repeating: "x", count: 281), false),
        ])
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
