import Cedar
import Reach
import StrictJSON

/// What an attacker might ask for, and what it would come to.
struct LookAheadMoves {
    /// One operation with its input.
    struct Move {
        let target: LookAheadWorld.Entry
        var input: [ExactString: Value] = [:]
        /// The entries that inputs name.
        var named: [String: LookAheadWorld.Entry] = [:]

        func text(_ name: ExactString) -> String {
            switch input[name] {
            case .string(let text)?: text.string
            case .long(let number)?: "\(number)"
            case .bool(let value)?: "\(value)"
            default: ""
            }
        }
    }

    private let world: LookAheadWorld
    private let start: LookAheadFacts
    /// What policies compare attributes with, by the attribute's name.
    private let literals: [ExactString: Set<String>]

    init(_ world: LookAheadWorld, _ start: LookAheadFacts, literals: [ExactString: Set<String>]) {
        (self.world, self.start, self.literals) = (world, start, literals)
    }

    func all(_ operation: Operation, _ entry: LookAheadWorld.Entry, _ state: LookAheadState) -> [Move] {
        if case .new(let kind, let input) = operation.target {
            guard state.newcomer == nil else { return [] }
            let names = newNames(kind, operation)
            return names.compactMap { world.newcomer(kind, $0) }.flatMap { newcomer in
                fill(operation, Move(target: newcomer, input: [ExactString(input): text(newcomer.node.name)]), state)
            }
        }
        var move = Move(target: entry)
        if let input = operation.target.input {
            move.input[ExactString(input)] = text(entry.node.name)
            move.named[input] = entry
        }
        return fill(operation, move, state)
    }

    private func text(_ text: String) -> Value { .string(ExactString(text)) }

    /// Fills in what is open, in every way that may matter.
    private func fill(_ operation: Operation, _ move: Move, _ state: LookAheadState) -> [Move] {
        operation.input.reduce([move]) { moves, field in
            guard move.input[ExactString(field.name)] == nil else { return moves }
            let ways = ways(field, operation, state)
            guard !ways.isEmpty else { return field.isRequired ? [] : moves }
            return moves.flatMap { move in
                ways.map { value, entry in
                    var move = move
                    move.input[ExactString(field.name)] = value
                    move.named[field.name] = entry
                    return move
                }
            }
        }
    }

    private func ways(_ field: InputField, _ operation: Operation, _ state: LookAheadState) -> [(
        Value, LookAheadWorld.Entry?
    )] {
        switch field.type {
        case .reference(let kinds, _):
            let newcomer = [state.newcomer].compactMap { $0 }.filter { kinds.contains($0.node.id.kind) }
            return (world.entries.filter { kinds.contains($0.node.id.kind) } + newcomer).map { (text($0.node.name), $0) }
        case .identifier, .text, .string: return texts(field, operation).map { (text($0), nil) }
        case .choice(let choices): return choices.map { (text($0), nil) }
        case .boolean: return [(.bool(true), nil), (.bool(false), nil)]
        case .integer(let range): return Set([range.lowerBound, range.upperBound]).sorted().map { (.long($0), nil) }
        case .list, .document, .duration, .json: return []
        }
    }

    /// What policies compare the input with, or the attribute that it is written to, and anything else.
    private func texts(_ field: InputField, _ operation: Operation) -> [String] {
        let written = operation.effects.compactMap { effect in
            if case .sets(let attribute, _, .input(field.name)) = effect.act { attribute } else { nil }
        }
        return ([field.name] + written).reduce(into: Set(["x"])) { $0.formUnion(literals[ExactString($1)] ?? []) }.sorted()
    }

    /// What something new might be called: what policies ask for, or anything.
    private func newNames(_ kind: String, _ operation: Operation) -> [String] {
        let taken = Set(world.entries.map(\.node.name))
        let inputs = world.catalogue.operations.flatMap(\.input).filter { $0.type.kinds?.contains(kind) == true }.map(\.name)
        let asked = Set(inputs + ["name", operation.target.input ?? ""]).reduce(into: world.awaitedNames(kind)) {
            $0.formUnion(literals[ExactString($1)] ?? [])
        }
        return asked.subtracting(taken).union(["newcomer"]).sorted()
    }

    // MARK: What it comes to

    /// The state afterwards; nil where nothing would change, or it could not be done.
    func apply(_ move: Move, _ operation: Operation, to state: LookAheadState) -> LookAheadState? {
        var after = state
        var (facts, changed) = (0, 0)
        for effect in operation.effects where mayHold(effect.when, move) {
            switch effect.act {
            case .adds(let relation, let first, let second), .removes(let relation, let first, let second):
                guard let fact = fact(relation, first, second, move) else { continue }
                facts += 1
                let isAddition = if case .adds = effect.act { true } else { false }
                guard after.holds(fact, in: start) != isAddition else { continue }
                if isAddition, isLoop(fact, after) { return nil }
                changed += 1
                if isAddition { after.add(fact) } else { after.remove(fact) }
            case .sets(let attribute, let end, let value):
                guard set(attribute, end, value, move, &after) else { return nil }
            case .creates: create(move.target, &after)
            case .mints(let relation, let end, let holder), .shows(let relation, let end, let holder):
                guard let node = node(end, move) else { continue }
                after.note([NamedFact(relation, node, holder == .author ? ReachNode.coalition.id : ReachNode.secret.id)])
            case .replaces, .upserts, .deletes, .computed, .opaque: return nil
            }
        }
        return facts == 0 || changed > 0 ? after : nil
    }

