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
    private let start: LookAheadFacts
    private let known: [EntityUID: Entities]
    private(set) var openings: Set<Opening> = []
    private var footprints: [Opening: Footprint] = [:]
    /// What some operation may put something into, or take something out of.
    private var fillable: Set<String> = []
    private var emptiable: Set<String> = []
    private var writable: [String: Set<String>] = [:]
    /// The kinds that something may be created of.
    private var creatable: Set<String> = []
    /// Whether something may be done that may be anything: then nothing is known any more.
    private var isOpaque = false

    init(_ world: LookAheadWorld, _ policies: PolicyBundle) {
        self.world = world
        self.policies = policies
        start = LookAheadFacts(world)
        known = Dictionary(world.workloads.map { ($0.uid, world.known($0)) }, uniquingKeysWith: { $1 })
        var count = -1
        while openings.count + creatable.count != count {
            count = openings.count + creatable.count
            grow()
            // What may be created meanwhile may be what others are about.
            for footprint in footprints.values { note(footprint) }
        }
    }

    /// The operations that nobody can tell the effects of, sorted.
    var untold: [String] {
        Set(openings.filter { footprints[$0]?.isOpaque == true }.map { "\(world.system) \($0.operation)" }).sorted()
    }

    private mutating func grow() {
        for operation in world.catalogue.operations where operation.access == .write {
            for workload in world.workloads {
                let known = known[workload.uid] ?? Entities()
                for entry in world.entries(for: operation) + newcomers(operation) {
                    let opening = Opening(workload: workload.uid, operation: operation.name, entry: entry)
                    guard !openings.contains(opening), mayPermit(opening, known) else { continue }
                    openings.insert(opening)
                    let footprint = Footprint(
                        of: operation, in: world.catalogue, on: world.system, Footprint.Ends(target: entry.node.id))
                    footprints[opening] = footprint
                    note(footprint)
                }
            }
        }
    }

    /// Somebody new, of whom nothing is known, can be acted on where somebody can be created.
    private func newcomers(_ operation: Operation) -> [LookAheadWorld.Entry] {
        guard case .existing(let kind, _) = operation.target, creatable.contains(kind) else { return [] }
        return [world.newcomer(kind)].compactMap { $0 }
    }

    private mutating func note(_ footprint: Footprint) {
        isOpaque = isOpaque || footprint.isOpaque
        for (patterns, isAddition) in [(footprint.adds, true), (footprint.removes, false)] {
            for pattern in patterns { note(pattern, isAddition) }
        }
        for set in footprint.sets { write(set.name, of: set.of) }
        for created in footprint.creates { creatable.formUnion(kinds(created)) }
    }

    private mutating func note(_ pattern: FactPattern, _ isAddition: Bool) {
        for relation in world.catalogue.relations where pattern.relation == nil || pattern.relation == relation.name {
            // What is deleted is in nothing any more, but nobody else leaves what it was in.
            if relation.isParent, let second = pattern.second, pattern.relation != nil || pattern.first == .anything {
                let holders = entries(second, of: relation.to).map(\.id)
                if isAddition { fillable.formUnion(holders) } else { emptiable.formUnion(holders) }
            }
            guard let mirror = relation.mirror, pattern.relation != nil else { continue }
            write(mirror.attribute, of: pattern.first)
        }
    }

    private mutating func write(_ attribute: String, of pattern: NodePattern) {
        for entry in entries(pattern, of: world.catalogue.kinds.map(\.name)) { writable[entry.id, default: []].insert(attribute) }
    }

    // MARK: What patterns stand for

    private func kinds(_ pattern: NodePattern) -> Set<String> {
        switch pattern {
        case .node(let node): [node.kind]
        case .kinds(let kinds), .new(let kinds): kinds
        case .anything: Set(world.catalogue.kinds.map(\.name))
        case .author: []
        }
    }

    /// The entries that may be meant, those that may be created among them.
    private func entries(_ pattern: NodePattern, of kinds: [String]) -> [LookAheadWorld.Entry] {
        switch pattern {
        case .node(let node): return [world[node.text] ?? newcomer(node)].compactMap { $0 }
        case .author: return []
        case .new(let new): return new.intersection(kinds).sorted().compactMap { world.newcomer($0) }
        case .kinds, .anything:
            let meant = self.kinds(pattern).intersection(kinds)
            return world.entries(of: meant) + meant.intersection(creatable).sorted().compactMap { world.newcomer($0) }
        }
    }

    private func newcomer(_ node: NodeID) -> LookAheadWorld.Entry? {
        if case .new(let name) = node.key { world.newcomer(node.kind, name.string) } else { nil }
    }

    // MARK: Asking policy

    private func mayPermit(_ opening: Opening, _ known: Entities) -> Bool {
        // Somebody new may be called anything.
        let isNew = opening.entry.node.id.isNew
        let uid = world.uid(opening.entry)
        let request = PartialRequest(
            principal: .known(opening.workload), action: world.catalogue.action(.execute, opening.operation),
            resource: isNew ? .unknown(uid.type) : .known(uid), context: ContextShape.unknown)
        func isOpen(_ entities: PartialEntities) -> Bool {
            policies.policies.authorize(request, entities: entities, schema: policies.cedarSchema).decision != .deny
        }
        guard !isNew, opening.entry.node.isEntity else { return isOpen(PartialEntities(known)) }
        let above = start.above(opening.entry.id).compactMap { world[$0] }.map { partialEntity($0, labels: nil) }
        return labelSets(opening.entry).contains { labels in
            isOpen(PartialEntities(known, partial: above + [partialEntity(opening.entry, labels: labels)]))
        }
    }

    // MARK: What is known of an entry

    private func partialEntity(_ entry: LookAheadWorld.Entry, labels: Set<String>?) -> PartialEntity {
        var members: [ExactString: PartialValue] = [
            "name": .known(.string(ExactString(entry.node.name))), "kind": .known(.string(ExactString(entry.node.id.kind))),
            "labels": labels.map { .known(.set(Set($0.map { .string(ExactString($0)) }))) } ?? .unknown(.set(.string)),
        ]
        guard let kind = world.kind(entry) else { return PartialEntity(world.uid(entry), attributes: .record([:]), parents: []) }
        for attribute in kind.attributes where attribute.sensitivity != .secret && !EntityKind.common.contains(attribute.name) {
            members[ExactString(attribute.name)] = value(attribute, entry)
        }
        for relation in world.catalogue.mirrored(by: kind) {
            guard let mirror = relation.mirror else { continue }
            let isThere = start.contains(NamedFact(relation.name, entry.node.id))
            members[ExactString(mirror.attribute)] =
                isWritable(mirror.attribute, entry) ? .unknown(.bool) : .known(.bool(isThere != mirror.isNegated))
        }
        return PartialEntity(world.uid(entry), attributes: .record(members), parents: parents(entry))
    }

    private func isWritable(_ attribute: String, _ entry: LookAheadWorld.Entry) -> Bool {
        isOpaque || writable[entry.id]?.contains(attribute) == true
    }

    private func value(_ attribute: AttributeDefinition, _ entry: LookAheadWorld.Entry) -> PartialValue? {
        guard !isWritable(attribute.name, entry), let attributes = entry.attributes else {
            return .unknown(attribute.type.value, isPresent: false)
        }
        return attributes[ExactString(attribute.name)].map { .known($0) }
    }

    private func parents(_ entry: LookAheadWorld.Entry) -> Set<EntityUID>? {
        let above = start.parents(of: entry.id)
        guard !isOpaque, fillable.isEmpty, above.isDisjoint(with: emptiable) else { return nil }
        return Set(above.compactMap { world[$0].map(world.uid) } + [.system(world.system)])
    }

    /// The sets of labels that an entry may come to have: what it keeps whatever is done, with every part of what it may get
    /// or lose. Nil when they are too many to try.
    private func labelSets(_ entry: LookAheadWorld.Entry) -> [Set<String>?] {
        guard !isOpaque else { return [nil] }
        let kept = labels(entry.id) { !emptiable.contains($0) }
        var most = labels(entry.id) { _ in true }
        for holder in fillable { most.formUnion(labels(holder) { _ in true }) }
        let open = most.subtracting(kept).sorted()
        guard open.count <= 4 else { return [nil] }
        return (0..<(1 << open.count)).map { choice in
            kept.union(open.indices.filter { choice & (1 << $0) != 0 }.map { open[$0] })
        }
    }

    private func labels(_ node: String, through passes: (String) -> Bool) -> Set<String> {
        start.above(node, through: passes).union([node]).reduce(into: []) { $0.formUnion(world[$1]?.node.labels ?? []) }
    }

    // MARK: What they add up to

    /// All that the openings together might do to the graph.
    var step: LookAheadStep {
        var facts = LookAheadStep(world, start, creatable: creatable)
        for opening in openings.sorted(by: { ($0.operation, $0.entry.id, $0.workload) < ($1.operation, $1.entry.id, $1.workload) }
        ) {
            if let footprint = footprints[opening] { facts.take(footprint) }
        }
        return facts
    }
}

extension ValueType {
    var value: CedarType {
        switch self {
        case .string: .string
        case .integer: .long
        case .boolean: .bool
        case .strings: .set(.string)
        }
    }
}
