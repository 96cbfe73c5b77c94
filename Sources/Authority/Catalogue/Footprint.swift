public import Reach
import StrictJSON

/// Which nodes may stand at the end of a fact.
public enum NodePattern: Hashable, Sendable {
    case node(NodeID)
    /// Any of its system of one of these kinds.
    case kinds(Set<String>)
    /// Any of these kinds that is only coming to be.
    case new(Set<String>)
    case anything
    /// Whoever asks.
    case author
}

/// Facts that an operation may add or take away.
public struct FactPattern: Hashable, Sendable {
    /// Nil for every relation.
    public let relation: String?
    public let first: NodePattern
    /// Nil for facts about one node.
    public let second: NodePattern?

    init(_ relation: String?, _ first: NodePattern, _ second: NodePattern? = nil) {
        self.relation = relation
        self.first = first
        self.second = second
    }

    /// The one fact that it is; nil for one that may be many.
    var fact: NamedFact? {
        guard let relation, case .node(let first) = first else { return nil }
        guard let second else { return NamedFact(relation, first) }
        guard case .node(let second) = second else { return nil }
        return NamedFact(relation, first, second)
    }
}

/// All that an operation may do to the graph and to what policy sees: of one input, or of whatever input it may be given.
public struct Footprint: Sendable {
    /// What is known of an operation's ends.
    public struct Ends: Sendable {
        /// Nil for whichever of its kind.
        public var target: NodeID?
        /// Nil for whatever input.
        public var input: Input?
        /// The nodes that inputs name, as far as they were found.
        public var named: [String: [NodeID]]

        public init(target: NodeID? = nil, input: Input? = nil, named: [String: [NodeID]] = [:]) {
            self.target = target
            self.input = input
            self.named = named
        }
    }

    public let system: String
    public private(set) var adds: Set<FactPattern> = []
    public private(set) var removes: Set<FactPattern> = []
    /// The attributes whose values it may set, and whose.
    public private(set) var sets: Set<AttributeOf> = []
    /// The credentials that it gives out: the relation, of whom, and to whom.
    public private(set) var credentials: Set<Credential> = []
    /// What may come to be.
    public private(set) var creates: Set<NodePattern> = []
    public private(set) var deletes: Set<NodePattern> = []
    /// Whether it may do anything at all to its system.
    public private(set) var isOpaque = false

    public struct AttributeOf: Hashable, Sendable {
        public let name: String
        public let of: NodePattern
    }

    public struct Credential: Hashable, Sendable {
        public let relation: String
        public let of: NodePattern
        public let to: Holder
    }

    /// - Parameter ends: nothing, for the widest footprint there is; with an input, what follows from that one.
    public init(of operation: Operation, in catalogue: Catalogue, on system: String, _ ends: Ends = Ends()) {
        self.system = system
        isOpaque = operation.isOpaque
        let reader = EndReader(operation: operation, system: system, ends: ends)
        for effect in operation.effects where reader.mayHold(effect.when) { take(effect.act, reader, catalogue) }
    }

    private mutating func take(_ act: Act, _ reader: EndReader, _ catalogue: Catalogue) {
        switch act {
        case .adds(let relation, let first, let second):
            adds.formUnion(reader.facts(relation, first, second))
        case .removes(let relation, let first, let second):
            removes.formUnion(reader.facts(relation, first, second))
        case .replaces(let relation, let of, let with):
            removes.formUnion(reader.patterns(of).map { FactPattern(relation, $0, .anything) })
            if let with { adds.formUnion(reader.facts(relation, of, with)) }
        case .sets(let attribute, let of, let value):
            for pattern in reader.patterns(of) {
                set(attribute, of: pattern, catalogue)
                // Whoever chooses what it is logged in with has the account; whoever clears it has nothing.
                if reader.mayBeGiven(value) { confer(attribute, of: pattern, catalogue) }
            }
        case .creates(let kind, _): create(kind, reader, catalogue)
        case .upserts(let kind, _):
            create(kind, reader, catalogue)
            for attribute in catalogue[kind: kind]?.attributes ?? [] {
                set(attribute.name, of: .kinds([kind]), catalogue)
                confer(attribute.name, of: .kinds([kind]), catalogue)
            }
            // What is there already may lose any restriction that an attribute of it mirrors.
            for relation in catalogue.relations where relation.mirror != nil && relation.from.contains(kind) {
                adds.insert(FactPattern(relation.name, .kinds([kind])))
                removes.insert(FactPattern(relation.name, .kinds([kind])))
            }
        case .deletes(let end): for pattern in reader.patterns(end) { delete(pattern) }
        case .mints(let relation, let of, let holder), .shows(let relation, let of, let holder):
            credentials.formUnion(reader.patterns(of).map { Credential(relation: relation, of: $0, to: holder) })
        case .computed(let bound): take(bound, catalogue)
        case .opaque: isOpaque = true
        }
    }

