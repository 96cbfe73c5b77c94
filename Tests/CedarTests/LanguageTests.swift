@testable import Cedar
import StrictJSON
import Testing

/// Evaluates `permit(principal, action, resource) when { body };` over a small world.
private func decide(_ body: String, entities: Entities = world) throws -> Response {
    let policies = try PolicySet(PolicySet.parse("permit(principal, action, resource) when { \(body) };"))
    let request = Request(
        principal: user("alice"), action: EntityUID(type: "Action", id: "view"), resource: user("bob"),
        context: ["n": 7, "s": "é"])
    return policies.authorize(request, entities: entities)
}

private func user(_ id: ExactString) -> EntityUID { EntityUID(type: "User", id: id) }

private let world: Entities = {
    let team = EntityUID(type: "Team", id: "a")
    let all = EntityUID(type: "Team", id: "all")
    let entities = [
        Entity(user("alice"), attributes: ["age": 3, "if": true], tags: ["t": "x"], parents: [team]),
        Entity(team, parents: [all]), Entity(all),
    ]
    do { return try Entities(entities) } catch { preconditionFailure("\(error)") }
}()

@Suite("The Cedar language")
struct LanguageTests {
    @Test(
        "Expressions that hold",
        arguments: [
            #"principal in Team::"all""#, #"principal in [Team::"x", Team::"a"]"#, #"principal is User in Team::"a""#,
            #"!(resource has age) && resource in User::"bob""#, #"principal["if"]"#, #"principal has "if""#,
            #"{a: {b: 1}} has a.b && !({a: {c: 1}} has a.b)"#, #"principal.getTag("t") == "x" && !resource.hasTag("t")"#,
            "-9223372036854775808 < 0", "1 + 2 * 3 - 4 == 3", "- -1 == 1", "!!true", "[1, 2, 2,] == [2, 1]",
            #"[1, "a", {x: 1}].containsAll([{x: 1}, 1])"#, "[1].containsAny([2, 1])", "[].isEmpty()",
            #""a*b" like "a\*b" && !("axb" like "a\*b") && "axxb" like "a*b""#, #""x" like "\x2a" && "x" like "\u{2a}""#,
            #""é" != "e\u{301}""#, "if true then true else 1", "false && 1 == 1 || true", "true || 1",
            #"ip("10.0.0.1").isInRange(ip("10.0.0.0/8")) && ip("::1").isLoopback() && !ip("ff02::1").isIpv4()"#,
            #"ip("127.0.0.1") != ip("127.0.0.1/31")"#, #"decimal("-1.5").lessThan(decimal("0.0001"))"#,
            #"datetime("2024-02-29").offset(duration("1d")) == datetime("2024-03-01T00:00:00Z")"#,
            #"datetime("1969-12-31T23:59:59.999Z").toDate() == datetime("1969-12-31")"#,
            #"datetime("2024-01-01T01:00:00+0100") == datetime("2024-01-01")"#,
            #"duration("-1d2h").toHours() == -26 && duration("1ms") < duration("1s")"#,
            #"context has s && context.n >= 7"#, #"1 == "1" || {a: 1} == {a: 1}"#,
        ])
    func holds(body: String) throws {
        let response = try decide(body)
        #expect(response.decision == .allow, "\(response)")
    }

    @Test(
        "A policy that errs is skipped and reported",
        arguments: [
            "1 + true == 2", "9223372036854775807 + 1 == 0", "-(-9223372036854775808) == 0", "principal.nope",
            "resource.age == 1", #"principal.getTag("nope") == 1"#, #"ip("1.2.3.4.5").isIpv4()"#, #"ip("01.2.3.4").isIpv4()"#,
            #"ip("::ffff:1.2.3.4").isIpv6()"#, #"decimal("1") == 1"#, #"decimal("1.00000") == 1"#, "1", #""a" < "b""#,
            "true && 1", "if 1 then true else true", #"principal in ["x"]"#, "1 has a", #"1 like "a""#, "1 is User",
            #"datetime("2023-02-29") == 1"#, #"datetime("2024-01-01T24:00:00Z") == 1"#, #"duration("") == 1"#,
            #"duration("1h1d") == 1"#, #"duration("1") == 1"#, "[1].contains([1]).foo", #"datetime("2024-1-1") == 1"#,
        ])
    func errs(body: String) throws {
        let response = try decide(body)
        #expect(response.decision == .deny)
        #expect(response.errors.count == 1, "\(response)")
    }

    @Test(
        "Texts that are refused",
        arguments: [
            "1 < 2 < 3", "!!!!!true", "-----1 == 1", "9223372036854775808 == 1", "-(9223372036854775808) == 1", "principal.if",
            "foo(1)", "ip.isIpv4", #"principal.ip("1")"#, #"isIpv4(ip("1.1.1.1"))"#, "1 / 2", #""\q" == "a""#, #""\*" == "a""#,
            "{a: 1, a: 2} == 1", "a like b", "true)", "principal == ", #"User::"a"::b"#, "?principal == principal",
            "\"a\rb\" == \"\"",
        ])
    func refused(body: String) {
        #expect(throws: Diagnostics.self) { try decide(body) }
    }

