package import Authority
package import StrictYAML

extension Operation {
    /// Whether it gives somebody a credential, or nobody can tell.
    package var givesCredentials: Bool {
        effects.contains { effect in
            switch effect.act {
            case .mints, .shows, .opaque: true
            default: false
            }
        }
    }
}

extension Declared {
    /// What is written of it that can't be so; nil when all can.
    var problem: String? {
        if let contradiction = catalogue.contradictions.first { return "the catalogue contradicts itself: \(contradiction)" }
        if let operation = catalogue.undeclared.first {
            return "`\(operation)` writes and declares no effects; what nobody can tell is `opaque: true`"
        }
        for operation in catalogue.operations {
            guard let step = steps[operation.name], let problem = Self.problem(operation, step, kinds, catalogue) else {
                continue
            }
            return "`\(operation.name)` \(problem)"
        }
        for kind in kinds.keys.sorted() {
            for fact in (kinds[kind]?.facts ?? []) + (kinds[kind]?.more ?? []).flatMap(\.facts) {
                if let problem = Self.problem(fact, of: kind, catalogue) { return "`kinds.\(kind)` \(problem)" }
            }
        }
        for fact in reads.flatMap(\.facts) {
            if let problem = Self.problem(fact, of: nil, catalogue) { return "`reads` \(problem)" }
        }
        return nil
    }

    /// What a reading says of a relation that can't be so; nil when it can.
    private static func problem(_ fact: FactReading, of kind: String?, _ catalogue: Catalogue) -> String? {
        guard let relation = catalogue[relation: fact.relation] else { return "reads `\(fact.relation)`, which is no relation" }
        if relation.origin != .backend { return "reads `\(fact.relation)`, which no system shows" }
        if (fact.to == nil) != relation.to.isEmpty { return "reads `\(fact.relation)` with the wrong number of ends" }
        if fact.from == nil, kind.map({ !relation.from.contains($0) }) ?? true {
            return "reads `\(fact.relation)`, and does not say of what: `from`"
        }
        if fact.from != nil, relation.from.count != 1 { return "reads `\(fact.relation)`, and nobody can tell of which kind" }
        return relation.to.count > 1 ? "reads `\(fact.relation)`, and nobody can tell to which kind" : nil
    }

    /// What is written of how an operation is carried out and does not go with what it declares; nil when all does.
    private static func problem(
        _ operation: Operation, _ step: DeclaredStep<Request>, _ kinds: [String: KindReading<Request>], _ catalogue: Catalogue
    ) -> String? {
        if step.discloses != nil, !operation.givesCredentials {
            return "gives out a credential, and declares none: `mints` or `shows`"
        }
        if operation.effects.contains(where: { if case .computed = $0.act { true } else { false } }) {
            return "computes what it does, which this kind of system can't: say `opaque: true`"
        }
        if operation.effects.contains(where: { if case .upserts = $0.act { true } else { false } }) {
            return "upserts, which this kind of system can't tell from creating: declare two operations"
        }
        let kind = operation.target.kind.flatMap { catalogue[kind: $0] }
        let set = Set(operation.attributesSet)
        let touched = set.union(operation.relationsTouched.compactMap { catalogue[relation: $0]?.localName })
        for touch in step.touches {
            let isHidden = kind?.attributes.first { $0.name == touch.name }?.sensitivity == .secret
            if case .hidden = touch.new {
                if isHidden { continue }
            } else if isHidden {
                return "would show `\(touch.name)`, which is secret"
            }
            guard operation.isOpaque || touched.contains(touch.name) else {
                return "touches `\(touch.name)`, and no effect says so"
            }
            // What policy reads from the same place changes with it.
            let same = (touch.read == nil ? kind.flatMap { kinds[$0.name] }?.values ?? [] : []).filter { $0.at == touch.at }
            for value in same where !operation.isOpaque && !set.contains(value.attribute) {
                return "changes `\(value.attribute)` with `\(touch.name)`, and no effect says that it sets it"
            }
        }
        return nil
    }

    /// Takes what the configuration calls entities: `labels: [{label: tier-0, entries: [tag/administrator]}]`.
    package mutating func readLabels(_ fields: inout YAMLFields) throws {
        labels = try fields.mappings("labels").reduce(into: [:]) { labels, one in
            var one = one
            let label = try one.string("label")
            for entry in try one.strings("entries") {
                let parts = entry.split(separator: "/", maxSplits: 1).map(String.init)
                guard parts.count == 2, catalogue[kind: parts[0]] != nil else {
                    throw one.problem("an entry is written kind/name, with a kind of the catalogue: `\(entry)`", of: "entries")
                }
                labels[parts[0], default: []].append((parts[1], label))
            }
            try one.end()
        }
    }
}
