import Reach
import StrictJSON

/// What footprints together might do to the graph: every fact that they may add, and every restriction that they may take away.
struct LookAheadStep {
    /// More facts than these are not written out: whoever may add so many may do anything.
    private static let most = 200_000

    private let world: LookAheadWorld
    private let start: LookAheadFacts
    private let creatable: Set<String>
    private var adds: Set<NamedFact> = []
    private var removes: Set<NamedFact> = []
    private var patterns: Set<FactPattern> = []
    private var lifted: Set<FactPattern> = []
    private var filled: Set<NodeID> = []
    private var plain: [String: Bool] = [:]
    /// Whether there was more to write out than could be.
    private(set) var isTooLarge = false

    init(_ world: LookAheadWorld, _ start: LookAheadFacts, creatable: Set<String>) {
        (self.world, self.start, self.creatable) = (world, start, creatable)
    }

    var step: Step { Step(adds: adds.sorted(), removes: removes.sorted()) }

    mutating func take(_ footprint: Footprint) {
        if footprint.isOpaque { mayBeAnything() }
        for pattern in footprint.adds where patterns.insert(pattern).inserted {
            guard let relation = pattern.relation, !isOfCreation(pattern) else { continue }
            guard adds.count <= Self.most else {
                isTooLarge = true
                break
            }
            add(relation, pattern)
        }
        for pattern in footprint.removes where lifted.insert(pattern).inserted { lift(pattern) }
        for credential in footprint.credentials {
            let holder = credential.to == .author ? ReachNode.coalition.id : ReachNode.secret.id
            for node in nodes(credential.of) { adds.insert(NamedFact(credential.relation, node, holder)) }
        }
        for set in footprint.sets {
            adds.insert(NamedFact(CoreRelation.mayWrite.string, ReachNode.coalition.id, .attribute(set.name, of: world.system)))
        }
        for created in footprint.creates { name(created) }
        // The name may be free then: whatever is created under it is taken for what had it.
        for deleted in footprint.deletes {
            for node in nodes(deleted) where creatable.contains(node.kind) { name(.new([node.kind]), as: [node]) }
        }
    }

    /// Whether it says that what is created takes a name: which names wait is known.
    private func isOfCreation(_ pattern: FactPattern) -> Bool {
        guard case .kinds(let kinds)? = pattern.second, kinds.contains(NodeID.nameKind) else { return false }
        return world.catalogue.kinds.contains { $0.naming == pattern.relation && kinds == [NodeID.nameKind, $0.name] }
    }

    private mutating func mayBeAnything() {
        adds.insert(NamedFact(CoreRelation.mayChange.string, ReachNode.coalition.id, .whole(world.system)))
    }

    /// What is created may have any name that waits.
    private mutating func name(_ created: NodePattern, as names: [NodeID]? = nil) {
        for node in nodes(created) {
            guard let naming = world.catalogue[kind: node.kind]?.naming else { continue }
            for name in names ?? world.names.map(\.id) { adds.insert(NamedFact(naming, node, name)) }
        }
    }

    // MARK: Adding

    private mutating func add(_ relation: String, _ pattern: FactPattern) {
        guard let second = pattern.second else {
            for node in nodes(pattern.first, relation, 0) { adds.insert(NamedFact(relation, node)) }
            return
        }
        // One node stands for many, so that their number is added and not multiplied.
        let isPlain = plain[relation] ?? world.graph.rules.isPlainEdge(relation)
        plain[relation] = isPlain
        guard isPlain else { return multiply(relation, pattern.first, second) }
        let ends = (end(pattern.first, 0, relation), end(second, 1, relation))
        adds.insert(NamedFact(relation, ends.0, ends.1))
    }

