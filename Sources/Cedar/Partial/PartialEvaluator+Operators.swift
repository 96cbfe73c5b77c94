import StrictJSON

extension PartialEvaluator {
    func unary(_ expression: Expression, _ operation: UnaryOperator, _ a: Reduced) throws(EvaluationError) -> Reduced {
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

    func binary(_ operation: BinaryOperator, _ left: Reduced, _ b: Expression) throws(EvaluationError) -> Reduced {
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
    func known(_ operation: BinaryOperator, _ a: Value, _ b: Value) throws(EvaluationError) -> Value? {
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
    func decided(_ operation: BinaryOperator, _ a: Residual, _ b: Residual) -> Bool? {
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

    func result(_ operation: BinaryOperator, _ a: Residual) -> CedarType? {
        switch operation {
        case .add, .subtract, .multiply: return .long
        case .getTag:
            let types = a.type.map { schema?.tagTypes(of: $0) ?? [] } ?? []
            return types.count == 1 ? types[0] : nil
        default: return .bool
        }
    }

    func mayErr(_ operation: BinaryOperator, _ a: CedarType?, _ b: CedarType?) -> Bool {
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
}
