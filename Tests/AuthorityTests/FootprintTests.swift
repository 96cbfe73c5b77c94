import Cedar
import Reach
import StrictJSON
import TestSupport
import Testing

@testable import Authority

@Suite("What an operation may do")
struct FootprintTests {
    @Test("Of one input it is never more than of any, on catalogues made up at random", arguments: 0..<4)
    func concreteIsWithinWidest(_ part: Int) throws {
        for seed in 0..<100 {
            var made = RandomCatalogue(seed: part * 1000 + seed + 1)
            let catalogue = made.catalogue()
            for operation in catalogue.operations {
                let input = try made.input(operation)
                let named = Dictionary(
                    uniqueKeysWithValues: operation.input.filter { $0.type.kinds != nil && input.has($0.name) }.map { field in
                        (
                            field.name,
                            [NodeID(system: "made", kind: field.type.kinds?.sorted()[0] ?? "", id: input[field.name] ?? "")]
                        )
                    })
                let target = named["it"]?.first ?? NodeID(system: "made", kind: "account", .new("ann"))
                let ends = Footprint.Ends(target: target, input: input, named: named)
                let concrete = Footprint(of: operation, in: catalogue, on: "made", ends)
                let widest = Footprint(of: operation, in: catalogue, on: "made")
                #expect(concrete.isWithin(widest), "seed \(seed): \(operation.definition)")
                #expect(concrete.isWithin(Footprint(of: operation, in: catalogue, on: "made", .init(target: target))))
                #expect(widest.allows(Step(adds: concrete.adds.compactMap(\.fact), removes: concrete.removes.compactMap(\.fact))))
            }
        }
    }

    private static let broker = Catalogue(
        namespace: "B", kinds: [EntityKind("account", plural: "accounts", .human), EntityKind("tag", plural: "tags", .rule)],
        relations: [RelationDefinition("b.has", from: ["account"], to: ["tag"])], operations: [])

    private func footprint(_ effects: [Authority.Effect], _ input: JSONValue) throws -> Footprint {
        let fields = [
            InputField("account", .reference(["account"]), "The account"),
            InputField("tags", .list(.reference(["tag"]), 5), "Tags", isRequired: false),
            InputField("mode", .choice(["add", "drop"]), "Which", isRequired: false),
        ]
        let operation = Operation(
            "account.do", "Does it.", .write, on: .existing("account", by: "account"), input: fields, effects: effects)
        let named = ["account": [NodeID(system: "s", kind: "account", id: "a")]].merging(
            input["tags"]?.array.map { tags in
                ["tags": tags.compactMap(\.string).map { NodeID(system: "s", kind: "tag", id: $0) }]
            } ?? [:]
        ) { $1 }
        return Footprint(
            of: operation, in: Self.broker, on: "s",
            .init(target: named["account"]?[0], input: try Input(input, for: operation), named: named))
    }

    private func fact(_ account: String, _ tag: String) -> NamedFact {
        NamedFact("b.has", NodeID(system: "s", kind: "account", id: account), NodeID(system: "s", kind: "tag", id: tag))
    }

    @Test("A list input names each of its values, and an absent one names nothing")
    func each() throws {
        let effects = [Authority.Effect(.adds("b.has", .target, .each("tags")))]
        let both = try footprint(effects, ["account": "a", "tags": ["x", "y"]])
        #expect(both.allows(Step(adds: [fact("a", "x"), fact("a", "y")])))
        #expect(!both.allows(Step(adds: [fact("a", "z")])) && !both.allows(Step(adds: [fact("b", "x")])))
        #expect(try !footprint(effects, ["account": "a"]).allows(Step(adds: [fact("a", "x")])))
    }

