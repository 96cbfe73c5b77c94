/// What a term of a compiled rule stands for: a variable's number, or a node that the rule names.
enum RuleTerm: Hashable, Sendable {
    case variable(Int)
    case node(String)
}

/// A relation's number: its index in ``RuleSet/relations``.
typealias RelationID = UInt16

/// A condition that is met by something the taker controls.
struct Holding: Hashable, Sendable {
    let relation: RelationID
    /// Where the taker stands: 0 or 1.
    let place: Int
    /// What stands in the other place; nil when the relation has one place.
    let object: RuleTerm?
    let isDerived: Bool
}

/// What the holder itself must be, or must not be.
struct Narrowing: Hashable, Sendable {
    let relation: RelationID
    let place: Int
    let other: RuleTerm?
    let isNegated: Bool
}

/// A condition without the taker: looked up as it stands.
struct Lookup: Hashable, Sendable {
    let relation: RelationID
    let terms: [RuleTerm]
    let isNegated: Bool
}

/// A checked rule: whoever holds all of `holdings`, each through a holder that the narrowings let through, gets the head
/// when the lookups are facts.
public struct Rule: Sendable {
    let id: Int
    let holdings: [Holding]
    let narrowings: [Narrowing]
    let lookups: [Lookup]
    /// The relation that the head gives; nil for `become`.
    let gives: RelationID?
    /// What is taken, or what the right is on; nil when the head has one place.
    let object: RuleTerm?
    /// How many variables it has, without the taker.
    let variables: Int
    /// Why it is so, for people.
    public let because: String?
    /// Where that is known from.
    public let source: String?
    public let place: Place

    func mentions(_ relation: RelationID) -> Bool {
        gives == relation || holdings.contains { $0.relation == relation } || narrowings.contains { $0.relation == relation }
            || lookups.contains { $0.relation == relation }
    }

    /// Whether each fact of one relation is an edge by itself: then no instance of the rule has to be kept.
    var isDirect: Bool {
        guard gives == nil, lookups.isEmpty, holdings.count == 1, let holding = holdings.first, !holding.isDerived else {
            return false
        }
        guard case .variable = holding.object, holding.object == object else { return false }
        return narrowings.allSatisfy { $0.other == nil }
    }
}
