import Authority
import DirectoryKit
import StrictJSON
import TestSupport
import Testing

@Suite("An operation's input")
struct InputTests {
    private let catalogue = Catalogue.directory(
        namespace: "Test", attributes: [AttributeDefinition("mail", .internal, isWritable: true)])

    @Test(
        "is refused when it is not exactly what the catalogue says",
        arguments: [
            #"{"group":"g"}"#, #"{"group":"g","member":["m"]}"#, #"{"group":"g","member":"m","confirmed":true}"#,
            #"{"group":"g","member":7}"#,
            #"{"group":"","member":"m"}"#, #"{"group":"g","member":"m\u0000"}"#, #"{"group":"g","member":"m\u200b"}"#,
            #"{"group":"g","member":"mе"}"#,
            #"{"group":"g","member":"a b"}"#, #"{"group":"g*","member":"m"}"#, #"{"Group":"g","member":"m"}"#, "[]",
            #"{"group":"-x","member":"m"}"#,
        ])
    func refused(text: String) throws {
        let operation = try #require(catalogue["group.add-member"])
        let json = try JSONReader.read(text)
        #expect(throws: ShapeError.self) { try Input(json, for: operation) }
    }

    @Test(
        "Text takes visible characters only",
        arguments: [
            ("Ærlig Øst", true), ("a\u{202E}b", false), ("a\nb", false), (" a", false), ("e\u{301}", false), ("日本", true),
            ("", false),
        ])
    func text(value: String, accepted: Bool) throws {
        let operation = try #require(catalogue["user.set-mail"])
        #expect(((try? Input(["user": "u", "value": .string(value)], for: operation)) != nil) == accepted)
    }
}

@Suite("The life of a change")
struct ChangeMachineTests {
    @Test("No event leads out of a final state, save undoing what was executed")
    func finalStates() throws {
        let catalogue = Catalogue.directory(namespace: "Test", attributes: [])
        let operation = try #require(catalogue["user.disable"])
        let plan = Plan(
            target: .system("x"), targetName: "", touched: [], inverse: nil, reversibility: .reversible, precondition: .none,
            version: "",
            native: [:], facts: [])
        var change = Change(
            id: "c", state: .proposed, wait: .nothing, submission: try Fixture.submission(operation, ["user": "u"]), plan: plan,
            definition: Digest(of: "x"), assessment: Assessment(plan, operation, reach: .none), created: Fixture.now,
            expires: Fixture.now, rollbackOf: nil)
        let events: [ChangeEvent] = [
            .approvedEnough, .began, .succeeded, .failed("x"), .lost("x", seen: nil), .refused(nil),
            .voided(.policyChanged, because: "x"),
            .timedOut,
            .undone, .reinstated, .returned, .settled(isDone: true), .settled(isDone: false),
        ]
        var steps: [String] = []
        for state in Change.State.allCases {
            change.state = state
            for (index, event) in events.enumerated() {
                if let next = try? change.after(event) { steps.append("\(state.rawValue) \(index) \(next.state.rawValue)") }
            }
        }
        #expect(
            steps == [
                "proposed 0 approved", "proposed 1 executing", "proposed 5 withdrawn", "proposed 6 void", "proposed 7 expired",
                "approved 1 executing", "approved 5 withdrawn", "approved 6 void", "approved 7 expired", "approved 10 proposed",
                "executing 2 executed", "executing 3 failed", "executing 4 indeterminate", "executed 8 rolledBack",
                "indeterminate 11 executed", "indeterminate 12 failed", "rolledBack 9 executed",
            ])
    }
}