    private mutating func end(_ pattern: NodePattern, _ place: Int, _ relation: String) -> NodeID {
        switch pattern {
        case .node(let node): return node
        case .author: return ReachNode.coalition.id
        case .kinds, .new, .anything:
            let isNew = if case .new = pattern { true } else { false }
            let standIn = LookAhead.standIn(
                kinds(pattern, relation, place), place, of: relation + (isNew ? " new" : ""), in: world.system)
            guard filled.insert(standIn).inserted else { return standIn }
            for node in nodes(pattern, relation, place) {
                adds.insert(place == 0 ? NamedFact(relation, node, standIn) : NamedFact(relation, standIn, node))
            }
            return standIn
        }
    }

    private mutating func multiply(_ relation: String, _ first: NodePattern, _ second: NodePattern) {
        let (firsts, seconds) = (nodes(first, relation, 0), nodes(second, relation, 1))
        guard firsts.count * seconds.count + adds.count <= Self.most else {
            isTooLarge = true
            return
        }
        for one in firsts { for other in seconds { adds.insert(NamedFact(relation, one, other)) } }
    }

    // MARK: Lifting

    private mutating func lift(_ pattern: FactPattern) {
        // What is deleted is under no restriction and has nothing; one between it and something else is lifted.
        let isDeletion = pattern.relation == nil
        guard !isDeletion || pattern.second != nil else { return }
        for relation in world.catalogue.relations
        where relation.isRestriction && (isDeletion || pattern.relation == relation.name) {
            removes.formUnion(facts(of: relation.name, pattern))
        }
    }

    private func facts(of relation: String, _ pattern: FactPattern) -> [NamedFact] {
        // Most are about one entity, and few facts are.
        if case .node(let node) = pattern.first, pattern.second == nil {
            let fact = NamedFact(relation, node)
            return start.contains(fact) ? [fact] : []
        }
        return start.facts(relation).filter { matches(pattern, $0) }
    }

    private func matches(_ pattern: FactPattern, _ fact: NamedFact) -> Bool {
        func matches(_ pattern: NodePattern?, _ node: NodeID?) -> Bool {
            switch pattern {
            case nil: node == nil
            case .node(let one)?: one == node
            case .kinds(let kinds)?: node.map { kinds.contains($0.kind) } ?? false
            // What is only coming to be is under no restriction yet.
            case .new?: false
            case .anything?: node != nil
            case .author?: node == ReachNode.coalition.id
            }
        }
        return matches(pattern.first, fact.subjectNode) && matches(pattern.second, fact.objectNode)
    }

    // MARK: What patterns stand for

    private func kinds(_ pattern: NodePattern, _ relation: String, _ place: Int) -> Set<String> {
        let definition = world.catalogue[relation: relation]
        let declared = Set((place == 0 ? definition?.from : definition?.to) ?? world.catalogue.kinds.map(\.name))
        switch pattern {
        case .kinds(let kinds), .new(let kinds): return kinds.intersection(declared)
        default: return declared
        }
    }

    /// All that may stand there. Agents are among those that stand first: what is created has their rights, and they its.
    private func nodes(_ pattern: NodePattern, _ relation: String, _ place: Int) -> [NodeID] {
        switch pattern {
        case .node(let node): [node]
        case .author: [ReachNode.coalition.id]
        case .new: nodes(pattern) + (place == 0 ? [ReachNode.coalition.id] : [])
        case .kinds, .anything:
            nodes(of: kinds(pattern, relation, place)) + (place == 0 ? [ReachNode.coalition.id] : [])
        }
    }

    private func nodes(_ pattern: NodePattern) -> [NodeID] {
        switch pattern {
        case .node(let node): [node]
        case .author: []
        case .new(let kinds): newcomers(kinds)
        case .kinds(let kinds): nodes(of: kinds)
        case .anything: nodes(of: Set(world.catalogue.kinds.map(\.name)))
        }
    }

    private func nodes(of kinds: Set<String>) -> [NodeID] {
        world.entries(of: kinds).map(\.node.id) + newcomers(kinds.intersection(creatable))
    }

    private func newcomers(_ kinds: Set<String>) -> [NodeID] { kinds.sorted().compactMap { world.newcomer($0)?.node.id } }
}
