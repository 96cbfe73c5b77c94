import StrictJSON

extension Evaluator {
    func unary(_ operation: UnaryOperator, _ operand: Expression) throws(EvaluationError) -> Value {
        switch operation {
        case .not: return .bool(try !bool(operand))
        case .isEmpty: return .bool(try set(value(operand)).isEmpty)
        case .negate:
            let (result, overflow) = (0 as Int64).subtractingReportingOverflow(try long(value(operand)))
            guard !overflow else { throw .overflow }
            return .long(result)
        }
    }

    func binary(_ operation: BinaryOperator, _ a: Value, _ b: Value) throws(EvaluationError) -> Value {
        switch operation {
        case .equal: .bool(a == b)
        case .notEqual: .bool(a != b)
        case .less: .bool(try precedes(a, b))
        case .greater: .bool(try precedes(b, a))
        case .lessOrEqual: .bool(try !precedes(b, a))
        case .greaterOrEqual: .bool(try !precedes(a, b))
        case .add: try arithmetic(a, b) { $0.addingReportingOverflow($1) }
        case .subtract: try arithmetic(a, b) { $0.subtractingReportingOverflow($1) }
        case .multiply: try arithmetic(a, b) { $0.multipliedReportingOverflow(by: $1) }
        case .in: .bool(try isMember(a, of: b))
        case .contains: .bool(try set(a).contains(b))
        case .containsAll: .bool(try set(a).isSuperset(of: set(b)))
        case .containsAny: .bool(try !set(a).isDisjoint(with: set(b)))
        case .hasTag: .bool(try hasTag(entity(a), string(b)))
        case .getTag: try tag(of: entity(a), string(b))
        }
    }

    private func precedes(_ a: Value, _ b: Value) throws(EvaluationError) -> Bool {
        switch (a, b) {
        case (.long(let x), .long(let y)): return x < y
        case (.datetime(let x), .datetime(let y)): return x < y
        case (.duration(let x), .duration(let y)): return x < y
        case (.long, _), (.datetime, _), (.duration, _): throw .type(expected: a.typeName, found: b.typeName)
        default: throw .type(expected: "long, datetime or duration", found: a.typeName)
        }
    }

    private func arithmetic(_ a: Value, _ b: Value, _ operation: (Int64, Int64) -> (partialValue: Int64, overflow: Bool))
        throws(EvaluationError) -> Value
    {
        let (result, overflow) = operation(try long(a), try long(b))
        guard !overflow else { throw .overflow }
        return .long(result)
    }

    func isMember(_ a: Value, of b: Value) throws(EvaluationError) -> Bool {
        let uid = try entity(a)
        guard case .set(let elements) = b else { return entities.isMember(uid, of: try entity(b)) }
        var groups: [EntityUID] = []
        for element in elements { groups.append(try entity(element)) }
        return groups.contains { entities.isMember(uid, of: $0) }
    }

    /// Of one that is not there it is asked too whether the tag's name is one.
    private func hasTag(_ uid: EntityUID, _ name: ExactString) -> Bool { entities[uid]?.tags[name] != nil }

    private func tag(of uid: EntityUID, _ name: ExactString) throws(EvaluationError) -> Value {
        guard let entity = entities[uid] else { throw .missingEntity(uid) }
        guard let tag = entity.tags[name] else { throw .missingTag(name) }
        return tag
    }

    func entity(_ value: Value) throws(EvaluationError) -> EntityUID {
        guard case .entity(let uid) = value else { throw .type(expected: "entity", found: value.typeName) }
        return uid
    }

    func string(_ value: Value) throws(EvaluationError) -> ExactString {
        guard case .string(let string) = value else { throw .type(expected: "string", found: value.typeName) }
        return string
    }

    private func long(_ value: Value) throws(EvaluationError) -> Int64 {
        guard case .long(let long) = value else { throw .type(expected: "long", found: value.typeName) }
        return long
    }

    private func set(_ value: Value) throws(EvaluationError) -> Set<Value> {
        guard case .set(let set) = value else { throw .type(expected: "set", found: value.typeName) }
        return set
    }
}
