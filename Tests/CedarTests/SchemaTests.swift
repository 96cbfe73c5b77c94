import StrictJSON
import Testing

@testable import Cedar

@Suite("Schemas")
struct SchemaTests {
    @Test(
        "What is wrong is said with its place and a hint, and all of it",
        arguments: [
            ("entity User { a: Lon };", ["1:18 schema.unknown_name did you mean `Long`?"]),
            ("entity U in V;\nentity W { x: Y };", ["1:13 schema.unknown_name", "2:15 schema.unknown_name"]),
            ("entity U; entity U;", ["1:18 schema.duplicate"]), ("type T = Long; type T = Bool;", ["1:21 schema.duplicate"]),
            ("action a; action a;", ["1:18 schema.duplicate"]), ("entity U { a: Long, a: Bool };", ["1:21 schema.duplicate"]),
            ("namespace N {} namespace N {}", ["1:26 schema.duplicate"]), ("type A = B; type B = Set<A>;", ["schema.cycle"]),
            ("action a in b; action b in a;", ["schema.cycle", "schema.cycle"]), ("type Long = Bool;", ["1:6 schema.reserved"]),
            ("entity Action;", ["1:8 schema.reserved"]), ("namespace A::__cedar { entity U; }", ["text.reserved_word"]),
            ("entity U; namespace N { entity U; }", ["1:32 schema.shadowing"]),
            (
                "entity U; type C = Long; action a appliesTo { principal: U, resource: U, context: C };",
                ["1:83 schema.not_a_record"]
            ),
            ("entity U; action a appliesTo { principal: U };", ["1:18 schema.applies_to"]),
            ("entity U; action a appliesTo { principal: [], resource: U };", ["1:43 schema.applies_to"]),
            ("entity U enum [];", ["1:16 text.syntax"]), ("entity if;", ["1:8 text.reserved_word"]),
            ("entity U { a Long };\nentity V { : };\nentity W;", ["1:14 text.syntax", "2:12 text.syntax"]),
            ("namespace N { namespace M {} }", ["1:15 text.syntax namespaces don't nest"]),
            ("entity U \u{1F600};", ["1:11 text.stray_character"]),
            ("action a in Nope::\"b\";", ["schema.unknown_name"]),
        ])
    func problems(text: String, expected: [String]) {
        let found = #expect(throws: Diagnostics.self) { try Schema(text) }
        let shown = (found?.all ?? []).map { "\($0.start?.description ?? "") \($0.code) \($0.hint ?? "")" }
        #expect(shown.count == expected.count, "\(shown)")
        for (line, part) in zip(shown, expected) { #expect(line.contains(part), "\(shown)") }
    }

    @Test("Actions have the same class of contexts exactly when their contexts have the same type")
    func contextClasses() throws {
        let schema = try Schema(
            """
            entity U; type C = { n: Long };
            action a, b appliesTo { principal: U, resource: U, context: { n: Long } };
            action c appliesTo { principal: U, resource: U, context: C };
            action d appliesTo { principal: U, resource: U, context: { n?: Long } };
            action e appliesTo { principal: U, resource: U };
            """)
        func number(_ action: ExactString) -> Int? { schema.contextClasses[EntityUID(type: "Action", id: action)] }
        #expect(number("a") != nil && number("a") == number("b") && number("a") == number("c"))
        #expect(Set([number("a"), number("d"), number("e")]).count == 3)
    }

    @Test("Names resolve to the nearest: own namespace, none, built-in; a common type before an entity type")
    func resolution() throws {
        let schema = try Schema(
            """
            type ipaddr = Long;
            entity Bare;
            namespace N {
              entity decimal;
              type Both = Long; entity Both;
              entity U { a: ipaddr, b: __cedar::ipaddr, c: decimal, d: Bare, e: Both, f: M::V, g: Action, h?: Set<N::U> };
              action x;
            }
            namespace M { entity V; }
            """)
        let attributes = try #require(schema.entityTypes["N::U"]).attributes
        #expect(
            attributes.description
                == "{a: Long, b: ipaddr, c: N::decimal, d: Bare, e: Long, f: M::V, g: N::Action, h?: Set<N::U>}")
    }

