/// Systems of one kind share a namespace, and may have different attributes: policies see all that any of them has.
extension Catalogue {
    /// Why catalogues of one namespace can't stand together: policies could not tell what they mean; nil when they can.
    public static func conflict(among catalogues: [Catalogue]) -> String? {
        for (namespace, all) in Dictionary(grouping: catalogues, by: { $0.namespace.lowercased() }).sorted(by: { $0.key < $1.key }
        ) {
            guard let first = all.first else { continue }
            for other in all.dropFirst() {
                guard other.namespace == first.namespace else {
                    return "`\(first.namespace)` and `\(other.namespace)` differ in case only"
                }
                if let what = first.conflict(with: other) { return "two systems of `\(namespace)` differ in what `\(what)` is" }
            }
        }
        return nil
    }

    private func conflict(with other: Catalogue) -> String? {
        for kind in kinds {
            guard let same = other[kind: kind.name] else { continue }
            if kind.role != same.role || kind.ids != same.ids { return kind.name }
            for attribute in kind.attributes
            where same[attribute.name].map({ $0.type != attribute.type || $0.confers != attribute.confers }) == true {
                return "\(kind.name).\(attribute.name)"
            }
        }
        for relation in relations where other[relation: relation.name].map({ $0 != relation }) == true { return relation.name }
        for operation in operations {
            guard let same = other[operation.name] else { continue }
            if same.target != operation.target || same.access != operation.access || same.seenInput != operation.seenInput
                || same.classes != operation.classes
            {
                return operation.name
            }
        }
        return nil
    }

    /// All that either has.
    func merged(with other: Catalogue) -> Catalogue {
        let kinds = self.kinds.map { kind in
            let more = (other[kind: kind.name]?.attributes ?? []).filter { kind[$0.name] == nil }
            return EntityKind(
                kind.name, plural: kind.plural, kind.role, ids: kind.ids, attributes: kind.attributes + more, naming: kind.naming)
        }
        return Catalogue(
            namespace: namespace, kinds: kinds + other.kinds.filter { self[kind: $0.name] == nil },
            relations: relations + other.relations.filter { self[relation: $0.name] == nil },
            operations: operations + other.operations.filter { self[$0.name] == nil }, setting: setting)
    }
}

extension Operation {
    /// The input as policy sees it.
    fileprivate var seenInput: [String] { input.map { "\($0.name)\($0.isRequired ? "" : "?"): \($0.type.cedar)" } }
}
