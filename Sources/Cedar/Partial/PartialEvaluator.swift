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
    private let evaluator: Evaluator

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
    private func deferred(_ expression: Expression) -> Reduced {
        do { return try reduce(expression) } catch {
            return .residual(Residual(expression: expression, type: nil, mayErr: true))
        }
    }

    private func partial(_ value: PartialValue, _ expression: Expression) -> Reduced {
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

    // MARK: Operators

    private func unary(_ expression: Expression, _ operation: UnaryOperator, _ a: Reduced) throws(EvaluationError) -> Reduced {
        if case .value(let value) = a { return .value(try evaluator.unary(operation, Expression(value))) }
        let open = residual(a)
        let isTyped: Bool
        switch operation {
        case .not: isTyped = open.isBool
        case .isEmpty: isTyped = open.type?.isSubtype(of: .anySet, .permissive) ?? false
        case .negate: isTyped = false
        }
        let whole = Expression(.unary(operation, open.expression), at: expression.range)
        return .residual(Residual(expression: whole, type: operation == .negate ? .long : .bool, mayErr: open.mayErr || !isTyped))
    }

    private func binary(_ operation: BinaryOperator, _ left: Reduced, _ b: Expression) throws(EvaluationError) -> Reduced {
        let right: Reduced
        do { right = try reduce(b) } catch {
            // It fails for sure; with this error only where the left operand does not fail first.
            let open = residual(left)
            if !open.mayErr { throw error }
            return .residual(Residual(expression: Expression(.binary(operation, open.expression, b)), type: nil, mayErr: true))
        }
        if case .value(let x) = left, case .value(let y) = right, let value = try known(operation, x, y) { return .value(value) }
        let (x, y) = (residual(left), residual(right))
        if let flag = decided(operation, x, y) { return .value(.bool(flag)) }
        let whole = Expression(.binary(operation, x.expression, y.expression))
        return .residual(
            Residual(
                expression: whole, type: result(operation, x), mayErr: x.mayErr || y.mayErr || mayErr(operation, x.type, y.type)))
    }

    /// The operator on values; nil when it looks at an entity that is known in part.
    private func known(_ operation: BinaryOperator, _ a: Value, _ b: Value) throws(EvaluationError) -> Value? {
        switch operation {
        case .in:
            let uid = try evaluator.entity(a)
            var groups: [EntityUID] = []
            if case .set(let elements) = b {
                for element in elements { groups.append(try evaluator.entity(element)) }
            } else {
                groups.append(try evaluator.entity(b))
            }
            let answers = groups.map { entities.isMember(uid, of: $0) }
            if answers.contains(true) { return true }
            return answers.contains(nil) ? nil : false
        case .hasTag, .getTag:
            guard case .entity(let uid) = a, case .string(let name) = b, let partial = entities.partial[uid] else { break }
            switch partial.tags {
            case .known(.record(let tags)):
                if operation == .hasTag { return .bool(tags[name] != nil) }
                guard let tag = tags[name] else { throw .missingTag(name) }
                return tag
            case .record(let tags):
                switch tags[name] {
                case nil:
                    if operation == .hasTag { return false }
                    throw .missingTag(name)
                case .known(let tag)?: return operation == .hasTag ? true : tag
                case .unknown(_, isPresent: true)? where operation == .hasTag: return true
                default: return nil
                }
            default: return nil
            }
        default: break
        }
        return try evaluator.binary(operation, a, b)
    }

    /// Where types decide: entities of different types are never equal, and some can never be in others.
    private func decided(_ operation: BinaryOperator, _ a: Residual, _ b: Residual) -> Bool? {
        guard !a.mayErr, !b.mayErr, let x = a.type, let y = b.type else { return nil }
        switch operation {
        case .equal: return x.isDisjoint(with: y) ? false : nil
        case .notEqual: return x.isDisjoint(with: y) ? true : nil
        case .in:
            guard let schema, case .entity(let lower) = x, case .entity(let upper) = y else { return nil }
            return schema.canBe(lower, in: upper) ? nil : false
        default: return nil
        }
    }

    private func result(_ operation: BinaryOperator, _ a: Residual) -> CedarType? {
        switch operation {
        case .add, .subtract, .multiply: return .long
        case .getTag:
            let types = a.type.map { schema?.tagTypes(of: $0) ?? [] } ?? []
            return types.count == 1 ? types[0] : nil
        default: return .bool
        }
    }

    private func mayErr(_ operation: BinaryOperator, _ a: CedarType?, _ b: CedarType?) -> Bool {
        func isSet(_ type: CedarType?) -> Bool { type?.isSubtype(of: .anySet, .permissive) ?? false }
        switch operation {
        case .equal, .notEqual: return false
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return a != b || ![.long, .extension(.datetime), .extension(.duration)].contains(a)
        case .contains: return !isSet(a)
        case .containsAll, .containsAny: return !isSet(a) || !isSet(b)
        case .in: return !isEntity(a) || !(isEntity(b) || (b?.isSubtype(of: .set(.anyEntity), .permissive) ?? false))
        case .hasTag: return !isEntity(a) || b != .string
        case .add, .subtract, .multiply, .getTag: return true
        }
    }

    // MARK: Attributes

    private func attribute(_ name: ExactString, of subject: Reduced) throws(EvaluationError) -> Reduced {
        switch subject {
        case .value(.entity(let uid)):
            let here = Expression(.literal(.entity(uid)))
            if let partial = entities.partial[uid] { return try attribute(name, of: self.partial(partial.attributes, here)) }
            guard let entity = entities.known[uid] else { throw .missingEntity(uid) }
            guard let value = entity.attributes[name] else { throw .missingAttribute(name) }
            return .value(value)
        case .value(.record(let members)):
            guard let value = members[name] else { throw .missingAttribute(name) }
            return .value(value)
        case .value(let value): throw .type(expected: "record or entity", found: value.typeName)
        case .partial(let members, let expression):
            guard let member = members[name] else { throw .missingAttribute(name) }
            let whole = Expression(.attribute(expression, name))
            if case .unknown(let type, isPresent: false) = member {
                return .residual(Residual(expression: whole, type: type, mayErr: true))
            }
            return partial(member, whole)
        case .residual(let open):
            let found = open.type.flatMap { type in schema?.attribute(name, of: type) ?? Self.attribute(name, of: type) }
            let isRecord = if case .record? = open.type { true } else { false }
            let whole = Expression(.attribute(open.expression, name))
            return .residual(
                Residual(expression: whole, type: found?.type, mayErr: open.mayErr || !isRecord || found?.isRequired != true))
        }
    }

    private static func attribute(_ name: ExactString, of type: CedarType) -> AttributeType? {
        if case .record(let record) = type { record[name] } else { nil }
    }

    private func has(_ name: ExactString, _ subject: Reduced) throws(EvaluationError) -> Reduced {
        switch subject {
        case .value(.entity(let uid)):
            guard let partial = entities.partial[uid] else { return .value(.bool(entities.known[uid]?.attributes[name] != nil)) }
            return try has(name, self.partial(partial.attributes, Expression(.literal(.entity(uid)))))
        case .value(.record(let members)): return .value(.bool(members[name] != nil))
        case .value(let value): throw .type(expected: "record or entity", found: value.typeName)
        case .partial(let members, let expression):
            guard case .unknown(_, isPresent: false)? = members[name] else { return .value(.bool(members[name] != nil)) }
            return .residual(Residual(expression: Expression(.has(expression, name)), type: .bool, mayErr: false))
        case .residual(let open):
            if case .record(let record)? = open.type, !open.mayErr, !record.isOpen {
                guard let found = record[name] else { return .value(false) }
                if found.isRequired { return .value(true) }
            }
            let isTyped =
                open.type.map { $0.isSubtype(of: .anyEntity, .permissive) || $0.isSubtype(of: .anyRecord, .permissive) } ?? false
            return .residual(
                Residual(expression: Expression(.has(open.expression, name)), type: .bool, mayErr: open.mayErr || !isTyped))
        }
    }

    private func `is`(_ a: Expression, _ type: EntityType, _ group: Expression?) throws(EvaluationError) -> Reduced {
        let subject = try reduce(a)
        let isType: Bool?
        let open = residual(subject)
        if case .value(let value) = subject {
            isType = try evaluator.entity(value).type == type
        } else if case .entity(let types)? = open.type, !open.mayErr, types.count == 1 {
            isType = types[0] == type
        } else {
            isType = nil
        }
        guard isType != false else { return .value(false) }
        guard let group else {
            let whole = Expression(.is(open.expression, type, in: nil))
            return isType == true
                ? .value(true) : .residual(Residual(expression: whole, type: .bool, mayErr: open.mayErr || !isEntity(open.type)))
        }
        if isType == true { return try binary(.in, subject, group) }
        let rest = residual(deferred(group))
        let whole = Expression(.is(open.expression, type, in: rest.expression))
        return .residual(
            Residual(
                expression: whole, type: .bool,
                mayErr: open.mayErr || !isEntity(open.type) || rest.mayErr || mayErr(.in, open.type, rest.type)))
    }

    private func isEntity(_ type: CedarType?) -> Bool { type?.isSubtype(of: .anyEntity, .permissive) ?? false }

    // MARK: Composites

    private func composite(_ parts: [Expression], _ make: ([Expression]) -> Expression.Kind) throws(EvaluationError) -> Reduced {
        var reduced: [Reduced] = []
        for part in parts { reduced.append(try reduce(part)) }
        let open = reduced.map { residual($0) }
        let whole = Expression(make(open.map(\.expression)))
        let isKnown = reduced.allSatisfy { if case .value = $0 { true } else { false } }
        if isKnown { return .value(try evaluator.value(whole)) }
        return .residual(Residual(expression: whole, type: nil, mayErr: open.contains(where: \.mayErr)))
    }

    private func call(_ function: ExtensionFunction, _ arguments: [Expression]) throws(EvaluationError) -> Reduced {
        guard case .residual(let open) = try composite(arguments, { .call(function, $0) }) else {
            return try composite(arguments) { .call(function, $0) }
        }
        return .residual(Residual(expression: open.expression, type: function.resultType, mayErr: true))
    }
}
