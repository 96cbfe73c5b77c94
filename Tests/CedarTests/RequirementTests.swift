import Cedar
import StrictJSON
import Testing

@Suite("What is still asked of a context")
struct RequirementTests {
    private static let bob = Value.entity(EntityUID(type: "Person", id: "bob"))
    private static let ann = Value.entity(EntityUID(type: "Person", id: "ann"))

    private static func context(_ people: [Value]) -> [ExactString: Value] {
        ["approvals": .record(["count": .long(Int64(people.count)), "people": .set(Set(people))])]
    }

    private static let (count, people) = (["approvals", "count"], ["approvals", "people"])
    private static let cases: [(Requirement, [Value], Bool?)] = [
        (.all([]), [], true), (.any([]), [ann], false),
        (.atLeast(count, 2), [ann], false), (.atLeast(count, 2), [ann, bob], true), (.atLeast(people, 2), [ann, bob], nil),
        (.holdsAll(people, [bob]), [ann], false), (.holdsAll(people, [bob]), [ann, bob], true),
        (.holdsAll(count, [bob]), [bob], nil),
        (.holdsAny(people, [ann, bob]), [bob], true), (.holdsAny(people, [ann]), [bob], false),
        (.holdsAny(count, []), [bob], nil),
        (.holdsAny(people, []), [], false), (.holdsAny(people, []), [ann], true),
        (.atLeast(["system", "now"], 2), [ann], nil), (.atLeast(["approvals", "count", "more"], 2), [ann], nil),
        (.any([.atLeast(count, 1), .atLeast(["system", "now"], 2)]), [ann], true),
        (.any([.atLeast(count, 2), .atLeast(["system", "now"], 2)]), [ann], nil),
        (.any([.atLeast(count, 2), .atLeast(count, 3)]), [ann], false),
        (.all([.atLeast(count, 2), .atLeast(["system", "now"], 2)]), [ann], false),
        (.all([.atLeast(count, 1), .atLeast(["system", "now"], 2)]), [ann], nil),
        (.condition("context.approvals.count * 2 > 3"), [ann, bob], true),
        (.condition("context.approvals.count * 2 > 3"), [ann], false),
        (.condition("context.approvals.people.contains(Person::\"ann\")"), [ann], true),
        (.condition("principal == Person::\"ann\""), [ann], nil),
        (.condition("Person::\"ann\" in context.approvals.people"), [ann], nil),
        (.condition("Person::\"ann\".hasTag(\"x\")"), [ann], nil), (.condition("resource.owner == \"x\""), [ann], nil),
        (.condition("context.nothing > 3"), [ann], nil), (.condition("not Cedar at all"), [ann], nil),
        (.condition("true }; permit (principal, action, resource) when { true"), [], nil),
        (.condition("true } when { true"), [], nil),
    ]

    @Test("It holds, does not, or can't be told", arguments: cases.indices)
    func meaning(place: Int) {
        let (requirement, people, expected) = Self.cases[place]
        #expect(requirement.holds(in: Self.context(people)) == expected)
    }

    @Test("It is read back as it was written", arguments: cases.indices)
    func roundTrip(place: Int) throws {
        #expect(try Requirement(json: Self.cases[place].0.json) == Self.cases[place].0)
    }

    @Test(
        "Whatever else it could be is refused",
        arguments: [
            #"{}"#, #"{"path": ["a"]}"#, #"{"path": [1], "atLeast": 1}"#, #"{"path": ["a"], "atLeast": "1"}"#, #"{"atLeast": 1}"#,
            #"{"all": [], "any": []}"#, #"{"all": [7]}"#, #"{"condition": 1}"#, #"{"condition": "true", "more": 1}"#,
            #"{"path": ["a"], "holdsAny": 3}"#, #"{"path": ["a"], "holdsAll": [{"__entity": 1}]}"#, #"[]"#, #"{"all": 3}"#,
        ])
    func malformed(text: String) throws {
        let json = try JSONReader.read(text)
        #expect(throws: (any Error).self) { try Requirement(json: json) }
    }

    @Test("One that nests deeper than 100 is refused")
    func tooDeep() throws {
        func nested(_ depth: Int) -> JSONValue {
            (0..<depth).reduce(Requirement.any([]).json) { inner, _ in ["all": [inner, ["condition": "true"]]] }
        }
        #expect(try Requirement(json: nested(99)).depth == 100)
        #expect(throws: ShapeError.self) { try Requirement(json: nested(100)) }
    }

    @Test("The canonical form of a canonical form is itself, and says the same, whatever stands in what", arguments: 0..<200)
    func idempotent(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func roll(_ count: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % count
        }
        func make(_ depth: Int) -> Requirement {
            switch depth == 0 ? 2 + roll(2) : roll(4) {
            case 0: .all((0..<roll(4)).map { _ in make(depth - 1) })
            case 1: .any((0..<roll(4)).map { _ in make(depth - 1) })
            case 2: .atLeast([roll(2) == 0 ? "count" : "other"], Int64(roll(3)))
            default: .holdsAny(["people"], [])
            }
        }
        let requirement = make(6)
        #expect(requirement.canonical.canonical == requirement.canonical)
        for number in 0..<8 as Range<Int64> {
            let context: [ExactString: Value] = [
                "count": .long(number % 4), "people": .set(number < 4 ? [] : [Self.bob]),
                "other": number == 5 ? .bool(true) : .long(1),
            ]
            #expect(requirement.canonical.holds(in: context) == requirement.holds(in: context))
        }
    }

    @Test("Neither order, nor repetition, nor a nesting that says nothing shows in the canonical form")
    func canonical() {
        let (p, q, r) = (
            Requirement.atLeast(Self.count, 2), Requirement.atLeast(["approvals", "distinctTeams"], 2), Requirement.any([])
        )
        #expect(Requirement.all([q, .all([p]), p]).canonical == Requirement.all([p, q]).canonical)
        #expect(Requirement.any([.all([p, q]), .all([q, p])]).canonical == Requirement.all([p, q]).canonical)
        #expect(Requirement.all([p]).canonical == p)
        // Nothing is nothing more in an `all`; in an `any` it is what can't be, and stays.
        #expect(Requirement.all([p, .all([])]).canonical == p)
        #expect(Requirement.any([r]).canonical == r)
    }

    @Test("The canonical form of what nests deep is not found by trying all ways", .timeLimit(.minutes(10)))
    func deep() {
        var requirement = Requirement.atLeast(Self.count, 1)
        for level in 0..<60 {
            let other = Requirement.atLeast(Self.count, Int64(level) + 2)
            requirement = level % 2 == 0 ? .all([requirement, other]) : .any([requirement, other])
        }
        #expect(requirement.canonical.depth == 60)
    }
}
