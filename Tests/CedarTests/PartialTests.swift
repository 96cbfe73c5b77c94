import Foundation
import StrictJSON
import Testing

@testable import Cedar

/// What must not fail, as the rest rests on it.
private func must<T>(_ make: () throws -> T) -> T {
    do { return try make() } catch { fatalError("\(error)") }
}

/// A small world of users, teams and documents.
enum World {
    static let schemaText = """
        entity Team in [Team];
        entity User in [Team] { level: Long, lead?: User } tags String;
        entity Doc in [Team] { owner: User, labels: Set<String>, public?: Bool };
        entity Color enum ["red", "green"];
        type Approvals = { count: Long, teams: Set<Team> };
        action view, edit in [use] appliesTo { principal: User, resource: Doc, context: { approvals: Approvals, ip?: ipaddr, now: datetime } };
        action use;
        """
    static let schema = must { try Schema(schemaText) }

    static func user(_ id: String) -> EntityUID { EntityUID(type: "User", id: ExactString(id)) }
    static func team(_ id: String) -> EntityUID { EntityUID(type: "Team", id: ExactString(id)) }
    static func doc(_ id: String) -> EntityUID { EntityUID(type: "Doc", id: ExactString(id)) }
    static func action(_ id: String) -> EntityUID { EntityUID(type: "Action", id: ExactString(id)) }

    static let all: [Entity] = [
        Entity(user("ann"), attributes: ["level": 3], tags: ["site": "north"], parents: [team("dev")]),
        Entity(user("bob"), attributes: ["level": 1, "lead": .entity(user("ann"))], parents: [team("ops")]),
        Entity(team("dev"), parents: [team("all")]), Entity(team("ops"), parents: [team("all")]), Entity(team("all")),
        Entity(doc("1"), attributes: ["owner": .entity(user("ann")), "labels": .set(["secret"])], parents: [team("dev")]),
        Entity(doc("2"), attributes: ["owner": .entity(user("bob")), "labels": .set([]), "public": true]),
        Entity(action("view"), parents: [action("use")]), Entity(action("edit"), parents: [action("use")]), Entity(action("use")),
    ]
    static let entities = must { try Entities(all) }

    static func request(_ who: String, _ what: String, _ which: String, count: Int64 = 0, teams: Set<Value> = []) -> Request {
        Request(
            principal: user(who), action: action(what), resource: doc(which),
            context: [
                "approvals": .record(["count": .long(count), "teams": .set(teams)]), "now": .datetime(Datetime(milliseconds: 0)),
            ])
    }

    static let requests = ["ann", "bob", "nobody"].flatMap { who in
        ["view", "edit", "other"].flatMap { what in
            ["1", "2", "3"].flatMap { which in (0...2).map { request(who, what, which, count: $0) } }
        }
    }

    /// Policies that use every kind of expression, some of which err on some requests.
    static let conditions = [
        "true", "false", "principal == resource.owner", "principal in Team::\"dev\"", "resource in principal.lead",
        "context.approvals.count >= 2", "context.approvals.count + 1 > principal.level", "1 + \"a\" == 2",
        "principal has lead && principal.lead == User::\"ann\"", "principal.lead.level > 2",
        "principal.hasTag(\"site\") && principal.getTag(\"site\") like \"n*\"",
        "principal.getTag(\"nope\") == \"x\"",
        "resource.labels.contains(\"secret\") || context.approvals.teams.contains(Team::\"dev\")",
        "if context.approvals.count > 0 then principal.level == 3 else resource.public",
        "!(resource has public && resource.public)",
        "resource is Doc in Team::\"all\"", "principal is Team", "context has ip && context.ip.isLoopback()",
        "context.now < datetime(\"2020-01-01\")",
        "context.now.offset(duration(\"1d\")).toDate() == datetime(\"1970-01-02\")", "[principal.level, 3].containsAll([3])",
        "{a: principal.level, b: [context.approvals.count]}.b.contains(1)", "principal.level * 9223372036854775807 > 0",
        "-principal.level < 0",
        "[User::\"ann\", User::\"bob\"].contains(principal)", "action in Action::\"use\"", "resource.labels.isEmpty()",
        "principal in [Team::\"ops\", Team::\"x\"]",
        "context.approvals == {count: 1, teams: []}",
        "decimal(\"1.5\").lessThan(decimal(\"2.0\")) && ip(\"10.0.0.1\").isInRange(ip(\"10.0.0.0/8\"))",
        "context.approvals.teams.containsAny([Team::\"dev\"]) || resource.owner.lead.level == 1", "principal.level",
        "ip(\"bad\").isIpv4()",
        "resource.owner.level >= 1 && (context.approvals.count >= 1 || principal.nope)",
        "(if principal has lead then principal.lead else principal).level == 3", "10 - (principal.level - 1) == 8",
        "2 * (principal.level + 1) - 3 * 2 > 1", "(principal.level == 3) == (resource has public)", "-(-1) == 1 && !(!true)",
    ]

