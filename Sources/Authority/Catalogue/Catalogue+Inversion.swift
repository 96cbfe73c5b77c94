/// Whether inverses undo what they claim to, as far as the declared effects tell.
extension Catalogue {
    /// What the inverse of an operation does not take back, in words, sorted; empty where it takes back all, or there is none.
    public func notInverted(by operation: Operation) -> [String] {
        guard let name = operation.inverse, let inverse = self[name] else { return [] }
        let deletes = inverse.effects.contains { if case .deletes = $0.act { true } else { false } }
        let isOpen = inverse.isOpaque || inverse.effects.contains { if case .computed = $0.act { true } else { false } }
        guard !deletes, !isOpen else { return [] }
        return Set(operation.effects.compactMap { missing($0.act, in: inverse) }).sorted()
    }

    private func missing(_ act: Act, in inverse: Operation) -> String? {
        func has(_ isMeant: (Act) -> Bool) -> Bool { inverse.effects.contains { isMeant($0.act) } }
        switch act {
        case .adds(let relation, _, _):
            return has {
                switch $0 {
                case .removes(relation, _, _), .replaces(relation, _, _): true
                default: false
                }
            } ? nil : "adds `\(relation)`, and `\(inverse.name)` does not take it away"
        case .removes(let relation, _, _):
            return has {
                switch $0 {
                case .adds(relation, _, _), .replaces(relation, _, _): true
                default: false
                }
            } ? nil : "removes `\(relation)`, and `\(inverse.name)` does not put it back"
        case .replaces(let relation, _, _):
            return has { if case .replaces(relation, _, _) = $0 { true } else { false } }
                ? nil : "replaces `\(relation)`, and `\(inverse.name)` does not"
        case .sets(let attribute, _, _):
            return has { if case .sets(attribute, _, _) = $0 { true } else { false } }
                ? nil : "sets `\(attribute)`, and `\(inverse.name)` does not"
        case .creates(let kind, _), .upserts(let kind, _):
            return "creates a `\(kind)`, and `\(inverse.name)` deletes nothing"
        case .deletes:
            return has { if case .creates = $0 { true } else { false } } ? nil : "deletes, and `\(inverse.name)` creates nothing"
        case .mints, .shows, .computed, .opaque: return nil
        }
    }
}
