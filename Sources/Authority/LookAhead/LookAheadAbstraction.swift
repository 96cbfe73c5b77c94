import Cedar
import Reach
import StrictJSON

/// What policy may let workloads do without a person, whatever else is done before: everything that policy does not deny
/// whatever the unknown is. It only grows: what an operation may have changed becomes unknown to the next.
struct LookAheadAbstraction {
    /// An operation that may be permitted.
    struct Opening: Hashable {
        let workload: EntityUID
        let operation: String
        let entry: LookAheadWorld.Entry
    }

    private let world: LookAheadWorld
    private let policies: PolicyBundle
    private let start: LookAheadState
    private let known: [EntityUID: Entities]
    private let byNode: [String: LookAheadWorld.Entry]
    private(set) var openings: Set<Opening> = []
    private var addable: Set<String> = []
    private var removable: Set<String> = []
    private var writable: [String: Set<String>] = [:]
    private var switchable: Set<String> = []

    init(_ world: LookAheadWorld, _ policies: PolicyBundle) {
        self.world = world
        self.policies = policies
        start = LookAheadState(world)
        known = Dictionary(world.workloads.map { ($0.uid, world.known($0)) }, uniquingKeysWith: { $1 })
        byNode = Dictionary(world.entries.map { ($0.node.id, $0) }, uniquingKeysWith: { $1 })
        var count = -1
        while openings.count != count {
            count = openings.count
            grow()
        }
    }

    private mutating func grow() {
        for operation in world.catalogue.operations where operation.access == .write {
            guard let effect = LookAheadEffect(operation) else { continue }
            for workload in world.workloads {
                let known = known[workload.uid] ?? Entities()
                for entry in world.entries(for: operation) + newcomers(operation) {
                    let opening = Opening(workload: workload.uid, operation: operation.name, entry: entry)
                    guard !openings.contains(opening), mayPermit(opening, known) else { continue }
                    openings.insert(opening)
                    note(effect, entry)
                }
            }
        }
    }

    /// Somebody new, of whom nothing is known, can be acted on where somebody can be created.
    private func newcomers(_ operation: Operation) -> [LookAheadWorld.Entry] {
        operation.target == .user && operation.name != "user.create" && openings.contains { $0.operation == "user.create" }
            ? [world.newcomer()] : []
    }

    private mutating func note(_ effect: LookAheadEffect, _ entry: LookAheadWorld.Entry) {
        switch effect {
        case .addMember: addable.insert(entry.node.id)
        case .removeMember: removable.insert(entry.node.id)
        case .enable, .disable, .remove: switchable.insert(entry.node.id)
        case .set(let attribute): writable[entry.node.id, default: []].insert(attribute)
        case .create, .password: break
        }
    }

    // MARK: Asking policy

    private func mayPermit(_ opening: Opening, _ known: Entities) -> Bool {
        // Somebody new may be called anything.
        let isNew = opening.entry.node.id.hasPrefix("\(world.system):user:new:")
        let request = PartialRequest(
            principal: .known(opening.workload), action: world.catalogue.action(.execute, opening.operation),
            resource: isNew ? .unknown(world.catalogue.userType) : .known(world.uid(opening.entry)), context: ContextShape.unknown
        )
        guard !isNew else {
            let entities = PartialEntities(known)
            return policies.policies.authorize(request, entities: entities, schema: policies.cedarSchema).decision != .deny
        }
        let above = start.above(opening.entry.node.id).compactMap { byNode[$0] }.map { partialEntity($0, labels: nil) }
        return labelSets(opening.entry).contains { labels in
            let entities = PartialEntities(known, partial: above + [partialEntity(opening.entry, labels: labels)])
            return policies.policies.authorize(request, entities: entities, schema: policies.cedarSchema).decision != .deny
        }
    }

    // MARK: What is known of an entry

    private func partialEntity(_ entry: LookAheadWorld.Entry, labels: Set<String>?) -> PartialEntity {
        var members: [ExactString: PartialValue] = [
            "name": .known(.string(ExactString(entry.node.name))), "kind": .known(entry.isGroup ? "group" : "user"),
            "labels": labels.map { .known(.set(Set($0.map { .string(ExactString($0)) }))) } ?? .unknown(.set(.string)),
        ]
        for attribute in world.catalogue.attributes where attribute.sensitivity != .secret && attribute.name != "name" {
            members[ExactString(attribute.name)] = value(attribute.name, entry)
        }
        let id = entry.node.id
        members["enabled"] =
            entry.isGroup ? nil : switchable.contains(id) ? .unknown(.bool) : .known(.bool(!start.disabled.contains(id)))
        return PartialEntity(world.uid(entry), attributes: .record(members), parents: parents(entry))
    }