    @Test("A guard that the input does not meet excludes its effect")
    func guards() throws {
        let effects = [Authority.Effect(.adds("b.has", .target, .each("tags")), when: .equals("mode", "add"))]
        let step = Step(adds: [fact("a", "x")])
        #expect(try footprint(effects, ["account": "a", "tags": ["x"], "mode": "add"]).allows(step))
        #expect(try !footprint(effects, ["account": "a", "tags": ["x"], "mode": "drop"]).allows(step))
        #expect(try !footprint(effects, ["account": "a", "tags": ["x"]]).allows(step))
    }

    @Test("What replaces may take away any fact of its relation on the one, and adds only the new")
    func replaces() throws {
        let effects = [Authority.Effect(.replaces("b.has", of: .target, with: .each("tags")))]
        let found = try footprint(effects, ["account": "a", "tags": ["x"]])
        #expect(found.allows(Step(adds: [fact("a", "x")], removes: [fact("a", "old")])))
        #expect(!found.allows(Step(removes: [fact("b", "old")])))
    }

    @Test(
        "What comes and goes is what its ends name and, where it replaces or deletes, what is there of them",
        arguments: [
            (Act.adds("b.has", .target, .each("tags")), ["x"], [String]()),
            (.removes("b.has", .target, .each("tags")), [], ["x"]),
            (.replaces("b.has", of: .target, with: .each("tags")), ["x"], ["old"]), (.deletes(.target), [], ["old", "x"]),
        ])
    func step(_ act: Act, _ adds: [String], _ removes: [String]) throws {
        let found = try footprint([Authority.Effect(act)], ["account": "a", "tags": ["x"]])
        let step = found.step(among: [fact("a", "x"), fact("a", "old"), fact("b", "old")], in: Self.broker)
        #expect(step == Step(adds: adds.map { fact("a", $0) }, removes: removes.map { fact("a", $0) }))
    }

    @Test("What is opaque may do anything, and lies within nothing that is told")
    func opaque() throws {
        let opaque = try footprint([Authority.Effect(.opaque)], ["account": "a"])
        #expect(opaque.allows(Step(adds: [fact("z", "z")])))
        #expect(try !opaque.isWithin(footprint([], ["account": "a"])))
    }
}

@Suite("Nodes")
struct NodeTests {
    @Test(
        "A node has one text, and no other node has it",
        arguments: [
            NodeID(system: "corp", kind: "user", id: "u-1"), NodeID(system: "corp", kind: "user", .new("u-1")),
            NodeID(system: "corp", kind: "user", id: "new:u-1"), NodeID(system: "corp", kind: "user", id: "=new:u-1"),
            NodeID(system: "aws", kind: "role", id: "arn:aws:iam::123456789012:role/deploy"),
            NodeID(system: "corp", kind: "user", id: ":\u{301}x"), NodeID(system: "corp", kind: "user", .new("\u{301}x")),
            NodeID(system: "corp", kind: "user", id: ""),
        ])
    func text(_ node: NodeID) {
        let back = NodeID(text: node.text)
        #expect(back == node && back?.key == node.key && back?.kind == node.kind && back?.system == node.system)
        #expect(NodeID.isNew(text: node.text) == node.isNew)
    }

    @Test("Canonically equivalent ids are two nodes")
    func exact() {
        #expect(NodeID(system: "s", kind: "k", id: "e\u{301}") != NodeID(system: "s", kind: "k", id: "\u{e9}"))
    }

    @Test("An entity of a kind that the catalogue does not have has no node: nobody takes it for a user")
    func unknownKind() {
        let catalogue = Catalogue(
            namespace: "LDAP", kinds: [EntityKind("user", plural: "users", .human)], operations: [])
        #expect(catalogue.node(.init(type: "LDAP::Printer", id: "p"), in: "corp") == nil)
        #expect(
            catalogue.node(.init(type: "LDAP::User", id: "new:bob"), in: "corp")
                == NodeID(system: "corp", kind: "user", .new("bob")))
        #expect(catalogue.node(.system("corp"), in: "corp") == .whole("corp"))
    }
}
