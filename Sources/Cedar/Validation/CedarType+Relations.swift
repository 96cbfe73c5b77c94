import StrictJSON

/// How strictly policies are validated.
public enum ValidationMode: Sendable {
    /// Types must match exactly where two meet. What passes can be analysed by a solver, too.
    case strict
    /// What passes can't fail at evaluation, other than by overflow or an absent entity.
    case permissive
}

extension CedarType {
    static let anySet = CedarType.set(nil)
    static let anyRecord = CedarType.record(RecordType(isOpen: true))

    var isBool: Bool { isSubtype(of: .bool, .permissive) }

    func isSubtype(of other: CedarType, _ mode: ValidationMode) -> Bool {
        switch (self, other) {
        case (.never, _), (.true, .bool), (.false, .bool), (.true, .true), (.false, .false), (.bool, .bool), (.long, .long),
            (.string, .string), (.anyEntity, .anyEntity), (.set, .set(nil)):
            true
        case (.set(let a?), .set(let b?)): a.isSubtype(of: b, mode)
        case (.entity(let a), .entity(let b)): mode == .strict ? a == b : a.allSatisfy(b.contains)
        case (.entity, .anyEntity): mode == .permissive
        case (.record(let a), .record(let b)): a.isSubtype(of: b, mode)
        case (.extension(let a), .extension(let b)): a == b
        default: false
        }
    }

    /// The smallest type that both are subtypes of; nil when there is none.
    func union(_ other: CedarType, _ mode: ValidationMode) -> CedarType? {
        if isSubtype(of: other, mode) { return other }
        if other.isSubtype(of: self, mode) { return self }
        switch (self, other) {
        case (.true, _) where other.isBool, (.false, _) where other.isBool: return .bool
        case (.set(let a?), .set(let b?)): return a.union(b, mode).map { .set($0) }
        case (.record(let a), .record(let b)): return a.union(b, mode).map { .record($0) }
        case (.entity(let a), .entity(let b)): return mode == .strict ? nil : .entity(Set(a).union(b).sorted())
        case (.anyEntity, .entity), (.entity, .anyEntity): return mode == .strict ? nil : .anyEntity
        default: return nil
        }
    }

    /// Whether surely no value has both types. Said of entities only: two sets may both be empty.
    func isDisjoint(with other: CedarType) -> Bool {
        guard case .entity(let a) = self, case .entity(let b) = other else { return false }
        return !a.contains { b.contains($0) }
    }
}

extension AttributeType {
    fileprivate func isSubtype(of other: AttributeType, _ mode: ValidationMode) -> Bool {
        let fits = mode == .strict ? isRequired == other.isRequired : isRequired || !other.isRequired
        return fits && type.isSubtype(of: other.type, mode)
    }

    func union(_ other: AttributeType, _ mode: ValidationMode) -> AttributeType? {
        guard mode == .permissive || isRequired == other.isRequired else { return nil }
        return type.union(other.type, mode).map { AttributeType($0, isRequired: isRequired && other.isRequired) }
    }
}

extension RecordType {
    fileprivate func isSubtype(of other: RecordType, _ mode: ValidationMode) -> Bool {
        guard !isOpen || other.isOpen else { return false }
        let isWide = other.isOpen && mode == .permissive
        guard isWide || attributes.count == other.attributes.count else { return false }
        return other.attributes.allSatisfy { name, type in attributes[name].map { $0.isSubtype(of: type, mode) } ?? false }
    }

    fileprivate func union(_ other: RecordType, _ mode: ValidationMode) -> RecordType? {
        var joined = RecordType(isOpen: isOpen || other.isOpen)
        for (name, type) in attributes {
            if let both = other.attributes[name].flatMap({ type.union($0, mode) }) { joined.attributes[name] = both }
        }
        let isWhole = joined.attributes.count == attributes.count && joined.attributes.count == other.attributes.count
        if mode == .strict { return isWhole ? joined : nil }
        if !isWhole { joined.isOpen = true }
        return joined
    }
}

extension Schema {
    /// The type of an attribute of a record, or of entities of any of several types; nil when it may not be there.
    func attribute(_ name: ExactString, of type: CedarType) -> AttributeType? {
        switch type {
        case .record(let record): return record[name]
        case .entity(let types):
            var joined: AttributeType?
            for type in types {
                guard let found = entityTypes[type]?.attributes[name] else { return nil }
                guard let known = joined else {
                    joined = found
                    continue
                }
                guard let both = known.union(found, .permissive) else { return nil }
                joined = both
            }
            return joined
        default: return nil
        }
    }

    /// Whether a value of the type could have the attribute.
    func mayHave(_ name: ExactString, _ type: CedarType) -> Bool {
        switch type {
        case .never, .anyEntity: true
        case .entity(let types): types.contains { entityTypes[$0]?.attributes[name] != nil }
        case .record(let record): record.isOpen || record[name] != nil
        default: false
        }
    }

    /// The names of all attributes that values of the type have.
    func attributeNames(of type: CedarType) -> [String] {
        switch type {
        case .record(let record): record.attributes.keys.map(\.string).sorted()
        case .entity(let types): types.flatMap { entityTypes[$0]?.attributes.attributes.keys.map(\.string) ?? [] }.sorted()
        default: []
        }
    }

    /// The tag types of those of the entity types that have tags.
    func tagTypes(of type: CedarType) -> [CedarType] {
        switch type {
        case .entity(let types): types.compactMap { entityTypes[$0]?.tags }
        case .anyEntity: entityTypes.keys.sorted().compactMap { entityTypes[$0]?.tags }
        default: []
        }
    }

    /// Whether some entity of the types `lower` can be in one of the types `upper`.
    func canBe(_ lower: [EntityType], in upper: [EntityType]) -> Bool {
        lower.contains { type in upper.contains { canBe(type, in: $0) || isActionType(type, in: $0) } }
    }

    private func isActionType(_ type: EntityType, in other: EntityType) -> Bool {
        actions.values.contains { $0.uid.type == type && $0.ancestors.contains { $0.type == other } }
    }
}