    static let policies: PolicySet = {
        let heads = [
            "principal, action, resource", "principal == User::\"ann\", action, resource",
            "principal in Team::\"all\", action == Action::\"view\", resource",
            "principal is User, action in Action::\"use\", resource is Doc",
            "principal, action in [Action::\"edit\", Action::\"x\"], resource in Team::\"dev\"",
            "principal is User in Team::\"ops\", action, resource == Doc::\"2\"",
        ]
        let texts = conditions.enumerated().map { index, condition in
            let head = heads[index % heads.count]
            let effect = index % 5 == 4 ? "forbid" : "permit"
            return "\(effect) (\(head)) \(index % 3 == 2 ? "unless" : "when") { \(condition) };"
        }
        return must { try PolicySet(PolicySet.parse(texts.joined(separator: "\n"))) }
    }()
}

@Suite("Partial evaluation")
struct PartialTests {
    /// Ways of not knowing something, and the rest being known later.
    static let unknowns = [
        "principal", "untyped principal", "resource", "approvals", "untyped approvals", "count", "now", "context", "owner",
        "labels", "parents", "user", "all",
    ]

    private func partial(_ request: Request, _ unknown: String) -> (PartialRequest, PartialEntities) {
        var partial = PartialRequest(request, unknown: [:])
        var entities = PartialEntities(World.entities)
        let (uid, known) = (request.resource, World.entities[request.resource])
        func resource(_ change: (inout [ExactString: PartialValue]) -> Void, parents: Set<EntityUID>?) -> PartialEntities {
            guard let known else { return entities }
            var attributes = known.attributes.mapValues { PartialValue.known($0) }
            change(&attributes)
            return PartialEntities(
                World.entities, partial: [PartialEntity(uid, attributes: .record(attributes), parents: parents)])
        }
        switch unknown {
        case "principal": partial.principal = .unknown("User")
        case "untyped principal": partial.principal = .unknown(nil)
        case "resource": partial.resource = .unknown("Doc")
        case "approvals":
            partial = PartialRequest(
                request, unknown: ["approvals": World.schema.actions[World.action("view")]?.context["approvals"]?.type])
        case "untyped approvals": partial = PartialRequest(request, unknown: ["approvals": nil])
        case "count":
            guard case .record(let approvals)? = request.context["approvals"], case .record(var members) = partial.context else {
                break
            }
            members["approvals"] = .record(["count": .unknown(.long), "teams": .known(approvals["teams"] ?? .set([]))])
            partial.context = .record(members)
        case "now": partial = PartialRequest(request, unknown: ["now": .extension(.datetime)])
        case "context": partial.context = .unknown(nil)
        case "owner":
            entities = resource({ if $0["owner"] != nil { $0["owner"] = .unknown(.entity("User")) } }, parents: known?.parents)
        case "labels":
            entities = resource(
                { if $0["public"] != nil { $0["public"] = .unknown(.bool, isPresent: false) } }, parents: known?.parents)
        case "parents": entities = resource({ _ in }, parents: nil)
        case "user":
            if World.entities[request.principal] != nil {
                let one = PartialEntity(request.principal, attributes: .unknown(), tags: .unknown(), parents: nil)
                entities = PartialEntities(World.entities, partial: [one])
            }
        default:
            partial = PartialRequest(
                principal: .unknown("User"), action: request.action, resource: .unknown("Doc"), context: .unknown(nil))
        }
        return (partial, entities)
    }

    @Test("What is left, decided when all is known, gives what deciding at once gives", arguments: unknowns)
    func residuals(unknown: String) {
        var open = 0
        for request in World.requests {
            let whole = World.policies.authorizePlainly(request, entities: World.entities)
            for schema in [nil, World.schema] where schema == nil || unknown != "untyped approvals" {
                let (partial, entities) = partial(request, unknown)
                let response = World.policies.authorize(partial, entities: entities, schema: schema)
                open += response.residuals.count
                let again = response.reauthorize(request, entities: World.entities)
                #expect(again.decision == whole.decision && again.reasons == whole.reasons, "\(request)")
                #expect(again.errors.map(\.policy) == whole.errors.map(\.policy), "\(request)")
                if let decision = response.decision { #expect(decision == whole.decision, "\(request) was decided too early") }
            }
        }
        #expect(open > 0, "nothing was left open, so nothing was tested")
    }

    @Test("Knowing everything leaves nothing")
    func known() {
        for request in World.requests {
            let response = World.policies.authorize(
                PartialRequest(request, unknown: [:]), entities: PartialEntities(World.entities))
            #expect(response.residuals.isEmpty)
            #expect(
                response.reauthorize(request, entities: World.entities)
                    == World.policies.authorizePlainly(request, entities: World.entities))
        }
    }

