import StrictJSON

extension PartialEvaluator {
    func attribute(_ name: ExactString, of subject: Reduced) throws(EvaluationError) -> Reduced {
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

    static func attribute(_ name: ExactString, of type: CedarType) -> AttributeType? {
        if case .record(let record) = type { record[name] } else { nil }
    }

    func has(_ name: ExactString, _ subject: Reduced) throws(EvaluationError) -> Reduced {
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

    func `is`(_ a: Expression, _ type: EntityType, _ group: Expression?) throws(EvaluationError) -> Reduced {
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

    func isEntity(_ type: CedarType?) -> Bool { type?.isSubtype(of: .anyEntity, .permissive) ?? false }

    // MARK: Composites

    func composite(_ parts: [Expression], _ make: ([Expression]) -> Expression.Kind) throws(EvaluationError) -> Reduced {
        var reduced: [Reduced] = []
        for part in parts { reduced.append(try reduce(part)) }
        let open = reduced.map { residual($0) }
        let whole = Expression(make(open.map(\.expression)))
        let isKnown = reduced.allSatisfy { if case .value = $0 { true } else { false } }
        if isKnown { return .value(try evaluator.value(whole)) }
        return .residual(Residual(expression: whole, type: nil, mayErr: open.contains(where: \.mayErr)))
    }

    func call(_ function: ExtensionFunction, _ arguments: [Expression]) throws(EvaluationError) -> Reduced {
        guard case .residual(let open) = try composite(arguments, { .call(function, $0) }) else {
            return try composite(arguments) { .call(function, $0) }
        }
        return .residual(Residual(expression: open.expression, type: function.resultType, mayErr: true))
    }
}
