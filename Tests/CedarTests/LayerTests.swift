import StrictJSON
import Testing

@testable import Cedar

@Suite("A request's own entities over those that many share")
struct LayerTests {
    /// All ways to part the world's entities in two of which the shared ones have all that is above them, or name it only.
    @Test("Answers are those over all entities in one store, wherever each stands", arguments: 0..<64)
    func answers(split: Int) throws {
        let compiled = CompiledPolicies(World.policies)
        let all = World.entities.all
        var shared = all.enumerated().filter { ($0.offset &* 2_654_435_761 ^ split) >> 3 & 1 == 0 }.map(\.element)
        // What is above one that is shared is shared, too.
        while let more = shared.flatMap(\.parents).compactMap({ World.entities[$0] }).first(where: { !shared.contains($0) }) {
            shared.append(more)
        }
        let base = SharedEntities(try Entities(shared), for: compiled)
        let layer = try base.layer(all.filter { !shared.contains($0) })
        #expect(layer.entities.all == all)
        for request in World.requests {
            let decider = LayerDecider(compiled, layer, context: request.context)
            #expect(
                decider.authorize(request.principal, request.action, request.resource)
                    == World.policies.authorizePlainly(request, entities: World.entities))
            #expect(
                World.policies.authorizePlainly(request, entities: layer.entities)
                    == World.policies.authorizePlainly(request, entities: World.entities))
        }
    }

    @Test("Values of every sort are read in a layer as they are in a store")
    func values() throws {
        let conditions = [
            "resource.set.contains([1, 2])", "resource.record.inner.ip.isLoopback()", "resource.getTag(\"t\") == {k: [\"new\"]}",
            "resource.hasTag(\"t\") && !resource.hasTag(\"u\")", "resource in Doc::\"top\"", "principal.friend.name == \"s\"",
            "resource.friend in Team::\"all\"", "resource.nope == 1", "Doc::\"named\".level == 3", "Doc::\"gone\".level == 3",
            "resource.friend is User && [resource.friend, principal] == [principal, resource.friend]",
        ]
        let set = try PolicySet(
            PolicySet.parse(conditions.map { "permit (principal, action, resource) when { \($0) };" }.joined()))
        let address = Value.ip(try #require(IPAddress("127.0.0.1")))
        let (friend, named) = (World.user("friend"), World.doc("named"))
        let shared = [
            Entity(World.user("u"), attributes: ["friend": .entity(friend)]),
            Entity(friend, attributes: ["name": "s", "ips": .set([address])], parents: [World.team("t")]),
            Entity(World.team("t"), parents: [World.team("all")]),
        ]
        let own = [
            Entity(
                World.doc("d"),
                attributes: [
                    "set": .set([.set([2, 1]), "x"]), "record": .record(["inner": .record(["ip": address])]),
                    "friend": .entity(friend),
                ],
                tags: ["t": .record(["k": .set(["new"])])], parents: [World.doc("folder")]),
            Entity(World.doc("folder"), parents: [World.doc("top")]), Entity(named, attributes: ["level": 3]),
        ]
        let compiled = CompiledPolicies(set)
        let base = SharedEntities(try Entities(shared), for: compiled)
        let request = Request(principal: World.user("u"), action: World.action("a"), resource: World.doc("d"), context: [:])
        func answer(_ own: [Entity]) throws -> Response {
            let decider = LayerDecider(compiled, try base.layer(own), context: request.context)
            // Asked before about others, it answers the same.
            _ = decider.authorize(World.doc("d"), World.action("b"), World.user("nobody"))
            return decider.authorize(request.principal, request.action, request.resource)
        }
        let response = try answer(own)
        #expect(response == set.authorizePlainly(request, entities: try Entities(shared + own)))
        #expect(response.reasons.count == 9 && response.errors.count == 2)
        // The next request has nothing of this one.
        #expect(try answer([]).errors.count > 2)
    }

    @Test("An entity given twice must be the same, and none may change what shared ones are in")
    func conflicts() throws {
        let compiled = CompiledPolicies(World.policies)
        let user = Entity(World.user("u"), attributes: ["a": 1], parents: [World.team("t")])
        let base = SharedEntities(try Entities([user]), for: compiled)
        #expect(try base.layer([user, user]).entities.all == [user])
        #expect(throws: Entities.Failure.conflict(user.uid)) { try base.layer([Entity(user.uid)]) }
        // The shared user is in the team, and would be in whatever that is in.
        #expect(throws: Entities.Failure.conflict(World.team("t"))) {
            try base.layer([Entity(World.team("t"), parents: [World.team("all")])])
        }
        #expect(try base.layer([Entity(World.team("t"))]).entities.all.count == 2)
        let (x, y) = (World.team("x"), World.team("y"))
        #expect(throws: Entities.Failure.self) { try base.layer([Entity(x, parents: [y]), Entity(y, parents: [x])]) }
    }
}