    private func mayHold(_ condition: Guard, _ move: Move) -> Bool {
        switch condition {
        case .always: true
        case .present(let name): move.input[ExactString(name)] != nil
        case .equals(let name, let value): move.input[ExactString(name)]?.json == value
        }
    }

    private func node(_ end: End, _ move: Move) -> NodeID? {
        switch end {
        case .target, .created: move.target.node.id
        case .input(let name): move.named[name]?.node.id
        case .author: ReachNode.coalition.id
        case .system: .whole(world.system)
        case .each: nil
        }
    }

    private func fact(_ relation: String, _ first: End, _ second: End?, _ move: Move) -> NamedFact? {
        guard let one = node(first, move) else { return nil }
        guard let second else { return NamedFact(relation, one) }
        return node(second, move).map { NamedFact(relation, one, $0) }
    }

    /// Nothing is inside itself.
    private func isLoop(_ fact: NamedFact, _ state: LookAheadState) -> Bool {
        guard start.parents.contains(fact.relation), let object = fact.object else { return false }
        return object == fact.subject || above(object, state).contains(fact.subject)
    }

    /// - Returns: false where it can't be told what policy would see.
    private func set(_ attribute: String, _ end: End, _ value: NewValue, _ move: Move, _ state: inout LookAheadState) -> Bool {
        guard let node = node(end, move) else { return true }
        state.note([
            NamedFact(CoreRelation.mayWrite.string, ReachNode.coalition.id, .attribute(attribute, of: world.system))
        ])
        if let setting = world.catalogue.setting {
            let attributes = [NodeID.attribute(attribute, of: world.system), .anyAttribute(of: world.system)]
            state.note(attributes.map { NamedFact(setting, node, $0) })
        }
        // Of what is created the rest is read afterwards.
        guard !node.isNew, let kind = world.catalogue[kind: node.kind], isSeen(attribute, of: kind) else { return true }
        let new: Value?
        switch value {
        case .input(let name): new = move.input[ExactString(name)]
        case .text(let text): new = .string(ExactString(text))
        case .boolean(let bool): new = .bool(bool)
        case .generated, .unknown: return false
        }
        state.write(attribute, of: node.text, new)
        if let relation = kind[attribute]?.confers, new != nil {
            state.note([NamedFact(relation, node, ReachNode.coalition.id)])
        }
        return true
    }

    /// Whether policy sees the attribute itself, and not a fact that it mirrors.
    private func isSeen(_ attribute: String, of kind: EntityKind) -> Bool {
        guard let known = kind[attribute], known.sensitivity != .secret else { return false }
        return !world.catalogue.mirrored(by: kind).contains { $0.mirror?.attribute == attribute }
    }

    private func create(_ newcomer: LookAheadWorld.Entry, _ state: inout LookAheadState) {
        state.newcomer = newcomer
        let kind = newcomer.node.id.kind
        let name = ReachNode.awaited(newcomer.node.name, kind, in: world.system)
        guard let naming = world.catalogue[kind: kind]?.naming, world.names.contains(where: { $0.id == name.id }) else { return }
        state.note([NamedFact(naming, newcomer.node.id, name.id)])
    }

    // MARK: As policy sees it

    private func above(_ node: String, _ state: LookAheadState) -> Set<String> { climb(node) { parents($0, state) } }

    private func parents(_ node: String, _ state: LookAheadState) -> Set<String> {
        Set(start.parents.flatMap { state.facts($0, of: node, in: start) }.compactMap(\.object))
    }

    /// The entry and everything above it, as they stand.
    func entities(_ entry: LookAheadWorld.Entry, _ state: LookAheadState) -> [PartialEntity] {
        let above = above(entry.id, state).sorted().compactMap { world[$0] }
        return ([entry] + above).map { partialEntity($0, state) } + [
            PartialEntity(.system(world.system), attributes: .record([:]), parents: [])
        ]
    }

    private func partialEntity(_ entry: LookAheadWorld.Entry, _ state: LookAheadState) -> PartialEntity {
        let labels = above(entry.id, state).reduce(into: entry.node.labels) { $0.formUnion(world[$1]?.node.labels ?? []) }
        var members: [ExactString: PartialValue] = [
            "name": .known(.string(ExactString(entry.node.name))), "kind": .known(.string(ExactString(entry.node.id.kind))),
            "labels": .known(.set(Set(labels.map { .string(ExactString($0)) }))),
        ]
        guard let kind = world.kind(entry) else { return PartialEntity(world.uid(entry), attributes: .record([:]), parents: []) }
        for attribute in kind.attributes where attribute.sensitivity != .secret && !EntityKind.common.contains(attribute.name) {
            let name = ExactString(attribute.name)
            if let written = state.written[entry.id]?[name] {
                members[name] = written.map { .known($0) }
            } else if let attributes = entry.attributes {
                members[name] = attributes[name].map { .known($0) }
            } else {
                members[name] = .unknown(attribute.type.value, isPresent: false)
            }
        }
        for relation in world.catalogue.mirrored(by: kind) {
            guard let mirror = relation.mirror else { continue }
            let isThere = state.holds(NamedFact(relation.name, entry.node.id), in: start)
            members[ExactString(mirror.attribute)] = .known(.bool(isThere != mirror.isNegated))
        }
        let parents = parents(entry.id, state).compactMap { world[$0].map(world.uid) }
        return PartialEntity(world.uid(entry), attributes: .record(members), parents: Set(parents + [.system(world.system)]))
    }
}
