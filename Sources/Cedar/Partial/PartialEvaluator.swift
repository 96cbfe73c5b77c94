import StrictJSON

/// What is left of an expression when what is known has been put in.
enum Reduced {
    case value(Value)
    /// A record known in part, and the expression it is the value of.
    case partial([ExactString: PartialValue], Expression)
    case residual(Residual)
}

/// An expression that waits for what is not known.
struct Residual {
    let expression: Expression
    /// Where it is known.
    let type: CedarType?
    /// Whether evaluating it could fail.
    let mayErr: Bool

    var isBool: Bool { type?.isBool ?? false }
}

/// Evaluates expressions as far as what is known allows (after RFC 95, typed partial evaluation).
///
/// What it leaves, evaluated when the rest is known, gives what the whole would have given: the same value, and an
/// error exactly where the whole has one.
struct PartialEvaluator {
    let request: PartialRequest
    let entities: PartialEntities
    let schema: Schema?
    /// Evaluates operators on values; its request is never asked.
    let evaluator: Evaluator

    init(_ request: PartialRequest, _ entities: PartialEntities, _ schema: Schema?) {
        self.request = request
        self.entities = entities
        self.schema = schema
        let nobody = EntityUID(type: "", id: "")
        evaluator = Evaluator(request: Request(principal: nobody, action: nobody, resource: nobody), entities: entities.known)
    }

    func reduce(_ expression: Expression) throws(EvaluationError) -> Reduced {
        switch expression.kind {
        case .literal(let value): return .value(value)
        case .variable(let variable): return self.variable(variable, expression)
        case .and(let a, let b): return try logic(a, b, isAnd: true)
        case .or(let a, let b): return try logic(a, b, isAnd: false)
        case .ifThenElse(let test, let then, let otherwise): return try conditional(expression, test, then, otherwise)
        case .unary(let operation, let a): return try unary(expression, operation, reduce(a))
        case .binary(let operation, let a, let b): return try binary(operation, reduce(a), b)
        case .attribute(let a, let name): return try attribute(name, of: reduce(a))
        case .has(let a, let name): return try has(name, reduce(a))
        case .like(let a, let pattern):
            switch try reduce(a) {
            case .value(let value): return .value(.bool(pattern.matches(try evaluator.string(value).string)))
            case let open:
                let a = residual(open)
                return .residual(
                    Residual(
                        expression: Expression(.like(a.expression, pattern)), type: .bool, mayErr: a.mayErr || a.type != .string))
            }
        case .is(let a, let type, let group): return try `is`(a, type, group)
        case .set(let elements): return try composite(elements) { .set($0) }
        case .record(let members):
            return try composite(members.map(\.1)) { values in .record(Array(zip(members.map(\.0), values))) }
        case .call(let function, let arguments): return try call(function, arguments)
        }
    }

    // MARK: Between the forms

    func residual(_ reduced: Reduced) -> Residual {
        switch reduced {
        case .value(let value): Residual(expression: Expression(value), type: type(of: value), mayErr: false)
        case .partial(_, let expression): Residual(expression: expression, type: nil, mayErr: false)
        case .residual(let residual): residual
        }
    }

    private func type(of value: Value) -> CedarType? {
        switch value {
        case .bool(let flag): flag ? .true : .false
        case .long: .long
        case .string: .string
        case .entity(let uid): .entity(uid.type)
        case .set: .set(nil)
        case .record: nil
        case .decimal: .extension(.decimal)
        case .ip: .extension(.ipaddr)
        case .datetime: .extension(.datetime)
        case .duration: .extension(.duration)
        }
    }

    /// What is left of an expression that may never be evaluated: where it fails for sure, the expression itself.
    func deferred(_ expression: Expression) -> Reduced {
        do { return try reduce(expression) } catch {
            return .residual(Residual(expression: expression, type: nil, mayErr: true))
        }
    }

    func partial(_ value: PartialValue, _ expression: Expression) -> Reduced {
        switch value {
        case .known(let value): return .value(value)
        case .unknown(let type, _): return .residual(Residual(expression: expression, type: type, mayErr: false))
        case .record(let members):
            var values: [ExactString: Value] = [:]
            for (name, member) in members {
                guard case .known(let value) = member else { return .partial(members, expression) }
                values[name] = value
            }
            return .value(.record(values))
        }
    }

    private func variable(_ variable: Variable, _ expression: Expression) -> Reduced {
        func entity(_ uid: PartialEntityUID) -> Reduced {
            switch uid {
            case .known(let uid): .value(.entity(uid))
            case .unknown(let type):
                .residual(Residual(expression: expression, type: type.map { .entity($0) } ?? .anyEntity, mayErr: false))
            }
        }
        return switch variable {
        case .principal: entity(request.principal)
        case .action: .value(.entity(request.action))
        case .resource: entity(request.resource)
        case .context: partial(request.context, expression)
        }
    }

    // MARK: Logic

    private func bool(_ value: Value) throws(EvaluationError) -> Bool {
        guard case .bool(let flag) = value else { throw .type(expected: "bool", found: value.typeName) }
        return flag
    }

    private func logic(_ a: Expression, _ b: Expression, isAnd: Bool) throws(EvaluationError) -> Reduced {
        func joined(_ x: Expression, _ y: Expression) -> Expression { Expression(isAnd ? .and(x, y) : .or(x, y)) }
        let left: Residual
        switch try reduce(a) {
        case .value(let value):
            guard try bool(value) == isAnd else { return .value(.bool(!isAnd)) }
            switch try reduce(b) {
            case .value(let value): return .value(.bool(try bool(value)))
            case let open:
                let right = residual(open)
                if right.isBool { return .residual(right) }
                // The neutral operand stays: it is what asks for a boolean.
                let whole = joined(Expression(.literal(.bool(isAnd))), right.expression)
                return .residual(Residual(expression: whole, type: .bool, mayErr: true))
            }
        case let open: left = residual(open)
        }
        let right = deferred(b)
        if case .value(.bool(let flag)) = right {
            if flag == isAnd, left.isBool { return .residual(left) }
            if flag != isAnd, left.isBool, !left.mayErr { return .value(.bool(flag)) }
        }
        let rest = residual(right)
        return .residual(
            Residual(
                expression: joined(left.expression, rest.expression), type: .bool,
                mayErr: left.mayErr || rest.mayErr || !left.isBool || !rest.isBool))
    }

    private func conditional(_ expression: Expression, _ test: Expression, _ then: Expression, _ otherwise: Expression)
        throws(EvaluationError) -> Reduced
    {
        switch try reduce(test) {
        case .value(let value): return try bool(value) ? reduce(then) : reduce(otherwise)
        case let open:
            let (guarded, first, second) = (residual(open), residual(deferred(then)), residual(deferred(otherwise)))
            let whole = Expression(
                .ifThenElse(guarded.expression, then: first.expression, else: second.expression), at: expression.range)
            let type = first.type.flatMap { x in second.type.flatMap { x.union($0, .permissive) } }
            return .residual(
                Residual(
                    expression: whole, type: type, mayErr: guarded.mayErr || !guarded.isBool || first.mayErr || second.mayErr))
        }
    }
}
