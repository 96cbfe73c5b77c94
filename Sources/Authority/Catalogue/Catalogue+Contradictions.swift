/// What a catalogue says that can't be so.
extension Catalogue {
    /// Each contradiction in words, sorted: a catalogue that has one can't be taken on.
    public var contradictions: [String] {
        var found: Set<String> = []
        found.formUnion(repeated(kinds.map(\.name), "kind"))
        found.formUnion(repeated(kinds.map(\.typeName), "type"))
        found.formUnion(repeated(relations.map(\.name), "relation"))
        found.formUnion(repeated(operations.map(\.name), "operation"))
        for kind in kinds where NodeID.reserved.contains(kind.name) || kind.name.contains(":") {
            found.insert("a kind can't be called `\(kind.name)`")
        }
        for relation in relations where !relation.name.contains(".") {
            found.insert("the relation `\(relation.name)` has no kind before its name")
        }
        let mirrors = relations.flatMap { relation in
            relation.mirror.map { mirror in relation.from.map { "attribute that mirrors facts, \($0).\(mirror.attribute)," } }
                ?? []
        }
        found.formUnion(repeated(mirrors, ""))
        if let setting, self[relation: setting]?.origin != .setting { found.insert("`\(setting)` is no relation of settings") }
        for kind in kinds { found.formUnion(contradictions(of: kind)) }
        for relation in relations { found.formUnion(contradictions(of: relation)) }
        for operation in operations { found.formUnion(contradictions(of: operation)) }
        return found.sorted()
    }

    private func repeated(_ names: [String], _ what: String) -> [String] {
        Dictionary(grouping: names) { $0 }.filter { $1.count > 1 }.map { "the \(what) `\($0.key)` is declared twice" }
    }

    private func contradictions(of kind: EntityKind) -> [String] {
        let confers = kind.attributes.compactMap { attribute in
            attribute.confers.flatMap { name in
                self[relation: name]?.origin == .credential
                    ? nil : "`\(kind.name).\(attribute.name)` confers `\(name)`, which is no relation of a credential"
            }
        }
        guard let naming = kind.naming, self[relation: naming]?.origin != .naming else { return confers }
        return confers + ["`\(kind.name)` takes names by `\(naming)`, which is no relation of names"]
    }

    private func contradictions(of relation: RelationDefinition) -> [String] {
        let structural: Set = [NodeID.attributeKind, NodeID.nameKind]
        var found = (relation.from + relation.to).filter { self[kind: $0] == nil && !structural.contains($0) }.map {
            "`\(relation.name)` is about `\($0)`, which is no kind"
        }
        if relation.from.isEmpty { found.append("`\(relation.name)` has nothing that may stand first") }
        if relation.isParent, relation.to.isEmpty { found.append("`\(relation.name)` is a parent of nothing") }
        guard let mirror = relation.mirror else { return found }
        if !relation.to.isEmpty { found.append("`\(relation.name)` has two places: no attribute mirrors it") }
        for kind in relation.from where self[kind: kind]?[mirror.attribute]?.type != .boolean {
            found.append("`\(relation.name)` is mirrored by `\(mirror.attribute)`, which is no Boolean attribute of `\(kind)`")
        }
        return found
    }

    // MARK: Operations

    private func contradictions(of operation: Operation) -> [String] {
        var found = target(of: operation) + inverse(of: operation)
        if operation.access == .read, !operation.effects.isEmpty { found.append("reads, and has effects") }
        if operation.access == .read, operation.answer == .none { found.append("reads, and answers nothing") }
        switch operation.answer {
        case .one(let kind, _), .list(let kind, _):
            if self[kind: kind] == nil { found.append("answers with `\(kind)`, which is no kind") }
        case .document where operation.offer == nil: found.append("answers with a document, and nobody offers one")
        case .document, .none: break
        }
        for effect in operation.effects {
            found += contradictions(of: effect, in: operation) + contradictions(of: effect.when, in: operation)
        }
        found += repeated(operation.input.map(\.name), "input").map { "has an input twice: \($0)" }
        found += inputs(of: operation)
        found += mirrors(of: operation)
        return found.map { "`\(operation.name)` \($0)" }
    }

    private func target(of operation: Operation) -> [String] {
        guard let kind = operation.target.kind else { return [] }
        guard self[kind: kind] != nil else { return ["acts on `\(kind)`, which is no kind"] }
        guard let name = operation.target.input, let field = operation.input.first(where: { $0.name == name }), field.isRequired
        else { return ["has no required input that names what it acts on"] }
        if case .existing = operation.target, field.type.kinds != [kind] {
            return ["acts on a `\(kind)`, and its input `\(name)` names something else"]
        }
        if case .new = operation.target, !operation.kindsCreated.contains(kind) {
            return ["acts on a new `\(kind)`, and creates none"]
        }
        return []
    }

    private func inverse(of operation: Operation) -> [String] {
        guard let name = operation.inverse else {
            return operation.access == .write && operation.reversibility == .reversible
                ? ["is reversible, and has no inverse"] : []
        }
        guard let inverse = self[name], inverse.access == .write else {
            return ["has the inverse `\(name)`, which changes nothing"]
        }
        return inverse.target.kind == operation.target.kind ? [] : ["has an inverse that acts on something else"]
    }