    private func value(_ attribute: String, _ entry: LookAheadWorld.Entry) -> PartialValue? {
        let isOpen = writable[entry.node.id]?.contains(attribute) == true
        guard !isOpen, let attributes = entry.attributes else { return .unknown(.string, isPresent: false) }
        return attributes[ExactString(attribute)].map { .known(.string(ExactString($0))) }
    }

    private func parents(_ entry: LookAheadWorld.Entry) -> Set<EntityUID>? {
        let groups = start.memberOf[entry.node.id] ?? []
        guard addable.isEmpty, groups.isDisjoint(with: removable) else { return nil }
        return Set(groups.compactMap { byNode[$0].map(world.uid) } + [.system(world.system)])
    }

    /// The sets of labels that an entry may come to have: what it keeps whatever is done, with every part of what it may get
    /// or lose. Nil when they are too many to try.
    private func labelSets(_ entry: LookAheadWorld.Entry) -> [Set<String>?] {
        let kept = labels(entry.node.id) { !removable.contains($0) }
        var most = labels(entry.node.id) { _ in true }
        for group in addable { most.formUnion(labels(group) { _ in true }) }
        let open = most.subtracting(kept).sorted()
        guard open.count <= 4 else { return [nil] }
        return (0..<(1 << open.count)).map { choice in
            kept.union(open.indices.filter { choice & (1 << $0) != 0 }.map { open[$0] })
        }
    }

    private func labels(_ node: String, through passes: (String) -> Bool) -> Set<String> {
        var (labels, seen, waiting): (Set<String>, Set<String>, [String]) = ([], [node], [node])
        while let next = waiting.popLast() {
            labels.formUnion(byNode[next]?.node.labels ?? [])
            for group in start.memberOf[next] ?? [] where passes(group) && seen.insert(group).inserted { waiting.append(group) }
        }
        return labels
    }

    // MARK: What they add up to

    /// All that the openings together might do to the graph. Every member goes by one node that stands for anybody.
    var step: Step {
        var (adds, removes): (Set<NamedFact>, Set<NamedFact>) = ([], [])
        let anybody = LookAhead.anybody(of: world.system)
        for opening in openings {
            guard let operation = world.catalogue[opening.operation], let effect = LookAheadEffect(operation) else { continue }
            let node = opening.entry.node.id
            adds.formUnion(world.writes(operation, node))
            switch effect {
            case .addMember: adds.insert(NamedFact("member", anybody, node))
            case .enable: removes.insert(NamedFact("disabled", node))
            case .password: adds.insert(NamedFact(Power.password.rawValue, node, LookAhead.secret))
            case .create: adds.formUnion(world.names.map { NamedFact("namedAs", node, $0) })
            case .remove:
                // The name may be free then: whoever is created under it is taken for the one that had it.
                adds.formUnion(newcomers(operation).map { NamedFact("namedAs", $0.node.id, node) })
            case .removeMember, .disable, .set: break
            }
        }
        if !addable.isEmpty {
            let everybody = world.entries.map(\.node.id) + [ReachNode.coalition.id]
            adds.formUnion(everybody.map { NamedFact("member", $0, anybody) })
        }
        return Step(adds: adds.sorted(), removes: removes.sorted())
    }
}

extension LookAheadWorld {
    /// What an operation's author writes: the attributes that it sets, and the credential that goes with them.
    func writes(_ operation: Operation, _ node: String) -> [NamedFact] {
        let attributes = operation.attributesSet
        let powers = operation.effects.flatMap(\.relations).compactMap(Power.init).filter { $0 != .password }
        return ReachNode.sets(node, attributes, system: system)
            + attributes.map { NamedFact("mayWrite", ReachNode.coalition.id, ReachNode.id(system: system, attribute: $0)) }
            + powers.map { NamedFact($0.rawValue, node, ReachNode.coalition.id) }
    }
}
