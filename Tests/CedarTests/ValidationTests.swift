import StrictJSON
import Testing

@testable import Cedar

@Suite("Validation")
struct ValidationTests {
    private func codes(_ text: String, _ mode: ValidationMode = .strict, level: Int? = nil) throws -> [String] {
        let findings = World.schema.validate(try PolicySet(PolicySet.parse(text)), mode: mode, level: level)
        return findings.errors.map { $0.code.replacing("validation.", with: "") }
    }

    @Test(
        "Every kind of error is found where it stands",
        arguments: [
            ("principal.levl == 1", "unknown_attribute", "1:45"), ("principal.lead.level == 1", "optional_attribute", "1:45"),
            ("principal.getTag(\"x\") == \"y\"", "absent_tag", "1:45"),
            ("resource.hasTag(\"x\") && resource.getTag(\"x\") == \"y\"", nil, ""),
            ("principal.level == \"x\"", "incompatible_types", "1:45"),
            ("principal.level + \"x\" == 1", "unexpected_type", "1:63"),
            ("[] == [1]", "empty_set", "1:45"), ("[1, \"x\"].contains(1)", "incompatible_types", "1:45"),
            ("if principal.level > 1 then 1 else \"x\"", "incompatible_types", "1:45"), ("principal", "unexpected_type", "1:45"),
            ("ip(\"300.1.1.1\").isIpv4()", "malformed_literal", "1:45"),
            ("ip(principal.getTag(\"x\")).isIpv4()", "computed_literal", "1:45"),
            ("ip().isIpv4()", "argument_count", "1:45"), ("principal is Usr", "unknown_entity_type", "1:45"),
            ("principal == Usr::\"x\"", "unknown_entity_type", "1:58"), ("action == Action::\"nope\"", "unknown_action", "1:55"),
            ("Color::\"blue\" == Color::\"red\"", "unknown_id", "1:45"),
            ("decimal(\"1.0\") < decimal(\"2.0\")", "unexpected_type", "1:45"),
            ("principal.level < context.now", "unexpected_type", "1:63"),
            ("principal.level in principal", "unexpected_type", "1:45"),
            ("resource.labels.contains(1)", "incompatible_types", "1:45"),
            ("resource.labels.containsAll([1])", "incompatible_types", "1:45"),
            ("resource.owner like \"x\"", "unexpected_type", "1:45"), ("1.isEmpty()", "unexpected_type", "1:45"),
            ("principal has lead && principal.lead.level == 1", nil, ""),
            ("principal has lead || principal.lead.level == 1", "optional_attribute", "1:67"),
            ("!(principal has lead) || principal.lead.level == 1", "optional_attribute", "1:70"),
            ("(if principal has lead then principal.lead.level else 0) == 1", nil, ""),
            ("context has ip && context.ip.isIpv4()", nil, ""),
            ("if principal has level then true else principal.nope", "unknown_attribute", "1:83"),
            ("(principal has lead || context has ip) && principal.lead.level == 1", "optional_attribute", "1:87"),
            ("false && principal.nope == 1", nil, ""), ("true || principal.nope == 1", nil, ""),
            ("principal is Team && principal.nope", nil, ""),
            ("principal.hasTag(\"x\") && principal.getTag(\"x\") == \"y\"", nil, ""),
            ("context.approvals == {count: 1, teams: [Team::\"a\"]}", nil, ""),
        ] as [(String, String?, String)])
    func errors(condition: String, code: String?, place: String) throws {
        let set = try PolicySet(PolicySet.parse("permit (principal, action, resource) when { \(condition) };"))
        let errors = World.schema.validate(set).errors
        #expect(errors.first?.code == code.map { "validation.\($0)" }, "\(errors)")
        if code != nil { #expect(errors.first?.start?.description == place, "\(errors)") }
    }

    @Test(
        "The permissive validator takes what only the strict one refuses",
        arguments: [
            "[1, 2].contains(1) || [] == []", "[User::\"a\", Team::\"b\"].contains(principal)",
            "(if principal.level > 1 then principal else resource) == principal",
            "ip(if principal.level > 1 then \"1.1.1.1\" else \"2.2.2.2\").isIpv4()",
        ])
    func permissive(condition: String) throws {
        let text = "permit (principal, action, resource) when { \(condition) };"
        #expect(try !codes(text).isEmpty)
        #expect(try codes(text, .permissive) == [])
    }

    @Test(
        "Heads that can't apply, templates and links",
        arguments: [
            ("permit (principal is Team, action, resource);", ["inapplicable"]),
            ("permit (principal == Team::\"x\", action, resource);", ["inapplicable"]),
            ("permit (principal in Team::\"x\", action, resource in Team::\"y\");", []),
            ("permit (principal, action in [], resource);", ["empty_set", "inapplicable"]),
            ("permit (principal, action == Action::\"use\", resource);", ["inapplicable"]),
            ("permit (principal == ?principal, action, resource in ?resource);", []),
            ("permit (principal is Doc in ?principal, action, resource);", ["inapplicable"]),
            ("permit (principal is Nope, action, resource);", ["unknown_entity_type"]),
        ])
    func heads(text: String, expected: [String]) throws {
        #expect(try codes(text) == expected)
    }

    @Test("A link is checked for what fills its slots")
    func links() throws {
        let template = try PolicySet.parse("permit (principal == ?principal, action, resource);")
        for (uid, expected) in [(World.user("x"), 0), (World.team("x"), 1), (EntityUID(type: "Nope", id: "x"), 2)] {
            let set = try PolicySet(template, links: [TemplateLink(id: "l", template: "policy0", values: [.principal: uid])])
            #expect(World.schema.validate(set).errors.count == expected)
            #expect(try PolicySet(json: set.json).json == set.json)
        }
        #expect(throws: PolicySet.Failure.wrongSlots(link: "l")) {
            try PolicySet(template, links: [TemplateLink(id: "l", template: "policy0", values: [:])])
        }
        #expect(throws: PolicySet.Failure.unknownTemplate("p", link: "l")) {
            try PolicySet(template, links: [TemplateLink(id: "l", template: "p", values: [:])])
        }
        // Ids that look the same are not the same.
        let (composed, apart) = (template[0].renamed("\u{E9}"), template[0].renamed("e\u{301}"))
        #expect(try PolicySet([composed, apart]).templates.count == 2)
        #expect(throws: PolicySet.Failure.unknownTemplate("e\u{301}", link: "l")) {
            try PolicySet([composed], links: [TemplateLink(id: "l", template: "e\u{301}", values: [.principal: World.user("a")])])
        }
        #expect(throws: PolicySet.Failure.duplicateID("policy0")) { try PolicySet(template + template) }
        let linked = try PolicySet(
            template, links: [TemplateLink(id: "l", template: "policy0", values: [.principal: World.user("ann")])])
        #expect(linked.authorize(World.request("ann", "view", "1"), entities: World.entities).reasons == ["l"])
        #expect(linked.authorize(World.request("bob", "view", "1"), entities: World.entities).decision == .deny)
    }

    @Test(
        "A level bounds how many entities deep a policy looks",
        arguments: [
            ("principal.level == 1", 1), ("principal in Team::\"x\"", 1), ("resource.owner.level == 1", 2),
            ("resource.owner in Team::\"x\"", 2),
            ("principal has lead && principal.lead.level == 1", 2), ("{a: resource.owner}.a.level == 1", 2),
            ("context.approvals.count == 1", 0),
            ("resource.owner == principal", 1), ("(if principal.level == 1 then principal else resource.owner).level == 1", 2),
            ("principal is User in resource.owner", 1), ("principal.hasTag(\"x\") && principal.getTag(\"x\") == \"y\"", 1),
            ("action in Action::\"use\"", 1),
        ])
    func levels(condition: String, needed: Int) throws {
        let text = "permit (principal, action, resource) when { \(condition) };"
        #expect(try codes(text, level: needed) == [])
        if needed > 0 { #expect(try codes(text, level: needed - 1).contains("level")) }
    }

    @Test("An entity written out can't be looked into under a level")
    func literalLevel() throws {
        #expect(try codes("permit (principal, action, resource) when { User::\"x\".level == 1 };", level: 3) == ["level_literal"])
    }

    @Test(
        "What could be read as something else is warned of",
        arguments: [
            ("context == context || \"a\u{202E}b\" == \"\"", "bidi_string"), ("\"p\u{0430}ypal\" == \"\"", "mixed_script_string"),
            ("principal == User::\"\u{202E}x\"", "bidi_identifier"),
            ("principal == User::\"\u{200B}x\"", "confusable_identifier"),
            ("principal == User::\"p\u{0430}y\"", "mixed_script_identifier"),
            ("principal.level > 1 && principal is Team", "impossible"),
            ("\"\u{65E5}\u{672C}\u{3054}\" == \"x\" || true", nil), ("\"caf\u{E9}\" == \"x\" || true", nil),
        ] as [(String, String?)])
    func warnings(condition: String, code: String?) throws {
        let set = try PolicySet(PolicySet.parse("permit (principal, action, resource) when { \(condition) };"))
        let findings = World.schema.validate(set)
        #expect(findings.isValid)
        let codes = findings.warnings.map(\.code).filter { $0 != "validation.impossible" || code == "impossible" }
        #expect(codes == (code.map { ["validation.\($0)"] } ?? []))
    }

    @Test("Requests and entities that don't fit are refused, with the place")
    func conformance() throws {
        let good = World.request("ann", "view", "1")
        try World.schema.check(good)
        func misfit(_ change: (inout Request) -> Void) -> String? {
            var request = good
            change(&request)
            do { try World.schema.check(request) } catch { return error.path }
            return nil
        }
        #expect(misfit { $0.action = World.action("nope") } == "action")
        #expect(misfit { $0.principal = World.team("dev") } == "principal")
        #expect(misfit { $0.resource = World.user("x") } == "resource")
        #expect(misfit { $0.context["now"] = nil } == "context/now")
        #expect(misfit { $0.context["more"] = 1 } == "context/more")
        #expect(misfit { $0.context["ip"] = "x" } == "context/ip")
        for entity in World.all { try World.schema.check(entity) }
        let bad: [(Entity, String)] = [
            (Entity(EntityUID(type: "Nope", id: "x")), "Nope"),
            (Entity(World.user("x"), attributes: ["level": "1"]), "attrs/level"),
            (Entity(World.user("x"), attributes: ["level": 1, "lead": .entity(World.team("x"))]), "attrs/lead"),
            (Entity(World.user("x")), "attrs/level"),
            (Entity(World.user("x"), attributes: ["level": 1], tags: ["a": 1]), "tags/a"),
            (Entity(World.team("x"), tags: ["a": "b"]), "tags"),
            (Entity(World.user("x"), attributes: ["level": 1], parents: [World.doc("1")]), "parents"),
            (Entity(EntityUID(type: "Color", id: "blue")), "Color"),
            (Entity(World.action("view")), "parents"), (Entity(World.action("x")), "Action"),
            (Entity(World.action("use"), attributes: ["a": 1]), "Action"),
            (Entity(World.doc("x"), attributes: ["owner": .entity(World.user("a")), "labels": .set(["x", 1])]), "attrs/labels"),
        ]
        for (entity, part) in bad {
            let error = #expect(throws: ConformanceError.self) { try World.schema.check(entity) }
            #expect(error?.path.contains(part) == true, "\(error.map { "\($0)" } ?? "")")
        }
    }
}
