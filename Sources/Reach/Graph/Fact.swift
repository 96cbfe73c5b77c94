/// A node's number.
typealias NodeID = UInt32

extension NodeID {
    /// No node: the second place of a fact that has one place.
    static let none = NodeID.max
}

/// A fact by numbers.
struct Fact: Hashable, Comparable {
    let relation: RelationID
    let a: NodeID
    let b: NodeID

    static func < (x: Fact, y: Fact) -> Bool { (x.relation, x.a, x.b) < (y.relation, y.a, y.b) }
}

/// One entry of a row: a relation and the node at its other end, in one word.
struct Link: Hashable {
    let bits: UInt64

    init(_ relation: RelationID, _ node: NodeID) { bits = UInt64(relation) << 32 | UInt64(node) }
    init(bits: UInt64) { self.bits = bits }

    var relation: RelationID { RelationID(truncatingIfNeeded: bits >> 32) }
    var node: NodeID { NodeID(truncatingIfNeeded: bits) }
}
