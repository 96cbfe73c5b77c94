/// What each relation is used for, so that a fact finds the rules it bears on.
struct Usage: Sendable {
    /// A narrowing of a direct rule: one place, on the holder.
    struct Check: Sendable {
        let relation: RelationID
        let isNegated: Bool
    }

    /// Direct rules whose holder stands first or second, each with its checks: one that lets the holder through is enough.
    var forward: [[[Check]]]
    var backward: [[[Check]]]
    /// Rules that are kept as instances, and which of their holdings the relation is, by the taker's place.
    var held: [[(rule: Int, index: Int)]]
    var heldSecond: [[(rule: Int, index: Int)]]
    /// Rules that look the relation up.
    var lookups: [[(rule: Int, index: Int)]]
    /// Whether the relation narrows holders somewhere.
    var narrows: [Bool]
    /// Whether rules conclude it.
    var isDerived: [Bool]
    /// The relations with one place that are held.
    var heldAlone: [RelationID] = []
    /// What of all this is so, by relation, for the inner loops.
    var flags: [Flags] = []

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8

        /// Direct rules without checks.
        static let forward = Flags(rawValue: 1)
        static let backward = Flags(rawValue: 2)
        /// Direct rules with checks.
        static let checkedForward = Flags(rawValue: 4)
        static let checkedBackward = Flags(rawValue: 8)
        static let held = Flags(rawValue: 16)
        static let heldSecond = Flags(rawValue: 32)
    }

    init(_ rules: RuleSet) {
        let count = rules.relations.count
        (forward, backward) = (Array(repeating: [], count: count), Array(repeating: [], count: count))
        (held, heldSecond, lookups) = (
            Array(repeating: [], count: count), Array(repeating: [], count: count), Array(repeating: [], count: count)
        )
        (narrows, isDerived) = (Array(repeating: false, count: count), Array(repeating: false, count: count))
        for rule in rules.rules {
            for narrowing in rule.narrowings { narrows[Int(narrowing.relation)] = true }
            if let gives = rule.gives { isDerived[Int(gives)] = true }
            if rule.isDirect { addDirect(rule) } else { addKept(rule) }
        }
        heldAlone = rules.relations.indices.filter { rules.relations[$0].words.count == 1 && !held[$0].isEmpty }
            .map(RelationID.init)
        flags = rules.relations.indices.map(flags(of:))
    }

    private func flags(of relation: Int) -> Flags {
        var flags: Flags = []
        let (forward, backward) = (forward[relation], backward[relation])
        if !forward.isEmpty { flags.insert(forward.contains { $0.isEmpty } ? .forward : .checkedForward) }
        if !backward.isEmpty { flags.insert(backward.contains { $0.isEmpty } ? .backward : .checkedBackward) }
        if !held[relation].isEmpty { flags.insert(.held) }
        if !heldSecond[relation].isEmpty { flags.insert(.heldSecond) }
        return flags
    }

    private mutating func addDirect(_ rule: Rule) {
        let holding = rule.holdings[0]
        let checks = rule.narrowings.map { Check(relation: $0.relation, isNegated: $0.isNegated) }
        if holding.place == 0 {
            forward[Int(holding.relation)].append(checks)
        } else {
            backward[Int(holding.relation)].append(checks)
        }
    }

    private mutating func addKept(_ rule: Rule) {
        for (index, holding) in rule.holdings.enumerated() {
            if holding.place == 0 {
                held[Int(holding.relation)].append((rule.id, index))
            } else {
                heldSecond[Int(holding.relation)].append((rule.id, index))
            }
        }
        for (index, lookup) in rule.lookups.enumerated() { lookups[Int(lookup.relation)].append((rule.id, index)) }
    }

    /// Whether one fact of the relation is one edge and nothing else: then whether it gains anything is a test of masks.
    func isPlain(_ relation: RelationID) -> Bool {
        let relation = Int(relation)
        return held[relation].isEmpty && heldSecond[relation].isEmpty && lookups[relation].isEmpty && !narrows[relation]
    }

    /// Whether rules look it up without knowing either place.
    var isListed: [Bool] { lookups.indices.map { !lookups[$0].isEmpty } }
}
