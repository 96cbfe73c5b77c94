import Cedar
import DirectoryKit
import StrictJSON
import TestSupport
import Testing

@testable import Authority

@Suite("Catalogues")
struct CatalogueTests {
    private static let account = OperationTarget.existing("account", by: "account")
    private static let field = InputField("account", .reference(["account"]), "The account")

    private static func catalogue(
        kinds: [EntityKind] = kinds, relations: [RelationDefinition] = relations, _ operations: [Authority.Operation] = []
    ) -> Catalogue {
        Catalogue(namespace: "B", kinds: kinds, relations: relations, operations: operations)
    }

    private static let kinds = [
        EntityKind(
            "account", plural: "accounts", .human,
            attributes: [AttributeDefinition("note", .internal), AttributeDefinition("blocked", .internal, type: .boolean)]),
        EntityKind("tag", plural: "tags", .rule),
    ]
    private static let relations = [
        RelationDefinition("b.has", from: ["account"], to: ["tag"]),
        RelationDefinition("b.blocked", from: ["account"], isRestriction: true, projection: .mirrors("blocked", negated: false)),
        RelationDefinition("b.key", from: ["account"], origin: .credential),
    ]

    private static func write(
        _ effects: [Authority.Effect], on target: OperationTarget = account, input: [InputField] = [field],
        inverse: String? = nil,
        reversibility: Reversibility = .irreversible
    ) -> Authority.Operation {
        Operation(
            "account.do", "Does it.", .write, on: target, input: input, effects: effects, inverse: inverse,
            reversibility: reversibility)
    }

    private static let note = Authority.Effect(.sets("note", of: .target, to: .unknown))

    /// A catalogue, and a part of what is wrong with it.
    private static let contradictory: [(String, Catalogue)] = [
        ("is declared twice", catalogue(kinds: kinds + kinds)),
        ("which is no kind", catalogue(relations: [RelationDefinition("b.x", from: ["ghost"], to: ["tag"])])),
        (
            "no Boolean attribute",
            catalogue(relations: [RelationDefinition("b.x", from: ["tag"], projection: .mirrors("on", negated: false))])
        ),
        ("is no kind", catalogue([write([note], on: .existing("ghost", by: "account"))])),
        ("names something else", catalogue([write([note], on: .existing("tag", by: "account"))])),
        ("no required input", catalogue([write([note], input: [])])),
        ("creates none", catalogue([write([note], on: .new("account", named: "account"))])),
        ("no relation", catalogue([write([Authority.Effect(.adds("b.none", .target, .target))])])),
        ("wrong number of ends", catalogue([write([Authority.Effect(.adds("b.has", .target))])])),
        ("may be a `account`", catalogue([write([Authority.Effect(.adds("b.has", .target, .target))])])),
        ("which is not there", catalogue([write([Authority.Effect(.adds("b.has", .created, .target))])])),
        ("does not have", catalogue([write([Authority.Effect(.sets("mood", of: .target, to: .unknown))])])),
        (
            "what becomes of `b.blocked`",
            catalogue([write([Authority.Effect(.sets("blocked", of: .target, to: .boolean(false)))])])
        ),
        ("no relation of a credential", catalogue([write([Authority.Effect(.mints("b.has", of: .target, to: .author))])])),
        ("is bound by", catalogue([write([Authority.Effect(.computed(Bound(adds: ["b.none"])))])])),
        ("changes nothing", catalogue([write([note], inverse: "account.undo")])),
        ("has no inverse", catalogue([write([note], reversibility: .reversible)])),
        ("answers nothing", catalogue([Operation("account.read", "Reads.", .read, on: account, input: [field])])),
    ]

    @Test("What can't be so is found", arguments: contradictory.indices)
    func contradictions(_ index: Int) {
        let (part, catalogue) = Self.contradictory[index]
        #expect(catalogue.contradictions.contains { $0.contains(part) }, "\(part): \(catalogue.contradictions)")
    }

