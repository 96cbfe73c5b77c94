import StrictJSON
import Testing

@testable import Cedar

@Suite("Laying out policies")
struct FormatTests {
    private static let text = """
        // A file.

        // What it is for.
        @id("x")@note permit(principal==User::"a",action in[Action::"v",Action::"w"],resource is Doc in Team::"t",)//head
        when{principal.level>1&&(resource has public||// so
        [1,2].contains(principal["a b"]))&&{a:1,"b c":-(2)}.a==!true}
              // between
              unless{if true then 1 else context has a.b};


        forbid(principal,action,resource);// end of line
        // end of file
        """

    @Test("Words and comments stay in their order; laying out again changes nothing", arguments: [20, 60, 100, 1000])
    func stable(width: Int) throws {
        let once = try Formatter.format(Self.text, width: width)
        #expect(try Formatter.format(once, width: width) == once)
        func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).joined().map { String($0) } }
        #expect(words(once) == words(Self.text))
        #expect(try PolicySet(PolicySet.parse(once)).json == PolicySet(PolicySet.parse(Self.text)).json)
        #expect(once.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
    }

    @Test("The layout is this")
    func layout() throws {
        #expect(
            try Formatter.format(Self.text)
                == """
                // A file.

                // What it is for.
                @id("x")
                @note
                permit (
                  principal == User::"a",
                  action in [Action::"v", Action::"w"],
                  resource is Doc in Team::"t",
                ) //head
                when {
                  principal.level > 1 &&
                  (
                    resource has public || // so
                    [1, 2].contains(principal["a b"])
                  ) &&
                  {a: 1, "b c": -(2)}.a == !true
                }
                // between
                unless { if true then 1 else context has a.b };

                forbid (principal, action, resource); // end of line

                // end of file

                """)
    }

    @Test("What is not a policy is not laid out")
    func refused() { #expect(throws: Diagnostics.self) { try Formatter.format("permit (principal);") } }

    @Test("A policy survives the way to JSON and to text and back", arguments: World.policies.policies.indices)
    func roundTrip(index: Int) throws {
        let policy = World.policies.policies[index]
        #expect(
            try Policy(json: JSONReader.read(JSONWriter.canonical(policy.json), limits: .init(depth: 200)), id: policy.id).json
                == policy.json)
        #expect(try PolicySet.parse(policy.written)[0].json == policy.json)
    }

    @Test(
        "JSON of another shape is refused, with its path",
        arguments: [
            (#"{"effect": "allow"}"#, "/effect"), (#"{"effect": "permit"}"#, "principal"),
            (#"{"op": "All"}"#, "body"), (#"{"x": 1}"#, "no operator"), (#"{"Var": "user"}"#, "variables are"),
            (#"{"Slot": "?principal"}"#, "template's head"),
            (#"{"==": {"left": {"Value": 1}}}"#, "`right` is missing"),
            (#"{"!": {"arg": {"Value": 1}, "more": 1}}"#, "unknown field `more`"),
            (#"{"has": {"left": {"Var": "context"}, "attr": []}}"#, "one or more names"),
            (#"{"like": {"left": {"Var": "context"}, "pattern": ["x"]}}"#, "Wildcard"),
            (#"{"isIpv4": []}"#, "method"), (#"{"Value": 1.5}"#, "no value"),
            (#"{"is": {"left": {"Var": "context"}, "entity_type": "1"}}"#, "not the name"),
        ])
    func badJSON(text: String, part: String) throws {
        let inner = try JSONReader.read(text)
        let json: JSONValue =
            inner["effect"] != nil
            ? inner
            : [
                "effect": "permit", "principal": ["op": "All"], "action": ["op": "All"], "resource": ["op": "All"],
                "conditions": [["kind": "when", "body": inner]],
            ]
        let error = #expect(throws: FormatError.self) { try Policy(json: json, id: "p") }
        #expect(error?.description.contains(part) == true || part == "body", "\(error?.description ?? "")")
    }

    @Test("Nesting in JSON is bounded as in text")
    func depth() {
        func nested(_ levels: Int) -> JSONValue {
            (0..<levels).reduce(["Value": true]) { inner, _ in ["!": ["arg": inner]] }
        }
        #expect(throws: Never.self) { try ExpressionReader.read(nested(98), at: "") }
        #expect(throws: FormatError.self) { try ExpressionReader.read(nested(120), at: "") }
    }

    @Test("An explanation says, clause by clause, what held")
    func explanation() throws {
        let set = try PolicySet(
            PolicySet.parse(
                "permit (principal is User, action, resource) when { principal.level > 2 && resource.nope == 1 && true } unless { false };"
            ))
        let explanation = set.explain(World.request("ann", "view", "1"), entities: World.entities)[0]
        #expect(
            explanation.clauses.map(\.text) == [
                "principal is User", "principal.level > 2", "resource.nope == 1", "true", "unless { false }",
            ])
        #expect(
            explanation.clauses.map(\.outcome) == [.holds, .holds, .errs(.missingAttribute("nope")), .notReached, .notReached])
        #expect(explanation.outcome == .errs(.missingAttribute("nope")))
    }
}
