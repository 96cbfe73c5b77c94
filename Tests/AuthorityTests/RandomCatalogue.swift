import Cedar
import Reach
import StrictJSON
import TestSupport

@testable import Authority

/// A kind of system made up at random: three kinds, four relations with rules of every sort, and operations that do anything.
struct RandomCatalogue {
    static let kinds = [
        EntityKind(
            "account", plural: "accounts", .human, ids: .reusable(foldsCase: true),
            attributes: [AttributeDefinition("note", .internal, isWritable: true)], naming: "made.named"),
        EntityKind("role", plural: "roles", .assumable), EntityKind("vault", plural: "vaults", .resource),
    ]
    static let relations = [
        RelationDefinition(
            "made.in", from: ["account", "role"], to: ["role"], projection: .parent(up: "in", down: "holds", below: "all")),
        RelationDefinition("made.half", from: ["account", "role"], to: ["vault"]),
        RelationDefinition("made.other", from: ["account", "role"], to: ["vault"]),
        RelationDefinition("made.guards", from: ["role"], to: ["vault"]),
        RelationDefinition("made.off", from: ["account"], isRestriction: true, projection: .mirrors("off", negated: false)),
        RelationDefinition("made.keyOf", from: ["account"], origin: .credential),
        RelationDefinition("made.named", from: ["account"], to: ["name", "account"], origin: .naming),
    ]
    static let rules = """
        relation made.in(who, role). relation made.half(who, vault). relation made.other(who, vault).
        relation made.guards(role, vault). restriction made.off(account).
        relation made.keyOf(account, who). relation made.named(account, name).
        become(?u, ?r) if made.in(?u, ?r) and not made.off(?u).
        become(?u, ?v) if made.half(?u, ?v) and made.other(?u, ?v).
        become(?u, ?v) if made.in(?u, ?r) and made.guards(?r, ?v).
        become(?w, ?a) if made.keyOf(?a, ?w) and not made.off(?a).
        become(?u, ?n) if made.named(?u, ?n).
        """

    private var dice: Dice

    init(seed: Int) { dice = Dice(seed: seed) }

    mutating func roll(_ bound: Int) -> Int { dice.roll(bound) }

    private mutating func pick<T>(_ all: [T]) -> T { all[roll(all.count)] }

    // MARK: Operations

    mutating func catalogue() -> Catalogue {
        let operations = (0..<4).map { operation("thing.do-\($0)") }
        return Catalogue(namespace: "Made", kinds: Self.kinds, relations: Self.relations, operations: operations)
    }

    private mutating func operation(_ name: String) -> Authority.Operation {
        let kind = pick(["account", "account", "role"])
        let isNew = kind == "account" && roll(5) == 0
        let target = isNew ? OperationTarget.new(kind, named: "it") : .existing(kind, by: "it")
        let fields = [
            InputField("it", isNew ? .identifier : .reference([kind]), "The one"),
            InputField("who", .reference(["account", "role"]), "Another", isRequired: false),
            InputField("role", .reference(["role"]), "A role", isRequired: false),
            InputField("vault", .reference(["vault"]), "A vault", isRequired: false),
            InputField("text", .text(20), "A text", isRequired: false),
        ]
        let effects = (0...roll(2)).map { _ in effect() } + (isNew ? [Authority.Effect(.creates(kind, named: "it"))] : [])
        return Operation(name, "Does it.", .write, on: target, input: fields, effects: effects)
    }

    private mutating func effect() -> Authority.Effect {
        let subject = pick([End.target, .input("who"), .target])
        let when = pick([Guard.always, .always, .present("text"), .equals("text", "x")])
        let role = pick([End.input("role"), .input("role"), .target])
        let act: Act =
            switch roll(12) {
            case 0, 1, 2: .adds("made.in", subject, role)
            case 3: .adds("made.half", subject, .input("vault"))
            case 4: .adds("made.other", subject, .input("vault"))
            case 5: .adds("made.guards", .input("role"), .input("vault"))
            case 6: .removes("made.off", subject)
            case 7: .removes("made.in", subject, role)
            case 8: .mints("made.keyOf", of: subject, to: pick([.author, .person]))
            case 9: .sets("note", of: .target, to: .input("text"))
            case 10: .replaces("made.in", of: subject, with: .input("role"))
            default: .deletes(pick([.target, .input("who")]))
            }
        return Authority.Effect(act, when: when)
    }

    // MARK: A world

    static let names = [("account", ["ann", "bob"]), ("role", ["admins", "staff"]), ("vault", ["gold"])]

    static func node(_ kind: String, _ name: String) -> NodeID { NodeID(system: "made", kind: kind, id: name) }

    mutating func facts() -> Set<NamedFact> {
        var facts: Set<NamedFact> = [NamedFact("made.guards", Self.node("role", "admins"), Self.node("vault", "gold"))]
        if roll(2) == 0 { facts.insert(NamedFact("made.off", Self.node("account", "ann"))) }
        if roll(2) == 0 { facts.insert(NamedFact("made.in", Self.node("account", "ann"), Self.node("role", "admins"))) }
        if roll(3) == 0 { facts.insert(NamedFact("made.half", Self.node("account", "bob"), Self.node("vault", "gold"))) }
        return facts
    }

    mutating func world(_ catalogue: Catalogue) throws -> LookAheadWorld {
        let entries = Self.names.flatMap { kind, names in
            names.compactMap { name in
                catalogue[kind: kind].map {
                    LookAheadWorld.Entry(ReachNode(system: "made", $0, id: name, name: name), attributes: [:])
                }
            }
        }
        let facts = facts()
        return LookAheadWorld(
            system: "made", catalogue: catalogue, workloads: [Entity(.workload("agent"))], entries: entries,
            graph: try ReachGraph(
                rules: try RuleSet.shipped(with: [(name: "made.reach", text: Self.rules)]), nodes: entries.map(\.id),
                facts: facts.sorted(), protected: [Self.node("vault", "gold").text]),
            facts: facts, purposes: ["p"], environment: "test", tenant: "t")
    }

    /// Permits some of the operations, some of them on some of the entries.
    mutating func policy(_ catalogue: Catalogue) -> String {
        catalogue.operations.filter { _ in roll(2) == 0 }.map { operation in
            let condition = pick(["", #" when { resource.name == "ann" }"#, #" unless { resource.name == "admins" }"#])
            return "permit (principal, action == Made::Action::\"execute:\(operation.name)\", resource)\(condition);"
        }.joined(separator: "\n")
    }

    /// An input with some of its fields.
    mutating func input(_ operation: Authority.Operation) throws -> Input {
        var json: JSONValue = [:]
        for field in operation.input where field.isRequired || roll(2) == 0 {
            json.add(field.name, .string(field.name == "text" ? pick(["x", "y"]) : pick(["ann", "admins", "gold"])))
        }
        return try Input(json, for: operation)
    }
}
