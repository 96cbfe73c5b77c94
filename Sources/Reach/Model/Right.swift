/// A right as a node of its own: whoever controls a holder of it has it. Rules that ask for several rights ask for several
/// of these nodes.
struct Right: Hashable, Sendable {
    struct Check: Hashable, Sendable {
        let relation: RelationID
        let place: Int
        let other: NodeID
        let isNegated: Bool
    }

    let relation: RelationID
    /// Where the holder stands.
    let place: Int
    /// What stands in the other place; none for a relation with one place.
    let object: NodeID
    /// What a holder must be, or must not be, to count.
    let checks: [Check]

    var subject: Subject { Subject(relation: relation, place: place, object: object) }

    /// A right without regard to who counts as its holder.
    struct Subject: Hashable {
        let relation: RelationID
        let place: Int
        let object: NodeID
    }
}

/// A rule with everything but the taker filled in: whoever has all the rights controls (or, for a derived right, has) the head.
struct Instance {
    struct Key: Hashable {
        let rule: Int
        let binding: [NodeID]
    }

    let key: Key
    /// The nodes of the rights, each once.
    let rights: [NodeID]
    let head: NodeID
}
