import StrictJSON

/// What must still become true of the context for a request to be allowed, in a form that can be put into words.
public indirect enum Requirement: Hashable, Sendable {
    /// All of them; none is nothing more.
    case all([Requirement])
    /// One of them; none is impossible.
    case any([Requirement])
    /// The number at this path of the context is at least so much.
    case atLeast([String], Int64)
    /// The set at this path of the context holds all (or one) of these.
    case holdsAll([String], [Value])
    case holdsAny([String], [Value])
    /// Anything else, as Cedar text.
    case condition(String)
}

extension PartialResponse {
    /// What the unknown must be for the request to be allowed: one of the permits that are left must apply, unless one
    /// does already, and none of the forbids.
    public var requirement: Requirement {
        guard forbids.isEmpty else { return .any([]) }
        let permitting = residuals.filter { $0.effect == .permit }.map { Requirement($0.condition, isNegated: false) }
        let forbidding = residuals.filter { $0.effect == .forbid }.map { Requirement($0.condition, isNegated: true) }
        return Requirement.joined((permits.isEmpty ? [Requirement.either(permitting)] : []) + forbidding)
    }
}

extension Requirement {
    static func joined(_ parts: [Requirement]) -> Requirement {
        let flat = parts.flatMap { if case .all(let inner) = $0 { inner } else { [$0] } }
        return simplified(flat) { .all($0) }
    }

    static func either(_ parts: [Requirement]) -> Requirement {
        let flat = parts.flatMap { if case .any(let inner) = $0, !inner.isEmpty { inner } else { [$0] } }
        return simplified(flat) { .any($0) }
    }

    /// Without repetition; one part alone is itself.
    private static func simplified(_ parts: [Requirement], _ make: ([Requirement]) -> Requirement) -> Requirement {
        var seen: Set<Requirement> = []
        let distinct = parts.filter { seen.insert($0).inserted }
        return distinct.count == 1 ? distinct[0] : make(distinct)
    }

    /// - Parameter isNegated: whether the expression must be false.
    init(_ expression: Expression, isNegated: Bool) {
        switch expression.kind {
        case .literal(.bool(let flag)): self = flag != isNegated ? .all([]) : .any([])
        case .unary(.not, let a): self.init(a, isNegated: !isNegated)
        case .and(let a, let b), .or(let a, let b):
            let isAnd = if case .and = expression.kind { true } else { false }
            let parts = [Requirement(a, isNegated: isNegated), Requirement(b, isNegated: isNegated)]
            self = isAnd != isNegated ? Self.joined(parts) : Self.either(parts)
        default:
            self =
                Self.atom(expression, isNegated)
                ?? .condition(PolicyWriter.text(isNegated ? Expression(.unary(.not, expression)) : expression))
        }
    }

    private static func atom(_ expression: Expression, _ isNegated: Bool) -> Requirement? {
        switch expression.kind {
        case .unary(.isEmpty, let set): return isNegated ? path(set).map { .holdsAny($0, []) } : nil
        case .binary(let operation, let a, let b):
            if let path = path(a), let bound = b.constant { return comparison(path, operation, bound, isNegated) }
            if let path = path(b), let bound = a.constant { return comparison(path, flipped(operation), bound, isNegated) }
            return nil
        default: return nil
        }
    }

    private static func path(_ expression: Expression) -> [String]? {
        switch expression.kind {
        case .variable(.context): []
        case .attribute(let subject, let name): path(subject).map { $0 + [name.string] }
        default: nil
        }
    }

    private static func flipped(_ operation: BinaryOperator) -> BinaryOperator {
        switch operation {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .containsAny: .containsAny
        // Not `in`: what is asked for may be below an element.
        default: .equal
        }
    }

    private static func comparison(_ path: [String], _ operation: BinaryOperator, _ bound: Value, _ isNegated: Bool)
        -> Requirement?
    {
        switch (operation, bound, isNegated) {
        case (.greaterOrEqual, .long(let least), false), (.less, .long(let least), true): .atLeast(path, least)
        case (.greater, .long(let below), false), (.lessOrEqual, .long(let below), true):
            below < .max ? .atLeast(path, below + 1) : nil
        case (.contains, let element, false): .holdsAll(path, [element])
        case (.containsAll, .set(let elements), false): .holdsAll(path, sorted(elements))
        case (.containsAny, .set(let elements), false): .holdsAny(path, sorted(elements))
        default: nil
        }
    }

    private static func sorted(_ elements: Set<Value>) -> [Value] {
        elements.sorted {
            PolicyWriter.text(Expression($0)).utf8.lexicographicallyPrecedes(PolicyWriter.text(Expression($1)).utf8)
        }
    }
}