    @Test("Both forms say the same, annotations and all that needs quoting included")
    func forms() throws {
        let text = """
            @doc("all") namespace A::B {
              @note type T = { @why("x") "a b"?: Set<String>, "if": __cedar::Bool };
              entity Long;
              entity G in [G], H enum_;
              entity E enum ["a", "b\\"c"];
              entity U in [G, E] { t: T, n: __cedar::Long } tags Set<Long>;
              action "do it", go in ["grp", A::B::Action::"grp"] appliesTo { principal: [U, G], resource: U, context: T };
              action grp;
            }
            """
        let schema = try Schema(text.replacing(", H enum_", with: ""))
        let again = try Schema(try Schema(json: JSONReader.read(JSONWriter.canonical(schema.json))).text())
        #expect(again.json == schema.json || JSONWriter.canonicalText(again.json) == JSONWriter.canonicalText(schema.json))
        #expect(
            again.entityTypes.keys.sorted() == schema.entityTypes.keys.sorted()
                && again.actions.keys.sorted() == schema.actions.keys.sorted())
    }

    @Test(
        "JSON of another shape is refused, with its path",
        arguments: [
            (#"[]"#, "object of namespaces"), (#"{"": {"entityTypes": {}}}"#, "`actions` is missing"),
            (#"{"": {"entityTypes": {"U": {"shap": {}}}, "actions": {}}}"#, "unknown field `shap`"),
            (
                #"{"": {"entityTypes": {"U": {"shape": {"type": "Record", "additionalAttributes": true}}}, "actions": {}}}"#,
                "further attributes"
            ),
            (#"{"": {"entityTypes": {"U": {"tags": {"type": "Set"}}}, "actions": {}}}"#, "`element` is missing"),
            (
                #"{"": {"entityTypes": {"U": {"tags": {"type": "Extension", "name": "ip"}}}, "actions": {}}}"#,
                "extension types are"
            ),
            (#"{"1x": {"entityTypes": {}, "actions": {}}}"#, "not the name of a namespace"),
            (#"{"": {"entityTypes": {"U": {"enum": []}}, "actions": {}}}"#, "one or more ids"),
            (#"{"": {"entityTypes": {"U": {"tags": {"type": "Nope"}}}, "actions": {}}}"#, "no type `Nope`"),
            (#"{"": {"entityTypes": {}, "actions": {"a": {"memberOf": [{"id": "b", "type": "X"}]}}}}"#, "no action"),
        ])
    func badJSON(text: String, part: String) {
        let error = #expect(throws: (any Error).self) { try Schema(json: JSONReader.read(text)) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(part), "\(error.map { "\($0)" } ?? "")")
    }

    @Test("A type in JSON that the human syntax would read as another can't be written in it")
    func ambiguous() throws {
        let json =
            #"{"": {"commonTypes": {"T": {"type": "Long"}}, "entityTypes": {"T": {}, "U": {"tags": {"type": "Entity", "name": "T"}}}, "actions": {}}}"#
        let schema = try Schema(json: JSONReader.read(json))
        #expect(schema.entityTypes["U"]?.tags == .entity(["T"]))
        #expect(throws: FormatError.self) { try schema.text() }
    }

    @Test("A short text that writes out to a huge schema is refused, at once")
    func blowUp() {
        let levels = (0..<60).map { "type T\($0) = { a: T\($0 + 1), b: T\($0 + 1) };" }.joined() + "type T60 = Long;"
        let found = #expect(throws: Diagnostics.self) { try Schema(levels) }
        #expect(found?.all.first?.code == "schema.too_large")
        let chain = (0..<3000).map { "type C\($0) = Set<C\($0 + 1)>;" }.joined() + "type C3000 = Long;"
        #expect(throws: Diagnostics.self) { try Schema(chain) }
        let wide = "type C = { " + (0..<100).map { "a\($0): Long" }.joined(separator: ", ") + " }; entity U;"
        let actions = (0..<1200).map { "action a\($0) appliesTo { principal: U, resource: U, context: C };" }.joined()
        #expect(throws: Never.self) { try Schema(wide + actions) }
        let deep = "type T = " + String(repeating: "Set<", count: 200) + "Long" + String(repeating: ">", count: 200) + ";"
        #expect(throws: Diagnostics.self) { try Schema(deep) }
    }

    @Test("A message is shown under its line, the place marked")
    func marked() {
        let text = "entity User;\nentity Doc { owner: Usr };"
        let found = #expect(throws: Diagnostics.self) { try Schema(text) }
        #expect(
            found?.all[0].marked(in: text, file: "s.cedarschema")
                == "s.cedarschema:2:21: error: there is no type `Usr` [schema.unknown_name]\n 2 | entity Doc { owner: Usr };\n   |                     ^^^\n   hint: did you mean `User`?"
        )
    }
}