    @Test(
        "Types settle what values can't",
        arguments: [
            ("principal is User", Response.Decision.allow), ("principal is Team", .deny), ("principal == Team::\"dev\"", .deny),
            ("principal in Doc::\"1\"", .deny), ("context.approvals has count", .allow), ("context.approvals has nope", .deny),
            ("false && context.approvals.count > 1", .deny), ("context.approvals.count >= 1 && false", .deny),
            ("true || context.approvals.count > 1", .allow), ("principal.level > 1 || true", nil),
            ("principal in Team::\"dev\"", nil),
        ] as [(String, Response.Decision?)])
    func types(condition: String, expected: Response.Decision?) throws {
        let set = try PolicySet(PolicySet.parse("permit (principal, action, resource) when { \(condition) };"))
        var request = PartialRequest(
            World.request("ann", "view", "1"),
            unknown: ["approvals": World.schema.actions[World.action("view")]?.context["approvals"]?.type])
        request.principal = .unknown("User")
        #expect(set.authorize(request, entities: PartialEntities(World.entities), schema: World.schema).decision == expected)
    }

    @Test(
        "A requirement says what the unknown must be",
        arguments: [
            (
                "permit (principal, action, resource) when { context.approvals.count >= 2 };",
                Requirement.atLeast(["approvals", "count"], 2)
            ),
            ("permit (principal, action, resource) when { 2 < context.approvals.count };", .atLeast(["approvals", "count"], 3)),
            (
                "permit (principal, action, resource); forbid (principal, action, resource) unless { context.approvals.count > 0 };",
                .atLeast(["approvals", "count"], 1)
            ),
            (
                "permit (principal, action, resource) when { !(context.approvals.count < 2) && principal.level == 3 };",
                .atLeast(["approvals", "count"], 2)
            ),
            (
                "permit (principal, action, resource) when { Team::\"x\" in context.approvals.teams };",
                .condition("Team::\"x\" in context.approvals.teams")
            ),
            (
                "permit (principal, action, resource) when { !context.approvals.teams.isEmpty() };",
                .holdsAny(["approvals", "teams"], [])
            ),
            (
                "permit (principal, action, resource) when { context.approvals.count == 1 };",
                .condition("context.approvals.count == 1")
            ),
            ("forbid (principal, action, resource);", .any([])),
            (
                "permit (principal, action, resource) when { context.approvals.count >= 2 }; permit (principal, action, resource) when { context.approvals.teams.contains(Team::\"x\") };",
                .any([.atLeast(["approvals", "count"], 2), .holdsAll(["approvals", "teams"], [.entity(World.team("x"))])])
            ),
        ])
    func requirement(text: String, expected: Requirement) throws {
        let set = try PolicySet(PolicySet.parse(text))
        let request = PartialRequest(World.request("ann", "view", "1"), unknown: ["approvals": nil])
        #expect(set.authorize(request, entities: PartialEntities(World.entities)).requirement == expected)
    }

    @Test(
        "A set is monotone when more can only help",
        arguments: [
            ("permit (principal, action, resource) when { context.approvals.count >= 2 };", nil),
            (
                "forbid (principal, action, resource) unless { context.approvals.count >= 2 && context.approvals.teams.contains(Team::\"a\") };",
                nil
            ),
            (
                "forbid (principal, action, resource) when { context.approvals.teams.isEmpty() || 3 > context.approvals.count };",
                nil
            ),
            (
                "permit (principal, action, resource) when { principal in context.approvals.teams || context.approvals has count };",
                nil
            ),
            (
                "permit (principal, action, resource) when { if principal.level > 2 then context.approvals.count > 0 else context.approvals.count > 1 };",
                nil
            ),
            ("permit (principal, action, resource) when { context.now == datetime(\"2020-01-01\") };", nil),
            ("permit (principal, action, resource) when { context.approvals.count < 2 };", "1:45"),
            ("permit (principal, action, resource) when { context.approvals.count == 2 };", "1:45"),
            ("forbid (principal, action, resource) when { context.approvals.count >= 2 };", "1:45"),
            ("permit (principal, action, resource) unless { context.approvals.count >= 2 };", "1:47"),
            ("permit (principal, action, resource) when { context.approvals.count + 1 > 2 };", "1:45"),
            ("permit (principal, action, resource) when { [1].contains(context.approvals.count) };", "1:45"),
            ("permit (principal, action, resource) when { context == {} };", "1:45"),
            ("permit (principal, action, resource) when { if context.approvals.count > 1 then false else true };", "1:48"),
            ("permit (principal, action, resource) when { [Team::\"a\"].containsAll(context.approvals.teams) };", "1:69"),
            ("permit (principal, action, resource) when { {a: context.approvals}.a.count > 1 };", "1:45"),
        ] as [(String, String?)])
    func monotone(text: String, place: String?) throws {
        let found = try PolicySet(PolicySet.parse(text)).obstaclesToMonotonicity(in: "approvals")
        #expect(found.first?.start?.description == place, "\(found)")
        // What passes is monotone on every request of the world.
        guard place == nil else { return }
        let set = try PolicySet(PolicySet.parse(text))
        for request in World.requests {
            let more = World.request(
                request.principal.id.string, request.action.id.string, request.resource.id.string, count: 5,
                teams: [.entity(World.team("a")), .entity(request.principal)])
            let (before, after) = (
                set.authorize(request, entities: World.entities), set.authorize(more, entities: World.entities)
            )
            #expect(before.decision == .deny || after.decision == .allow)
        }
    }
}
