import Cedar
import Reach
import StrictJSON

/// How things stand after some steps: what came and went since the start, and which attributes were written.
struct LookAheadState: Hashable {
    /// Facts that came, and that went, among those of the world.
    private var added: Set<NamedFact> = []
    private var removed: Set<NamedFact> = []
    /// What only the gateway knows: credentials chosen, attributes set.
    private var noted: Set<NamedFact> = []
    /// By node, the attributes written; nil for one that was cleared.
    private(set) var written: [String: [ExactString: Value?]] = [:]
    /// One that was created.
    var newcomer: LookAheadWorld.Entry?

    mutating func add(_ fact: NamedFact) { if removed.remove(fact) == nil { added.insert(fact) } }

    mutating func remove(_ fact: NamedFact) { if added.remove(fact) == nil { removed.insert(fact) } }

    mutating func note(_ facts: some Sequence<NamedFact>) { noted.formUnion(facts) }

    mutating func write(_ attribute: String, of node: String, _ value: Value?) {
        written[node, default: [:]][ExactString(attribute)] = .some(value)
    }

    func holds(_ fact: NamedFact, in start: LookAheadFacts) -> Bool {
        added.contains(fact) || start.contains(fact) && !removed.contains(fact)
    }

    /// The facts of one relation with that first, as they stand.
    func facts(_ relation: String, of node: String, in start: LookAheadFacts) -> [NamedFact] {
        start.facts(relation, of: node).filter { !removed.contains($0) }
            + added.filter { $0.subject == node && $0.relation == relation }.sorted()
    }

    // MARK: As the graph takes it

    /// What gives: facts that came, and restrictions that went.
    func step(_ isRestriction: (NamedFact) -> Bool) -> Step {
        Step(
            adds: noted.union(added.filter { !isRestriction($0) }).sorted(), removes: removed.filter(isRestriction).sorted())
    }

    /// What takes away: restrictions that came, and facts that went.
    func losses(_ isRestriction: (NamedFact) -> Bool) -> Step {
        Step(adds: added.filter(isRestriction).sorted(), removes: removed.filter { !isRestriction($0) }.sorted())
    }
}

/// The facts that policy sees, as they stand at the start: those of parents and mirrored ones.
struct LookAheadFacts {
    private let all: Set<NamedFact>
    private let byFirst: [String: [NamedFact]]
    private let byRelation: [String: [NamedFact]]
    /// The relations by which something is in something.
    let parents: Set<String>

    init(_ world: LookAheadWorld) {
        all = world.facts
        parents = Set(world.catalogue.relations.filter(\.isParent).map(\.name))
        let seen = Set(world.catalogue.relations.filter { $0.projection != .none }.map(\.name))
        let facts = all.filter { seen.contains($0.relation) }.sorted()
        byFirst = Dictionary(grouping: facts, by: \.subject)
        byRelation = Dictionary(grouping: all, by: \.relation)
    }

    func contains(_ fact: NamedFact) -> Bool { all.contains(fact) }

    func facts(_ relation: String, of node: String) -> [NamedFact] {
        (byFirst[node] ?? []).filter { $0.relation == relation }
    }

    /// All facts of a relation, in no order.
    func facts(_ relation: String) -> [NamedFact] { byRelation[relation] ?? [] }

    /// What a node is directly in.
    func parents(of node: String) -> Set<String> {
        Set((byFirst[node] ?? []).filter { parents.contains($0.relation) }.compactMap(\.object))
    }

    /// What is above a node, however far, as far as each is passed.
    func above(_ node: String, through passes: (String) -> Bool = { _ in true }) -> Set<String> {
        climb(node) { parents(of: $0).filter(passes) }
    }
}

/// All that is above a node.
func climb(_ node: String, _ parents: (String) -> Set<String>) -> Set<String> {
    var (seen, waiting): (Set<String>, [String]) = ([], [node])
    while let next = waiting.popLast() {
        for parent in parents(next) where seen.insert(parent).inserted { waiting.append(parent) }
    }
    return seen
}
