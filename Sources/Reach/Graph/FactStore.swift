/// All facts: those with two places in rows, both ways; those with one, and those that rules look up, also by relation.
struct FactStore {
    private(set) var out = Rows()
    private(set) var into = Rows()
    private var listed: [Set<Fact>]
    private let isListed: [Bool]
    private(set) var count = 0

    /// - Parameter isListed: by relation, whether its facts are also kept in a list of their own.
    init(isListed: [Bool]) {
        self.isListed = isListed
        listed = Array(repeating: [], count: isListed.count)
    }

    func contains(_ fact: Fact) -> Bool {
        fact.b == .none
            ? listed[Int(fact.relation)].contains(fact) : out.contains(Link(fact.relation, fact.b), in: fact.a)
    }

    func contains(_ relation: RelationID, _ node: NodeID) -> Bool {
        listed[Int(relation)].contains(Fact(relation: relation, a: node, b: .none))
    }

    /// The listed facts of a relation, in a fixed order.
    func all(_ relation: RelationID) -> [Fact] { listed[Int(relation)].sorted() }

    /// Replaces everything by the facts given.
    mutating func pack(_ facts: [Fact], nodes: Int) {
        func each(_ body: (Fact) -> Void) { for fact in facts where fact.b != .none { body(fact) } }
        let isDoubled = out.pack(nodes) { body in each { body($0.a, Link($0.relation, $0.b)) } }
        guard !isDoubled else { return pack(Array(Set(facts)), nodes: nodes) }
        _ = into.pack(nodes) { body in each { body($0.b, Link($0.relation, $0.a)) } }
        listed = Array(repeating: [], count: isListed.count)
        for fact in facts where fact.b == .none || isListed[Int(fact.relation)] { listed[Int(fact.relation)].insert(fact) }
        count = out.count + listed.reduce(0) { $0 + $1.count(where: { $0.b == .none }) }
    }

    /// The bytes of the packed rows.
    var packedBytes: Int { out.bytes + into.bytes }

    /// - Returns: whether it is new.
    mutating func insert(_ fact: Fact) -> Bool {
        guard !contains(fact) else { return false }
        count += 1
        if fact.b == .none || isListed[Int(fact.relation)] { listed[Int(fact.relation)].insert(fact) }
        guard fact.b != .none else { return true }
        out.insert(Link(fact.relation, fact.b), in: fact.a)
        into.insert(Link(fact.relation, fact.a), in: fact.b)
        return true
    }

    /// - Returns: whether it was there.
    mutating func remove(_ fact: Fact) -> Bool {
        guard contains(fact) else { return false }
        count -= 1
        listed[Int(fact.relation)].remove(fact)
        guard fact.b != .none else { return true }
        out.remove(Link(fact.relation, fact.b), from: fact.a)
        into.remove(Link(fact.relation, fact.a), from: fact.b)
        return true
    }
}
