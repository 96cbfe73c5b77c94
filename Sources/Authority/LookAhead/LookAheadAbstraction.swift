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
    /// One of each of the workloads that policy can't tell apart.
    private let distinct: [Entity]
    /// The attributes that policies read.
    private let read: Set<ExactString>
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
        read = policies.policies.attributesRead
        var seen: Set<WorkloadProfile> = []
        distinct = world.workloads.filter { seen.insert(WorkloadProfile($0, policies)).inserted }
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
        var profiles = Profiles()
        for operation in world.catalogue.operations where operation.access == .write {
            for workload in distinct {
                let known = known[workload.uid] ?? Entities()
                // Of entries that policy can't tell apart one is asked about. What one of them opens in this round, the next
                // round knows of all: rounds go on until nothing is new.
                var asked: [Int: Bool] = [:]
                for entry in world.entries(for: operation) + newcomers(operation) {
                    let opening = Opening(workload: workload.uid, operation: operation.name, entry: entry)
                    let number = profiles.number(of: entry) { profile(entry) }
                    let isOpen = asked[number] ?? mayPermit(opening, known)
                    asked[number] = isOpen
                    guard isOpen, openings.insert(opening).inserted else { continue }
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

    // MARK: What policy can tell apart

    /// All that policy can see of an entry: those who share it are answered alike.
    private struct Profile: Hashable {
        /// Of one that policies name.
        let uid: EntityUID?
        let isNew: Bool
        let kind: String
        /// Where policies read it.
        let name: String?
        let labels: Set<String>
        let parents: Set<String>
        /// Those that policies read; nil where none are known.
        let attributes: [ExactString: Value]?
        let writable: Set<String>
        /// The facts that policies see as attributes.
        let mirrored: Set<String>
    }

    private func profile(_ entry: LookAheadWorld.Entry) -> Profile {
        let (uid, node) = (world.uid(entry), entry.node)
        let mirrored = world.kind(entry).map { world.catalogue.mirrored(by: $0).map(\.name) } ?? []
        return Profile(
            uid: policies.compiled.names(uid) || !node.isEntity ? uid : nil, isNew: node.id.isNew, kind: node.id.kind,
            name: read.contains("name") ? node.name : nil,
            labels: node.labels, parents: start.parents(of: entry.id),
            attributes: entry.attributes?.filter { read.contains($0.key) },
            writable: writable[entry.id] ?? [], mirrored: Set(mirrored.filter { start.contains(NamedFact($0, node.id)) }))
    }

    /// Numbers for profiles, worked out once for each entry.
    private struct Profiles {
        private var numbers: [Profile: Int] = [:]
        private var known: [String: Int] = [:]

        mutating func number(of entry: LookAheadWorld.Entry, _ profile: () -> Profile) -> Int {
            if let number = known[entry.id] { return number }
            let profile = profile()
            let number = numbers[profile] ?? numbers.count
            numbers[profile] = number
            known[entry.id] = number
            return number
        }
    }

    private struct WorkloadProfile: Hashable {
        let uid: EntityUID?
        let attributes: [ExactString: Value]
        let parents: Set<EntityUID>

        init(_ workload: Entity, _ policies: PolicyBundle) {
            uid = policies.compiled.names(workload.uid) ? workload.uid : nil
            (attributes, parents) = (workload.attributes, workload.parents)
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