    @Test("The directories contradict themselves in nothing, and their inverses take back what they undo")
    func directories() {
        let catalogue = Catalogue.directory(
            namespace: "Test",
            attributes: [AttributeDefinition("mail", .internal, isWritable: true), AttributeDefinition("enabled", .internal)])
        #expect(catalogue.contradictions.isEmpty, "\(catalogue.contradictions)")
        for operation in catalogue.operations { #expect(catalogue.notInverted(by: operation).isEmpty, "\(operation.name)") }
    }

    @Test("An inverse that does not take back what is done is found")
    func inversion() {
        let adds = write("account.tag", [Authority.Effect(.adds("b.has", .target, .input("tag")))], inverse: "account.note")
        let notes = write("account.note", [Self.note], inverse: nil)
        let catalogue = Self.catalogue([adds, notes])
        #expect(catalogue.notInverted(by: adds) == ["adds `b.has`, and `account.note` does not take it away"])
    }

    private func write(_ name: String, _ effects: [Authority.Effect], inverse: String?) -> Authority.Operation {
        let tag = InputField("tag", .reference(["tag"]), "The tag")
        return Operation(
            name, "Does it.", .write, on: Self.account, input: [Self.field, tag], effects: effects, inverse: inverse)
    }

    // MARK: Of one namespace

    @Test("Two systems of one kind with different attributes share a schema that has all of them")
    func merged() throws {
        let (a, b) = (Self.directory(["title"]), Self.directory(["mail"]))
        #expect(Catalogue.conflict(among: [a, b]) == nil)
        for all in [[a, b], [b, a]] {
            let policy =
                #"permit (principal, action in [Test::Action::"execute:user.set-title", Test::Action::"execute:user.set-mail"], resource);"#
            _ = try Fixture.bundle(policy, all)
        }
    }

    @Test("Two systems that mean different things by one name don't stand together")
    func conflicting() {
        let other = Self.catalogue([Operation("account.do", "Does it.", .write, on: .system, input: [], effects: [Self.note])])
        #expect(Catalogue.conflict(among: [Self.catalogue([Self.write([Self.note])]), other]) != nil)
        let kinds = [EntityKind("account", plural: "accounts", .workload), EntityKind("tag", plural: "tags", .rule)]
        #expect(Catalogue.conflict(among: [Self.catalogue(), Self.catalogue(kinds: kinds, relations: [])]) != nil)
    }

    private static func directory(_ attributes: [String]) -> Catalogue {
        Catalogue.directory(
            namespace: "Test", attributes: attributes.map { AttributeDefinition($0, .internal, isWritable: true) })
    }
}

@Suite("Typed inputs")
struct TypedInputTests {
    private static let operation = Operation(
        "x.do", "Does it.", .write, on: .system,
        input: [
            InputField("names", .list(.reference(["user"]), 3), "Names", isRequired: false),
            InputField("on", .boolean, "Whether", isRequired: false),
            InputField("life", .duration(60_000...3_600_000), "How long", isRequired: false),
            InputField("policy", .document(40), "A policy", isRequired: false),
            InputField("vhost", .reference(["vhost"], allowing: "/"), "Where", isRequired: false),
        ])

    @Test(
        "What is of the type is taken",
        arguments: [
            #"{"names":["ann","bob"]}"#, #"{"on":false}"#, #"{"life":"15m"}"#, #"{"life":"1h"}"#, #"{"policy":{"a":[1,{}]}}"#,
            #"{"vhost":"/"}"#, #"{"vhost":"a/b"}"#,
        ])
    func taken(_ text: String) throws { _ = try Input(JSONReader.read(text), for: Self.operation) }

    @Test(
        "What is of another is refused",
        arguments: [
            #"{"names":[]}"#, #"{"names":["ann","ann"]}"#, #"{"names":["a","b","c","d"]}"#, #"{"names":"ann"}"#,
            #"{"names":["a b"]}"#,
            #"{"names":[["ann"]]}"#, #"{"on":"true"}"#, #"{"on":0}"#, #"{"life":"2h"}"#, #"{"life":"1s"}"#, #"{"life":900000}"#,
            #"{"life":"soon"}"#, #"{"policy":"{}"}"#, #"{"policy":[]}"#,
            #"{"policy":{"long":"0123456789012345678901234567890123456789"}}"#,
            #"{"vhost":"a%2fb"}"#, #"{"vhost":"a?b"}"#, #"{"vhost":""}"#,
        ])
    func refused(_ text: String) {
        #expect(throws: ShapeError.self) { try Input(JSONReader.read(text), for: Self.operation) }
    }

    @Test("Policy sees each by its own type")
    func seen() throws {
        let json = try JSONReader.read(#"{"names":["bob","ann"],"on":true,"life":"15m","policy":{"b":1,"a":2}}"#)
        let value = try Input(json, for: Self.operation).value
        #expect(
            value
                == .record([
                    "names": .set([.string("ann"), .string("bob")]), "on": .bool(true),
                    "life": .duration(Cedar.Duration(milliseconds: 900_000)), "policy": .string(#"{"a":2,"b":1}"#),
                ]))
    }
}
