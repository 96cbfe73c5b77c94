import StrictJSON
import Testing

@testable import Cedar

@Suite("Cedar as JSON")
struct JSONTests {
    private static func read(_ text: String) throws -> JSONValue { try JSONReader.read(text) }

    @Test("Entities survive being written and read, whatever they hold")
    func entities() throws {
        let values: [ExactString: Value] = [
            "b": true, "l": -7, "s": "é\u{0}", "e": .entity(World.user("x")), "set": .set([1, 2, .set([])]),
            "rec": .record(["a b": 1]),
            "dec": .decimal(Decimal(tenThousandths: -5)), "big": .decimal(Decimal(tenThousandths: .min)),
            "ip": .ip(try #require(IPAddress("2001:db8::/32"))), "v4": .ip(try #require(IPAddress("10.0.0.1"))),
            "time": .datetime(Datetime(milliseconds: -1)), "span": .duration(Duration(milliseconds: .min)),
        ]
        let all = World.all + [Entity(EntityUID(type: "A::B", id: ""), attributes: values, tags: ["t": "x"])]
        let read = try Entities.parse(json: Self.read(JSONWriter.canonicalText(.array(all.map(\.json)))))
        #expect(read.all == (try Entities(all)).all)
        let context = Value.record(values)
        #expect(try Request.context(json: context.json) == values)
        // What a value is written as, as a policy's text, evaluates to it.
        let set = try PolicySet(
            PolicySet.parse(
                "permit (principal, action, resource) when { context.v == \(PolicyWriter.text(Expression(context))) };"))
        let request = Request(
            principal: World.user("a"), action: World.action("a"), resource: World.doc("d"), context: ["v": context])
        #expect(set.authorize(request, entities: Entities()).decision == .allow)
    }

    @Test(
        "Entities of another shape are refused, with the path",
        arguments: [
            (#"[{"uid": {"type": "Action", "id": "a"}, "attrs": {}, "parents": [{"type": "U", "id": "a"}]}]"#, "in actions only"),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__entity": {"type": "U", "id": "b"}, "k": 1}}, "parents": []}]"#,
                "beside `__entity`"
            ),
            (#"{}"#, "as an array"), (#"[1]"#, "an object belongs here"),
            (#"[{"attrs": {}, "parents": []}]"#, "`uid` is missing"),
            (#"[{"uid": {"type": "U", "id": "a"}, "parents": []}]"#, "`attrs` is missing"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": []}]"#, "an object belongs"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {}, "parents": {}}]"#, "an array belongs"),
            (#"[{"uid": {"type": "U U", "id": "a"}, "attrs": {}, "parents": []}]"#, "not the name"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {}, "parents": [], "tag": {}}]"#, "unknown field `tag`"),
            (#"[{"uid": {"type": "U", "id": 1}, "attrs": {}, "parents": []}]"#, "is written"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": null}, "parents": []}]"#, "/0/attrs/x"),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__extn": {"fn": "ip", "arg": "x"}}}, "parents": []}]"#,
                "does not accept"
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__extn": {"fn": "nope", "arg": "x"}}}, "parents": []}]"#,
                "name of an extension function"
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__extn": {"fn": "offset", "args": []}}}, "parents": []}]"#,
                "takes 2"
            ),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__expr": "1"}}, "parents": []}]"#, "no longer"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__entity": "U"}}, "parents": []}]"#, "is written"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {}, "parents": [{"type": "U", "id": "a"}]}]"#, "its own ancestor"),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {}, "parents": []}, {"uid": {"type": "U", "id": "a"}, "attrs": {"x": 1}, "parents": []}]"#,
                "differently"
            ),
        ])
    func badEntities(text: String, part: String) throws {
        let error = #expect(throws: FormatError.self) { try Entities.parse(json: Self.read(text)) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test("The schema tells entities and extension values from plain ones")
    func guided() throws {
        let schema = try Schema(
            """
            entity T; entity U in [T] { t: T, ts: Set<T>, ip: ipaddr, d: decimal, r: { at: datetime, o?: Long }, n: Long } tags duration;
            action a appliesTo { principal: U, resource: T, context: { at: datetime, t?: T } };
            """)
        let plain =
            #"[{"uid": {"type": "U", "id": "x"}, "attrs": {"t": {"type": "T", "id": "1"}, "ts": [{"__entity": {"type": "T", "id": "2"}}], "ip": "10.0.0.1", "d": {"fn": "decimal", "arg": "1.5"}, "r": {"at": {"__extn": {"fn": "datetime", "arg": "1970-01-01"}}}, "n": 1}, "tags": {"s": "1s"}, "parents": [{"type": "T", "id": "1"}]}]"#
        let entity = try #require(try schema.entities(json: Self.read(plain))[World.user("x").retyped("U")])
        #expect(
            entity.attributes["t"] == .entity(EntityUID(type: "T", id: "1"))
                && entity.tags["s"] == .duration(Duration(milliseconds: 1000)))
        #expect(entity.attributes["r"] == .record(["at": .datetime(Datetime(milliseconds: 0))]))
        for (from, to, part) in [
            (#""ip": "10.0.0.1""#, #""ip": 1"#, "does not accept"), (#""n": 1"#, #""n": "1""#, "expected Long"),
            (#""ts": ["#, #""ts": 1, "x": ["#, "an array belongs"),
            (#"{"at": "#, #"{"o": 1, "ot": "#, "`at` is missing"), (#", "n": 1"#, #", "n": 1, "m": 1"#, "no such attribute"),
            (#"{"type": "T", "id": "1"}, "ts""#, #""T", "ts""#, "is written"),
            (#"1970-01-01"}}}"#, #"1970-01-01"}}, "z": 1}"#, "no attribute `z`"),
            (#""tags": {"s": "1s"}"#, #""tags": {"s": "x"}"#, "does not accept"),
            (#""r": {"#, #""r": 1, "q": {"#, "an object belongs"),
        ] {
            let error = #expect(throws: (any Error).self) {
                try schema.entities(json: Self.read(plain.replacing(from, with: to)))
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains(part), "\(error.map { "\($0)" } ?? "") for \(to)")
        }
        let line = try Self.read(
            #"{"principal": {"type": "U", "id": "x"}, "action": {"type": "Action", "id": "a"}, "resource": {"type": "T", "id": "1"}, "context": {"at": "1970-01-01", "t": {"type": "T", "id": "1"}}}"#
        )
        let request = try schema.request(json: line)
        try schema.check(request)
        #expect(request.context["at"] == .datetime(Datetime(milliseconds: 0)))
        #expect(throws: FormatError.self) { try Request(json: Self.read(#"{"principal": {"type": "U", "id": "x"}}"#)) }
        #expect(throws: FormatError.self) {
            try Request(json: [
                "principal": EntityUID(type: "U", id: "x").json, "action": World.action("a").json,
                "resource": World.doc("1").json, "context": [],
            ])
        }
    }

    @Test(
        "A request line is read, or refused",
        arguments: [
            (
                #"{"principal": "A::B::\"x\"", "action": "Action::\"a\"", "resource": "C::\"\\\"q\\u{e9}\"", "context": {"n": 1}}"#,
                nil
            ),
            (#"{"principal": "A::B", "action": "Action::\"a\"", "resource": "C::\"1\""}"#, "/principal"),
            (#"{"principal": "A::\"1\" x", "action": "Action::\"a\"", "resource": "C::\"1\""}"#, "/principal"),
            (#"{"principal": "A::\"1\"", "action": 1, "resource": "C::\"1\""}"#, "/action"),
            (#"{"principal": "A::\"1\"", "action": "Action::\"a\""}"#, "`resource` is missing"),
            (#"{"principal": "A::\"1\"", "action": "Action::\"a\"", "resource": "C::\"1\"", "more": 1}"#, "unknown field `more`"),
            (#"{"principal": "A::\"1\"", "action": "Action::\"a\"", "resource": "C::\"1\"", "context": []}"#, "must be a record"),
        ] as [(String, String?)])
    func lines(text: String, part: String?) throws {
        guard let part else {
            let request = try Request(line: Self.read(text))
            return #expect(
                request.principal == EntityUID(type: "A::B", id: "x") && request.resource.id == "\"qé"
                    && request.context == ["n": 1])
        }
        let error = #expect(throws: FormatError.self) { try Request(line: Self.read(text)) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test(
        "Policy sets of another shape are refused",
        arguments: [
            (#"{"staticPolicies": [], "templates": {}}"#, "an object belongs"), (#"{"more": 1}"#, "unknown field"),
            (#"{"templates": {"t": P}}"#, "`t` is no template"), (#"{"staticPolicies": {"t": T}}"#, "`t` is a template"),
            (#"{"templates": {"t": T}, "templateLinks": [{"templateId": "x", "newId": "l", "values": {}}]}"#, "no template `x`"),
            (
                #"{"templates": {"t": T}, "templateLinks": [{"templateId": "t", "newId": "l", "values": {"?who": {"type": "U", "id": "x"}}}]}"#,
                "no slot"
            ),
            (
                #"{"templates": {"t": T}, "templateLinks": [{"templateId": "t", "newId": "t", "values": {"?principal": {"type": "U", "id": "x"}}}]}"#,
                "already"
            ),
            (
                #"{"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "<"}, "action": {"op": "All"}, "resource": {"op": "All"}, "conditions": []}}}"#,
                "operators of a head"
            ),
            (
                #"{"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "All"}, "action": {"op": "is"}, "resource": {"op": "All"}, "conditions": []}}}"#,
                "operators of the action"
            ),
            (
                #"{"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "All"}, "action": {"op": "==", "entity": {"type": "U", "id": "x"}}, "resource": {"op": "All"}, "conditions": []}}}"#,
                "type `Action`"
            ),
            (
                #"{"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "==", "slot": "?resource"}, "action": {"op": "All"}, "resource": {"op": "All"}, "conditions": []}}}"#,
                "slot here"
            ),
            (
                #"{"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"}, "conditions": [{"kind": "if", "body": {"Value": true}}]}}}"#,
                "`when` or `unless`"
            ),
            (
                #"{"staticPolicies": {"p": {"effect": "permit", "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"}, "conditions": [], "annotations": {"a b": ""}}}}"#,
                "an annotation is"
            ),
        ])
    func badSets(text: String, part: String) throws {
        let plain =
            #"{"effect": "permit", "principal": {"op": "All"}, "action": {"op": "All"}, "resource": {"op": "All"}, "conditions": []}"#
        let template = plain.replacing(
            #""principal": {"op": "All"}"#, with: #""principal": {"op": "is", "entity_type": "U", "in": {"slot": "?principal"}}"#)
        let full = text.replacing(" P}", with: " \(plain)}").replacing(" T}", with: " \(template)}")
        let error = #expect(throws: FormatError.self) { try PolicySet(json: Self.read(full)) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test("A set with a template, a link, annotations and literals of all kinds survives the way through JSON")
    func sets() throws {
        let text = """
            @id("x") @note permit (principal is User in ?principal, action in [Action::"view", Action::"edit"], resource == ?resource)
            when { context has a.b && [ip("10.0.0.1"), decimal("1.0")].isEmpty() } unless { {"a b": 1}["a b"] == -1 };
            forbid (principal, action == Action::"view", resource in Team::"all");
            """
        let values: [Slot: EntityUID] = [.principal: World.team("dev"), .resource: World.doc("1")]
        let set = try PolicySet(PolicySet.parse(text), links: [TemplateLink(id: "l", template: "policy0", values: values)])
        let again = try PolicySet(json: Self.read(JSONWriter.canonicalText(set.json)))
        #expect(again.json == set.json && again.links == set.links)
        #expect(
            again.templates[0].annotation("note") == "" && again.templates[0].annotation("id") == "x"
                && again.templates[0].annotation("y") == nil)
        #expect(again.templates[0].position == nil && set.templates[0].position == SourcePosition(line: 1, column: 1))
        #expect(
            again.staticPolicies[0].source.hasPrefix("forbid (principal")
                && set.staticPolicies[0].source.hasPrefix("forbid (principal"))
        #expect(
            again.authorize(World.request("ann", "view", "1"), entities: World.entities)
                == set.authorizePlainly(World.request("ann", "view", "1"), entities: World.entities))
        let value = #"{"Value": [1, {"a": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}}, {"__entity": {"type": "U", "id": "x"}}]}"#
        #expect(PolicyWriter.text(try ExpressionReader.read(Self.read(value), at: "")) == #"[1, {a: ip("10.0.0.1")}, U::"x"]"#)
        let has = try ExpressionReader.read(Self.read(#"{"has": {"left": {"Var": "context"}, "attr": ["a", "b"]}}"#), at: "")
        #expect(PolicyWriter.text(has) == "context has a && context.a has b")
    }
}

extension EntityUID {
    fileprivate func retyped(_ type: EntityType) -> EntityUID { EntityUID(type: type, id: id) }
}

@Suite("Types")
struct TypeTests {
    @Test("The permissive union joins what the strict one refuses")
    func unions() {
        let (a, b) = (CedarType.entity(["A"]), CedarType.entity(["B"]))
        #expect(a.union(b, .permissive) == .entity(["A", "B"]) && a.union(b, .strict) == nil)
        #expect(CedarType.true.union(.false, .strict) == .bool && CedarType.never.union(.long, .strict) == .long)
        #expect(
            CedarType.set(.true).union(.set(.false), .strict) == .set(.bool)
                && CedarType.set(nil).union(.set(.long), .strict) == .set(nil))
        let x = RecordType(["k": AttributeType(.long), "l": AttributeType(.long)])
        let y = RecordType(["k": AttributeType(.long, isRequired: false), "l": AttributeType(.string)])
        #expect(CedarType.record(x).union(.record(y), .strict) == nil)
        #expect(
            CedarType.record(x).union(.record(y), .permissive)
                == .record(RecordType(["k": AttributeType(.long, isRequired: false)], isOpen: true)))
        #expect(
            CedarType.anyEntity.union(a, .permissive) == .anyEntity && CedarType.anyEntity.union(a, .strict) == nil
                && a.union(.long, .permissive) == nil)
        #expect(
            CedarType.record(x).isSubtype(of: .anyRecord, .permissive)
                && !CedarType.anyRecord.isSubtype(of: .record(x), .permissive))
        #expect(
            CedarType.extension(.decimal).isSubtype(of: .extension(.decimal), .strict)
                && !CedarType.extension(.decimal).isSubtype(of: .extension(.ipaddr), .strict))
    }

    @Test("Types are shown as people write them")
    func shown() {
        let record = RecordType(
            ["a": AttributeType(.set(.long)), "b": AttributeType(.entity(["A", "B"]), isRequired: false)], isOpen: true)
        let all: [CedarType] = [
            .never, .true, .false, .bool, .string, .anyEntity, .set(nil), .record(record), .extension(.duration), .anyRecord,
        ]
        #expect(
            all.map(\.description).joined(separator: "; ")
                == "nothing; Bool (always true); Bool (always false); Bool; String; an entity; a set; {a: Set<Long>, b?: A or B, …}; duration; a record"
        )
    }

    @Test("Attributes of a union are those that all its types have")
    func joined() throws {
        let schema = try Schema(
            "entity A { x: Long, y: Long, z: String } tags Long; entity B { x?: Long, z: Long }; entity C tags String;")
        let both = CedarType.entity(["A", "B"])
        #expect(schema.attribute("x", of: both) == AttributeType(.long, isRequired: false))
        #expect(schema.attribute("y", of: both) == nil && schema.mayHave("y", both) && schema.attribute("z", of: both) == nil)
        #expect(schema.attributeNames(of: both) == ["x", "x", "y", "z", "z"].sorted() && schema.attributeNames(of: .long) == [])
        #expect(
            schema.tagTypes(of: .anyEntity) == [.long, .string] && schema.tagTypes(of: .long) == []
                && schema.mayHave("q", .anyEntity) && !schema.mayHave("q", .long))
    }
}