    private func contradictions(of effect: Effect, in operation: Operation) -> [String] {
        switch effect.act {
        case .adds(let name, let first, let second), .removes(let name, let first, let second):
            return relation(name, first, second, operation)
        case .replaces(let name, let of, let with):
            guard self[relation: name]?.to.isEmpty != true else { return ["replaces `\(name)`, which is about one entity"] }
            return relation(name, of, with, operation, isOpen: true)
        case .sets(let attribute, let end, let value):
            if case .input(let name) = value, !operation.input.contains(where: { $0.name == name }) {
                return ["sets `\(attribute)` to the input `\(name)`, which is not there"]
            }
            guard let kinds = kinds(of: end, operation) else {
                return ["sets `\(attribute)` of `\(end.text)`, which is not there"]
            }
            return kinds.sorted().filter { self[kind: $0]?[attribute] == nil }.map {
                "sets `\(attribute)`, which `\($0)` does not have"
            }
        case .creates(let kind, let input), .upserts(let kind, let input):
            let isNamed = operation.input.contains { $0.name == input && $0.isRequired }
            return (self[kind: kind] == nil ? ["creates `\(kind)`, which is no kind"] : [])
                + (isNamed ? [] : ["names what it creates by `\(input)`, which is no required input"])
        case .deletes(let end): return kinds(of: end, operation) == nil ? ["deletes what it does not name"] : []
        case .mints(let name, let end, _), .shows(let name, let end, _):
            return
                (self[relation: name]?.origin == .credential ? [] : ["gives out `\(name)`, which is no relation of a credential"])
                + (kinds(of: end, operation) == nil ? ["gives out a credential of what it does not name"] : [])
                + (end == .created && !createsOne(operation) ? ["gives out a credential of what nobody can tell beforehand"] : [])
        case .computed(let bound):
            let relations = (bound.adds + bound.removes).filter { self[relation: $0] == nil }
            let kinds = (bound.kinds + bound.creates + bound.deletes).filter { self[kind: $0] == nil }
            return relations.map { "is bound by `\($0)`, which is no relation" }
                + kinds.map { "is bound by `\($0)`, which is no kind" }
        case .opaque: return []
        }
    }

    /// - Parameter isOpen: whether the second end may be left out of a relation with two places.
    private func relation(_ name: String, _ first: End, _ second: End?, _ operation: Operation, isOpen: Bool = false) -> [String]
    {
        guard let relation = self[relation: name] else { return ["changes `\(name)`, which is no relation"] }
        guard relation.origin == .backend || relation.origin == .naming else {
            return ["changes `\(name)`, which is a credential's: say that it mints or shows one"]
        }
        guard isOpen || (second == nil) == relation.to.isEmpty else { return ["changes `\(name)` with the wrong number of ends"] }
        return [(first, relation.from), (second, relation.to)].flatMap { end, allowed -> [String] in
            guard let end, end != .author, end != .system else { return [] }
            if end == .created, operation.kindsCreated.count > 1 {
                return ["changes `\(name)` of what it creates, and creates several"]
            }
            guard let kinds = kinds(of: end, operation) else { return ["changes `\(name)` at `\(end.text)`, which is not there"] }
            return kinds.subtracting(allowed).sorted().map { "changes `\(name)` at `\(end.text)`, which may be a `\($0)`" }
        }
    }

    /// The kinds that an end may be of; nil when it names nothing.
    private func kinds(of end: End, _ operation: Operation) -> Set<String>? {
        switch end {
        case .target: operation.target.kind.map { [$0] } ?? []
        case .input(let name), .each(let name): operation.kinds(namedBy: name)
        case .created: operation.kindsCreated.isEmpty ? nil : Set(operation.kindsCreated)
        case .author, .system: []
        }
    }

    /// Whether it is known beforehand what an operation creates.
    private func createsOne(_ operation: Operation) -> Bool {
        let creations = operation.effects.filter { if case .creates = $0.act { true } else { false } }
        return creations.count == 1 && operation.kindsCreated.count == 1
    }

    private func contradictions(of condition: Guard, in operation: Operation) -> [String] {
        let name: String
        switch condition {
        case .always: return []
        case .present(let input), .equals(let input, _): name = input
        }
        guard let field = operation.input.first(where: { $0.name == name }) else {
            return ["depends on `\(name)`, which is no input"]
        }
        guard case .equals(_, let value) = condition else { return [] }
        do {
            try field.type.check(value, at: "")
            return []
        } catch { return ["depends on `\(name)` being what it can't be"] }
    }

    /// What an input names must be something that can be read: an agent may name nothing else.
    private func inputs(of operation: Operation) -> [String] {
        operation.input.flatMap { field in
            (field.type.kinds ?? []).sorted().compactMap { name in
                guard let kind = self[kind: name] else { return "takes a `\(name)`, which is no kind" }
                return reading(kind) == nil ? "takes a `\(name)`, which no operation reads: no agent could ever name one" : nil
            }
        }
    }

    /// An attribute that mirrors facts changes with them: to set it and not to say which facts change hides what it does.
    private func mirrors(of operation: Operation) -> [String] {
        let touched = Set(operation.relationsTouched)
        func isTold(_ end: End) -> Bool { end == .created || operation.effects.contains { $0.act == .deletes(end) } }
        return relations.compactMap { relation in
            guard !operation.isOpaque, let mirror = relation.mirror, !touched.contains(relation.name) else { return nil }
            let hides = operation.effects.contains { effect in
                guard case .sets(mirror.attribute, let end, _) = effect.act else { return false }
                let kinds = kinds(of: end, operation) ?? []
                return !isTold(end) && !kinds.isDisjoint(with: relation.from)
            }
            guard hides else { return nil }
            return "sets `\(mirror.attribute)`, and does not say what becomes of `\(relation.name)`"
        }
    }
}