    @Test("Nesting and chains are bounded, and the longest accepted ones evaluate", arguments: [("(", ")"), ("[", "]")])
    func depth(open: String, close: String) throws {
        func nested(_ levels: Int) -> String {
            String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels) + " == 1 || true"
        }
        #expect(try decide(nested(99)).decision == .allow)
        #expect(throws: Diagnostics.self) { try decide(nested(100)) }
        let chain = String(repeating: "true && ", count: 999) + "true"
        #expect(try decide(chain).decision == .allow)
        #expect(throws: Diagnostics.self) { try decide("true && " + chain) }
    }

    @Test("A forbid wins, the reasons are complete and sorted")
    func forbid() throws {
        let policies = try PolicySet(
            PolicySet.parse(
                """
                @id("a") permit(principal, action, resource);
                forbid(principal, action == Action::"view", resource) unless { principal in Team::"x" };
                forbid(principal in Team::"all", action in [Action::"view"], resource is User);
                forbid(principal, action, resource) when { principal.nope };
                """))
        let response = policies.authorize(
            Request(principal: user("alice"), action: EntityUID(type: "Action", id: "view"), resource: user("bob")),
            entities: world)
        #expect(response.decision == .deny)
        #expect(response.reasons == ["policy1", "policy2"])
        #expect(response.errors.map(\.policy) == ["policy3"])
        #expect(response.errors.first?.error == .missingAttribute("nope"))
    }

    @Test("Errors name line and column in scalars")
    func positions() {
        let error = #expect(throws: Diagnostics.self) {
            try PolicySet.parse("// é\npermit(principal, action, resource)\nwhen { \"😀\" = 1 };")
        }
        #expect(error?.all.first?.start == SourcePosition(line: 3, column: 12))
    }

    @Test("A cycle and a conflict of entities are refused")
    func entities() {
        let (a, b) = (user("a"), user("b"))
        #expect(throws: Entities.Failure.self) { try Entities([Entity(a, parents: [b]), Entity(b, parents: [a])]) }
        #expect(throws: Entities.Failure.conflict(a)) { try Entities([Entity(a), Entity(a, parents: [b])]) }
    }
}

@Suite("Hostile texts")
struct HostileTests {
    /// What everything is done to.
    private func everything(_ text: String) throws {
        let set = try PolicySet(PolicySet.parse(text))
        _ = World.schema.validate(set, level: 2)
        let request = World.request("ann", "view", "1")
        let whole = set.authorizePlainly(request, entities: World.entities)
        #expect(set.authorize(request, entities: World.entities) == whole)
        let partial = set.authorize(
            PartialRequest(request, unknown: ["approvals": nil]), entities: PartialEntities(World.entities))
        #expect(partial.reauthorize(request, entities: World.entities).decision == whole.decision)
        #expect(try PolicySet(json: set.json).json == set.json)
        #expect(try PolicySet.parse(set.written).count == set.policies.count)
        #expect(try Formatter.format(Formatter.format(text)) == Formatter.format(text))
        _ = (set.explain(request, entities: World.entities), set.obstaclesToMonotonicity(in: "approvals"), partial.requirement)
    }

    private static func nested(_ levels: Int, _ seed: String, _ around: (String) -> String) -> String {
        var text = seed
        for _ in 0..<levels { text = around(text) }
        return text
    }

    private static func row(_ count: Int, _ part: String, _ between: String) -> String {
        Array(repeating: part, count: count).joined(separator: between)
    }

    static let conditions: [String] = {
        let numbers = (0..<3000).map(String.init)
        return [
            row(990, "context.approvals.count == 1", " || "), row(990, "principal has lead", " && "),
            numbers.prefix(998).joined(separator: " + ") + " > 0", nested(98, "context.approvals.count > 1") { "(\($0))" },
            nested(98, "context.approvals") { "[\($0)]" } + ".isEmpty()",
            nested(90, "principal") { "(\($0) is User in Team::\"all\")" },
            nested(90, "context.approvals") { "{a: \($0)}.a" } + " has count",
            nested(45, "context.approvals.count") { "(if \($0) == 1 then 1 else 2)" } + " == 1",
            "context has " + row(300, "a", "."),
            "[" + numbers.joined(separator: ",") + "].contains(context.approvals.count)",
            "\"" + row(5000, "ab", "") + "\" like \"" + row(500, "*a*b", "") + "*c\"",
        ]
    }()

    @Test("The tallest and deepest accepted expressions are handled whole", arguments: conditions.indices)
    func tall(index: Int) throws {
        try everything("permit (principal, action, resource) when { \(Self.conditions[index]) };")
    }

    @Test("Tests that double inside one another are refused before they fill the memory")
    func doubling() {
        let text = "permit (principal, action, resource) when { \(Self.nested(60, "principal") { "(\($0) has a.b)" }) };"
        let found = #expect(throws: Diagnostics.self) { try PolicySet.parse(text) }
        #expect(found?.all.first?.code == "text.too_deep")
    }

    @Test("Many mistakes in a long text are all placed, in order")
    func manyMistakes() {
        let text = String(repeating: "permit (principal, action resource);\n", count: 20_000)
        let found = #expect(throws: Diagnostics.self) { try PolicySet.parse(text) }
        #expect(found?.all.count == 20_000 && found?.all.last?.start == SourcePosition(line: 20_000, column: 27))
    }
}
