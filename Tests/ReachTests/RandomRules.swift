@testable import Reach

/// Numbers that follow from a seed alone (SplitMix64, G. L. Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// Random rules and facts over a few nodes, named n0, n1 and so on.
struct RandomRules {
    /// Two-place relations that facts give, that rules conclude, and restrictions; then those with one place.
    static let declarations = """
        relation r0(a, b). relation r1(a, b). relation r2(a, b). relation d0(a, b). relation d1(a, b). relation g(a).
        restriction x0(a). restriction x1(a, b).
        """
    private static let given = ["r0", "r1", "r2"]
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func ruleSet() throws -> RuleSet {
        while true {
            let rules = (0..<Int.random(in: 2...5, using: &random)).map { _ in rule() }.joined(separator: "\n")
            // What is put together at random is often refused; that is as it should be.
            if let set = try? RuleSet([("random.reach", Self.declarations + rules)]) { return set }
        }
    }

    private mutating func rule() -> String {
        var conditions: [String] = []
        for _ in 0..<(random.chance(60) ? 1 : 2) { conditions.append(holding()) }
        if random.chance(25) { conditions.append(lookup()) }
        if random.chance(25) { conditions.append(narrowing()) }
        let head = random.chance(75) ? "become" : pick(["d0", "d1"])
        return
            "\(head)(?u, \(random.chance(80) ? "?x" : object())) if \(conditions.shuffled(using: &random).joined(separator: " and "))."
    }

    private mutating func holding() -> String {
        if random.chance(15) { return "\(pick(["d0", "d1"]))(?u, \(object()))" }
        if random.chance(10) { return "g(?u)" }
        return random.chance(75) ? "\(pick(Self.given))(?u, \(object()))" : "\(pick(Self.given))(\(object()), ?u)"
    }

    private mutating func lookup() -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "g(\(object()))"
        case 1: "not x0(?x)"
        case 2: "not x1(?x, ?y)"
        default: "\(pick(Self.given))(\(object()), \(object()))"
        }
    }

    private mutating func narrowing() -> String {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: "g(?u)"
        case 1: "not x0(?u)"
        case 2: "not x1(?u, ?x)"
        default: "not x1(?y, ?u)"
        }
    }

    private mutating func object() -> String { pick(["?x", "?x", "?x", "?x", "?y", "?y", "\"n0\"", "\"n1\""]) }

    private mutating func pick(_ options: [String]) -> String { options.randomElement(using: &random) ?? "" }

    mutating func facts(_ rules: RuleSet, nodes: Int, _ count: ClosedRange<Int>) -> [NamedFact] {
        (0..<Int.random(in: count, using: &random)).map { _ in fact(rules, nodes) }
    }

    mutating func fact(_ rules: RuleSet, _ nodes: Int) -> NamedFact {
        let relation = rules.relations.randomElement(using: &random) ?? rules.relations[0]
        let (a, b) = (Int.random(in: 0..<nodes, using: &random), Int.random(in: 0..<nodes, using: &random))
        return NamedFact(relation.name, "n\(a)", relation.words.count == 2 ? "n\(b)" : nil)
    }

    mutating func size() -> Int { Int.random(in: 3...5, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { random.chance(percent) }
    mutating func element<T>(of all: [T]) -> T? { all.randomElement(using: &random) }
}
