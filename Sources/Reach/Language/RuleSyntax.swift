/// What stands in a place of an atom.
enum Term: Hashable, Sendable {
    case variable(String)
    case node(String)
}

/// A relation's name with its terms, where it stands.
struct Atom: Hashable, Sendable {
    let relation: String
    let terms: [Term]
    let isNegated: Bool
    let place: Place

    var variables: [String] { terms.compactMap { if case .variable(let name) = $0 { name } else { nil } } }
}

/// A declared relation or restriction.
public struct Relation: Hashable, Sendable {
    public let name: String
    /// What stands in its one or two places.
    public let words: [String]
    /// How a person reads it: `ann` *reading* `staff`.
    public let reading: String?
    /// Whether it takes something away: then its absence counts.
    public let isRestriction: Bool
}

/// A rule as written.
struct WrittenRule {
    let head: Atom
    let body: [Atom]
    let because: String?
    let source: String?
}

/// One statement of a rule file.
enum RuleStatement {
    case relation(Relation, Place)
    case rule(WrittenRule)
    case fact(Atom)
}
