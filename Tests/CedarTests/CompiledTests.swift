import StrictJSON
import Testing

@testable import Cedar

@Suite("Compiled policies")
struct CompiledTests {
    @Test("Every answer is that of the definition, errors and their causes included")
    func answers() {
        let compiled = CompiledPolicies(World.policies)
        let (store, workspace) = (compiled.store(World.entities), Workspace())
        for request in World.requests {
            #expect(
                compiled.authorize(request, in: store, workspace)
                    == World.policies.authorizePlainly(request, entities: World.entities))
        }
    }

    @Test("Each policy alone gives the same answer, whatever it can be found by", arguments: World.policies.policies.indices)
    func alone(index: Int) throws {
        let set = try PolicySet([World.policies.policies[index]])
        let compiled = CompiledPolicies(set)
        let store = compiled.store(World.entities)
        for request in World.requests {
            #expect(compiled.authorize(request, in: store) == set.authorizePlainly(request, entities: World.entities))
        }
    }

    /// Policies of every shape that the index knows, many of each.
    private static func many() throws -> PolicySet {
        var texts: [String] = []
        for number in 0..<156 {
            let (user, doc, team) = ("User::\"u\(number % 7)\"", "Doc::\"d\(number % 5)\"", "Team::\"t\(number % 3)\"")
            let shapes = [
                "permit (principal == \(user), action, resource);", "permit (principal in \(team), action, resource);",
                "permit (principal, action, resource == \(doc));",
                "permit (principal, action == Action::\"a\(number % 4)\", resource);",
                "permit (principal is User, action, resource is Doc) when { resource.owner == \(user) };",
                "forbid (principal, action in [Action::\"a1\", Action::\"g\"], resource) when { principal == \(user) && resource.nope };",
                "permit (principal, action, resource) when { resource.tenant == \"t\(number % 6)\" };",
                "permit (principal, action, resource) when { \"x\(number % 6)\" == context.path.deep } unless { principal in \(team) };",
                "permit (principal, action, resource) when { context.path == {deep: \"x1\"} };",
                "permit (principal, action, resource) when { resource is Doc && resource.level == \(number % 4) };",
                "permit (principal is User in \(team), action, resource) when { principal.a\(number) == 1 };",
                "permit (principal, action, resource) when { resource.nope == \"x\" && principal == \(user) };",
                "permit (principal, action, resource) when { principal is User && resource.tenant == \"t\(number % 6)\" && resource == \(doc) };",
            ]
            texts.append(shapes[number % shapes.count])
        }
        return try PolicySet(PolicySet.parse(texts.joined(separator: "\n")))
    }

    private static func entity(_ number: Int) -> [Entity] {
        let (user, doc) = (World.user("u\(number % 7)"), World.doc("d\(number % 5)"))
        return [
            Entity(user, attributes: [ExactString("a\(number % 30)"): 1], parents: [World.team("t\(number % 3)")]),
            Entity(
                doc,
                attributes: [
                    "owner": .entity(user), "tenant": .string(ExactString("t\(number % 6)")), "level": number % 2 == 0 ? 1 : "x",
                ]),
        ]
    }

    @Test("With many policies of all shapes, only candidates are looked at and nothing is missed")
    func index() throws {
        let set = try Self.many()
        let compiled = CompiledPolicies(set)
        let workspace = Workspace()
        var (allowed, erring) = (0, 0)
        for number in 0..<210 {
            let entities = try Entities(
                Self.entity(number)
                    + [Entity(World.team("t\(number % 3)"), parents: [World.team("t0")])].filter { $0.uid != World.team("t0") }
                    + [Entity(World.action("a1"), parents: [World.action("g")])])
            let store = compiled.store(entities)
            let context: [ExactString: Value] =
                number % 3 == 0 ? [:] : ["path": .record(["deep": .string(ExactString("x\(number % 6)"))])]
            let request = Request(
                principal: World.user("u\(number % 8)"), action: World.action("a\(number % 5)"),
                resource: World.doc("d\(number % 6)"), context: context)
            let response = compiled.authorize(request, in: store, workspace)
            #expect(response == set.authorizePlainly(request, entities: entities))
            allowed += response.decision == .allow ? 1 : 0
            erring += response.errors.count
        }
        #expect(allowed > 20 && erring > 20, "\(allowed) \(erring)")
    }

    @Test("A store that was updated in place answers like one built anew")
    func updates() throws {
        let set = try Self.many()
        let compiled = CompiledPolicies(set)
        var store = compiled.store(Entities())
        var known: [EntityUID: Entity] = [:]
        for number in 0..<3000 {
            for var entity in Self.entity(number) {
                entity.attributes[ExactString("big\(number % 3)")] = .set(Set((0..<4).map { .long(Int64($0 + number)) }))
                known[entity.uid] = entity
                try store.update(entity)
            }
            let team = Entity(World.team("t\(number % 3)"), parents: number % 3 == 1 && number % 2 == 0 ? [World.team("t0")] : [])
            known[team.uid] = team
            try store.update(team)
            if number % 11 == 0 {
                known[World.user("u\(number % 7)")] = nil
                store.remove(World.user("u\(number % 7)"))
            }
            guard number % 150 == 0 else { continue }
            let entities = try Entities(known.values)
            #expect(store.all == entities.all)
            for who in 0..<7 {
                let request = Request(
                    principal: World.user("u\(who)"), action: World.action("a\(who % 4)"), resource: World.doc("d\(who % 5)"))
                #expect(compiled.authorize(request, in: store) == set.authorizePlainly(request, entities: entities))
            }
        }
        #expect(store.pool.fields.count < 20_000, "what is not used any more must be given back")
    }

    @Test("An update that would make an entity its own ancestor is refused, and changes nothing")
    func cycle() throws {
        let compiled = CompiledPolicies(World.policies)
        var store = compiled.store(World.entities)
        let before = store.all
        #expect(throws: Entities.Failure.cycle(World.team("all"))) {
            try store.update(Entity(World.team("all"), parents: [World.team("dev")]))
        }
        #expect(throws: Entities.Failure.self) { try store.update(Entity(World.team("x"), parents: [World.team("x")])) }
        #expect(store.all == before)
    }

    @Test("What an updated entity no longer holds is given back, whatever its values are made of")
    func givenBack() throws {
        var store = CompiledPolicies(World.policies).store(World.entities)
        for number in 0..<400 {
            let large = Value.record(
                Dictionary(
                    uniqueKeysWithValues: (0..<50).map {
                        (ExactString("k\($0)"), .set(Set((0..<20).map { .long($0 + Int64(number)) })))
                    }))
            try store.update(
                Entity(World.user("x"), attributes: ["large": large, "address": .ip(try #require(IPAddress("10.0.0.1")))]))
        }
        #expect(store.pool.cells.count < 10_000 && store.pool.fields.count < 10_000 && store.pool.addresses.count < 1000)
    }

    @Test(
        "An operand of the wrong type is an error, of an entity that is not there too, and of two the first",
        arguments: [
            ("User::\"gone\".hasTag(context.n)", "string"), ("User::\"gone\".getTag(context.n)", "string"),
            ("context.n.hasTag(context.n)", "entity"), ("context.n.getTag(context.n)", "entity"),
        ])
    func operands(condition: String, expected: String) throws {
        let set = try PolicySet(PolicySet.parse("permit (principal, action, resource) when { \(condition) };"))
        let request = Request(
            principal: World.user("u"), action: World.action("a"), resource: World.doc("d"), context: ["n": 1])
        let compiled = CompiledPolicies(set)
        let response = compiled.authorize(request, in: compiled.store(Entities()))
        #expect(response == set.authorizePlainly(request, entities: Entities()))
        #expect(response.errors.map(\.error) == [.type(expected: expected, found: "long")])
    }

    @Test("Large sets of records are compared without looking at all pairs")
    func largeSets() throws {
        let elements = (Int64(0)..<4000).map { Value.record(["n": .long($0)]) }
        let set = try PolicySet(
            PolicySet.parse(
                "permit (principal, action, resource) when { context.a == context.b && context.a.containsAll(context.c) };"))
        let context: [ExactString: Value] = [
            "a": .set(Set(elements)), "b": .set(Set(elements.reversed())), "c": .set(Set(elements.prefix(10))),
        ]
        let request = Request(principal: World.user("u"), action: World.action("a"), resource: World.doc("d"), context: context)
        #expect(set.authorize(request, entities: Entities()).decision == .allow)
    }

    @Test("Sets and records are equal by content, however they came to be")
    func equality() throws {
        let conditions = [
            "context.a == [1, \"x\", [2, 3], {k: [ip(\"10.0.0.1\")]}]", "[context.b, {k: context.b}].contains({k: [1]})",
            "context.a.containsAll([[3, 2], {k: [ip(\"10.0.0.1/32\")]}])", "[context.c, context.c].containsAny([\"new\"])",
            "{x: context.c, y: [1, 1, 2]} == {y: [2, 1], x: \"new\"}", "context.big.contains(15) && !context.big.contains(21)",
            "context.a == [1]", "[[]] == [context.empty]", "context.ips.contains(ip(\"10.0.0.1\"))",
        ]
        let set = try PolicySet(
            PolicySet.parse(conditions.map { "permit (principal, action, resource) when { \($0) };" }.joined()))
        let address: Value = .ip(try #require(IPAddress("10.0.0.1")))
        let context: [ExactString: Value] = [
            "a": .set([1, "x", .set([2, 3]), .record(["k": .set([address])])]), "b": .set([1]), "c": "new",
            "big": .set(Set((0..<20).map { .long($0) })), "empty": .set([]), "ips": .set([address]),
        ]
        let request = Request(principal: World.user("u"), action: World.action("a"), resource: World.doc("d"), context: context)
        let response = set.authorize(request, entities: Entities())
        #expect(response == set.authorizePlainly(request, entities: Entities()))
        #expect(response.reasons == ["policy0", "policy1", "policy2", "policy3", "policy4", "policy5", "policy7", "policy8"])
    }
}