    private mutating func set(_ attribute: String, of pattern: NodePattern, _ catalogue: Catalogue) {
        sets.insert(AttributeOf(name: attribute, of: pattern))
        guard let setting = catalogue.setting else { return }
        for node in [NodeID.attribute(attribute, of: system), .anyAttribute(of: system)] {
            adds.insert(FactPattern(setting, pattern, .node(node)))
        }
    }

    private mutating func confer(_ attribute: String, of pattern: NodePattern, _ catalogue: Catalogue) {
        for kind in catalogue.kinds where may(pattern, be: kind.name) {
            guard let relation = kind[attribute]?.confers else { continue }
            credentials.insert(Credential(relation: relation, of: pattern, to: .author))
        }
    }

    private func may(_ pattern: NodePattern, be kind: String) -> Bool {
        switch pattern {
        case .node(let node): node.kind == kind
        case .kinds(let kinds), .new(let kinds): kinds.contains(kind)
        case .anything: true
        case .author: false
        }
    }

    private mutating func create(_ kind: String, _ reader: EndReader, _ catalogue: Catalogue) {
        let created = reader.created(kind)
        creates.insert(created)
        guard let naming = catalogue[kind: kind]?.naming else { return }
        adds.insert(FactPattern(naming, created, .kinds([NodeID.nameKind, kind])))
    }

    private mutating func delete(_ pattern: NodePattern) {
        deletes.insert(pattern)
        removes.insert(FactPattern(nil, pattern))
        removes.insert(FactPattern(nil, pattern, .anything))
        removes.insert(FactPattern(nil, .anything, pattern))
    }

    private mutating func take(_ bound: Bound, _ catalogue: Catalogue) {
        let ends = NodePattern.kinds(Set(bound.kinds))
        func facts(_ relation: String) -> FactPattern {
            FactPattern(relation, ends, catalogue[relation: relation]?.to.isEmpty == true ? nil : ends)
        }
        adds.formUnion(bound.adds.map(facts))
        removes.formUnion(bound.removes.map(facts))
        for attribute in bound.attributes { set(attribute, of: ends, catalogue) }
        for kind in bound.creates {
            creates.insert(.new([kind]))
            if let naming = catalogue[kind: kind]?.naming {
                adds.insert(FactPattern(naming, .new([kind]), .kinds([NodeID.nameKind, kind])))
            }
        }
        for kind in bound.deletes { delete(.kinds([kind])) }
    }
}

/// What the ends of an operation's effects are, as far as that is known.
private struct EndReader {
    let operation: Operation
    let system: String
    let ends: Footprint.Ends

    /// Without an input every guard may hold.
    func mayHold(_ condition: Guard) -> Bool {
        guard let input = ends.input else { return true }
        return switch condition {
        case .always: true
        case .present(let name): input.has(name)
        case .equals(let name, let value): input.json[name] == value
        }
    }

    /// Whether a value comes to be there; an input that is not given clears it.
    func mayBeGiven(_ value: NewValue) -> Bool {
        guard case .input(let name) = value, let input = ends.input else { return true }
        return input.has(name)
    }

    func patterns(_ end: End) -> [NodePattern] {
        switch end {
        case .target:
            if let target = ends.target { return [.node(target)] }
            return [operation.target.kind.map { .kinds([$0]) } ?? .node(.whole(system))]
        case .input(operation.target.input): return patterns(.target)
        case .input(let name), .each(let name):
            if let found = ends.named[name] { return found.map { .node($0) } }
            // An input that is not given names nothing.
            if let input = ends.input, !input.has(name) { return [] }
            return [operation.kinds(namedBy: name).map { .kinds($0) } ?? .anything]
        case .created: return operation.kindsCreated.map(created)
        case .author: return [.author]
        case .system: return [.node(.whole(system))]
        }
    }

    func created(_ kind: String) -> NodePattern {
        if case .new(kind, _) = operation.target, let target = ends.target { return .node(target) }
        guard let input = ends.input, let name = operation.inputNaming(kind), let value = input[name] else {
            return .new([kind])
        }
        return .node(NodeID(system: system, kind: kind, .new(.init(value))))
    }

    func facts(_ relation: String, _ first: End, _ second: End?) -> [FactPattern] {
        patterns(first).flatMap { first -> [FactPattern] in
            guard let second else { return [FactPattern(relation, first)] }
            return patterns(second).map { FactPattern(relation, first, $0) }
        }
    }
}

extension Operation {
    /// The kinds of what an input names; nil for one that names nothing of the catalogue's.
    func kinds(namedBy name: String) -> Set<String>? {
        input.first { $0.name == name }?.type.kinds
    }

    /// The input that gives the name of what is created of that kind.
    func inputNaming(_ kind: String) -> String? {
        for effect in effects {
            switch effect.act {
            case .creates(kind, let name), .upserts(kind, let name): return name
            default: continue
            }
        }
        return nil
    }
}

// MARK: What lies within it

