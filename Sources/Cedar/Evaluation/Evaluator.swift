import StrictJSON

/// Evaluates expressions for one request. Pure; the depth of the tree is bounded by the parser.
struct Evaluator {
    let request: Request
    let entities: Entities

    /// Whether the policy's head matches and all its conditions hold.
    func applies(_ policy: Policy) throws(EvaluationError) -> Bool {
        guard matches(policy.principal, request.principal), matches(policy.action), matches(policy.resource, request.resource)
        else { return false }
        for condition in policy.conditions where try bool(condition.body) == condition.isUnless { return false }
        return true
    }

    private func matches(_ constraint: ScopeConstraint, _ uid: EntityUID) -> Bool {
        switch constraint.kind {
        case .any: true
        case .equal(let other): uid == other.entity
        case .in(let group): isMember(uid, of: group)
        case .is(let type): uid.type == type
        case .isIn(let type, let group): uid.type == type && isMember(uid, of: group)
        }
    }

    /// Nothing is a member of an empty slot.
    private func isMember(_ uid: EntityUID, of group: EntityReference) -> Bool {
        group.entity.map { entities.isMember(uid, of: $0) } ?? false
    }

    private func matches(_ constraint: ActionConstraint) -> Bool {
        switch constraint {
        case .any: true
        case .equal(let action): request.action == action.entity
        case .in(let groups): groups.contains { isMember(request.action, of: $0) }
        }
    }

    func value(_ expression: Expression) throws(EvaluationError) -> Value {
        switch expression.kind {
        case .literal(let value): return value
        case .variable(let variable): return self.variable(variable)
        case .and(let a, let b):
            guard try bool(a) else { return false }
            return .bool(try bool(b))
        case .or(let a, let b):
            guard try !bool(a) else { return true }
            return .bool(try bool(b))
        case .ifThenElse(let condition, let then, let otherwise):
            return try bool(condition) ? value(then) : value(otherwise)
        case .unary(let operation, let operand): return try unary(operation, operand)
        case .binary(let operation, let a, let b): return try binary(operation, value(a), value(b))
        case .attribute(let subject, let name): return try attribute(name, of: value(subject))
        case .has(let subject, let name): return .bool(try attributes(of: value(subject))?[name] != nil)
        case .like(let subject, let pattern): return .bool(pattern.matches(try string(value(subject)).string))
        case .is(let subject, let type, let group): return .bool(try `is`(value(subject), type, in: group))
        case .set(let elements): return try set(elements)
        case .record(let members): return try record(members)
        case .call(let function, let arguments): return try call(function, arguments)
        }
    }

    private func variable(_ variable: Variable) -> Value {
        switch variable {
        case .principal: .entity(request.principal)
        case .action: .entity(request.action)
        case .resource: .entity(request.resource)
        case .context: .record(request.context)
        }
    }

    private func `is`(_ subject: Value, _ type: EntityType, in group: Expression?) throws(EvaluationError) -> Bool {
        guard try entity(subject).type == type else { return false }
        guard let group else { return true }
        return try isMember(subject, of: value(group))
    }

    private func set(_ elements: [Expression]) throws(EvaluationError) -> Value {
        var values: Set<Value> = []
        for element in elements { values.insert(try value(element)) }
        return .set(values)
    }

    private func record(_ members: [(ExactString, Expression)]) throws(EvaluationError) -> Value {
        var values: [ExactString: Value] = [:]
        for (name, member) in members { values[name] = try value(member) }
        return .record(values)
    }

    private func call(_ function: ExtensionFunction, _ arguments: [Expression]) throws(EvaluationError) -> Value {
        var values: [Value] = []
        for argument in arguments { values.append(try value(argument)) }
        return try function.call(values)
    }

    /// The attributes of a record or entity; nil when the entity is absent.
    private func attributes(of value: Value) throws(EvaluationError) -> [ExactString: Value]? {
        switch value {
        case .record(let members): return members
        case .entity(let uid): return entities[uid]?.attributes
        default: throw .type(expected: "record or entity", found: value.typeName)
        }
    }

    private func attribute(_ name: ExactString, of value: Value) throws(EvaluationError) -> Value {
        guard let attributes = try attributes(of: value) else { throw .missingEntity(try entity(value)) }
        guard let attribute = attributes[name] else { throw .missingAttribute(name) }
        return attribute
    }

    func bool(_ expression: Expression) throws(EvaluationError) -> Bool {
        let value = try value(expression)
        guard case .bool(let flag) = value else { throw .type(expected: "bool", found: value.typeName) }
        return flag
    }
}