extension Footprint {
    /// Whether all that it names was found: what is not can't be judged.
    public var isResolved: Bool {
        func isNode(_ pattern: NodePattern) -> Bool { if case .node = pattern { true } else { false } }
        return isOpaque
            || credentials.allSatisfy { isNode($0.of) }
                && adds.allSatisfy { pattern in
                    !(pattern.first == .author || pattern.second == .author)
                        || (pattern.first == .author || isNode(pattern.first))
                            && pattern.second.map { $0 == .author || isNode($0) } ?? true
                }
    }

    /// Whether a plan does no more than this: to the graph, to what is there, and to the values that it touches.
    public func allows(_ plan: Plan, in catalogue: Catalogue) -> Bool {
        if isOpaque { return true }
        let target = catalogue.node(plan.target, in: system)
        if plan.isCreation, !creates.contains(where: { matches($0, target) }) { return false }
        if plan.removesTarget, !deletes.contains(where: { matches($0, target) }) { return false }
        let relations = Set((adds.union(removes)).compactMap(\.relation).map(RelationDefinition.localName(of:)))
        let attributes = Set(sets.map(\.name))
        return allows(plan.step)
            && plan.touched.allSatisfy { value in
                [TouchedValue.whole, TouchedValue.call].contains(value.attribute) || attributes.contains(value.attribute)
                    || relations.contains(value.attribute)
                    || catalogue.sensitivity(of: value.attribute, on: value.entity) == .secret
            }
    }

    /// Whether a plan may do this to the graph.
    public func allows(_ step: Step) -> Bool {
        isOpaque
            || step.adds.allSatisfy { fact in adds.contains { matches($0, fact) } }
                && step.removes.allSatisfy { fact in removes.contains { matches($0, fact) } }
    }

    /// The facts of the system itself that come and go, as far as their ends are known.
    ///
    /// - Parameter present: the facts that are there of whatever it is about.
    public func step(among present: Set<NamedFact>, in catalogue: Catalogue) -> Step {
        let added = Set(adds.compactMap(\.fact).filter { catalogue[relation: $0.relation]?.origin == .backend })
        let matching = present.filter { fact in removes.contains { matches($0, fact) } }
        // What is there afterwards was not taken away.
        let removed = matching.union(removes.compactMap(\.fact)).subtracting(added)
        return Step(adds: added.sorted(), removes: removed.sorted())
    }

    private func matches(_ pattern: FactPattern, _ fact: NamedFact) -> Bool {
        guard pattern.relation == nil || pattern.relation == fact.relation, matches(pattern.first, fact.subjectNode) else {
            return false
        }
        guard let second = pattern.second else { return fact.object == nil }
        return fact.object != nil && matches(second, fact.objectNode)
    }

    private func matches(_ pattern: NodePattern, _ node: NodeID?) -> Bool {
        switch pattern {
        case .anything: true
        case .author: false
        case .node(let one): node == one
        case .kinds(let kinds): node.map { $0.system == system && kinds.contains($0.kind) } ?? false
        case .new(let kinds): node.map { $0.system == system && kinds.contains($0.kind) && $0.isNew } ?? false
        }
    }

    /// Whether all that this one may do, the other may do too.
    public func isWithin(_ other: Footprint) -> Bool {
        if other.isOpaque { return true }
        func within(_ a: NodePattern, _ b: NodePattern) -> Bool { covers(b, a) }
        func within(_ a: Set<FactPattern>, _ b: Set<FactPattern>) -> Bool {
            a.allSatisfy { one in
                b.contains { wide in
                    guard wide.relation == nil || wide.relation == one.relation, covers(wide.first, one.first) else {
                        return false
                    }
                    guard let second = one.second else { return wide.second == nil }
                    return wide.second.map { covers($0, second) } ?? false
                }
            }
        }
        return !isOpaque && within(adds, other.adds) && within(removes, other.removes)
            && sets.allSatisfy { one in other.sets.contains { $0.name == one.name && covers($0.of, one.of) } }
            && credentials.allSatisfy { one in
                other.credentials.contains { $0.relation == one.relation && $0.to == one.to && covers($0.of, one.of) }
            }
            && creates.allSatisfy { one in other.creates.contains { covers($0, one) } }
            && deletes.allSatisfy { one in other.deletes.contains { covers($0, one) } }
    }

    private func covers(_ wide: NodePattern, _ narrow: NodePattern) -> Bool {
        switch (wide, narrow) {
        case (.anything, _): true
        case (.node(let a), .node(let b)): a == b
        case (.kinds(let kinds), .node(let node)): node.system == system && kinds.contains(node.kind)
        case (.new(let kinds), .node(let node)): node.system == system && kinds.contains(node.kind) && node.isNew
        case (.kinds(let a), .kinds(let b)), (.kinds(let a), .new(let b)), (.new(let a), .new(let b)): a.isSuperset(of: b)
        case (.author, .author): true
        default: false
        }
    }
}
