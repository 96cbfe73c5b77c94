import StrictJSON

extension Typechecker {
    mutating func unary(_ operation: UnaryOperator, _ a: Expression, _ known: [Capability]) -> Typing {
        switch operation {
        case .not:
            let typing = expect(a, [.bool], known)
            return typing.type.map { Typing(Self.negated($0)).after(typing) } ?? .invalid(.bool)
        case .negate: return Typing(.long).after(expect(a, [.long], known))
        case .isEmpty: return Typing(.bool).after(expect(a, [.anySet], known))
        }
    }

    mutating func binary(
        _ expression: Expression, _ operation: BinaryOperator, _ a: Expression, _ b: Expression, _ known: [Capability]
    )
        -> Typing
    {
        switch operation {
        case .equal: return equality(expression, a, b, known)
        case .notEqual:
            let typing = equality(expression, a, b, known)
            return typing.type.map { Typing(Self.negated($0)).after(typing) } ?? .invalid(.bool)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return comparison(a, b, known)
        case .add, .subtract, .multiply:
            let hint = operation == .add ? "strings and sets can't be added" : nil
            return Typing(.long).after(expect(a, [.long], known, hint: hint), expect(b, [.long], known, hint: hint))
        case .in:
            let left = expect(a, [.anyEntity], known, hint: "for sets there is `contains`")
            let right = expect(b, [.set(.anyEntity), .anyEntity], known)
            return membership(left, right, a, b)
        case .contains: return contains(expression, a, b, known)
        case .containsAll, .containsAny:
            let left = expect(a, [.anySet], known)
            let right = expect(b, [.anySet], known, hint: "for one element there is `contains`")
            if mode == .strict, let x = left.type, let y = right.type, x.union(y, mode) == nil {
                incompatible(expression, [x, y], "both sets must have elements of one type")
                return .invalid(.bool)
            }
            return Typing(.bool).after(left, right)
        case .hasTag: return hasTag(a, b, known)
        case .getTag: return getTag(expression, a, b, known)
        }
    }

    private mutating func equality(_ expression: Expression, _ a: Expression, _ b: Expression, _ known: [Capability]) -> Typing {
        let (left, right) = (type(a, known), type(b, known))
        var result = CedarType.bool
        if let x = left.type, let y = right.type, x.isDisjoint(with: y) {
            result = .false
        } else if let x = constant(a), let y = constant(b) {
            result = x == y ? .true : .false
        }
        if mode == .strict, result == .bool, let x = left.type, let y = right.type, x.union(y, mode) == nil {
            incompatible(expression, [x, y], "values of different types are never equal")
            return .invalid(.bool)
        }
        return Typing(result).after(left, right)
    }

    /// The value of a literal, or of the action, which is known here.
    private func constant(_ expression: Expression) -> Value? {
        switch expression.kind {
        case .literal(let value): value
        case .variable(.action): .entity(environment.action)
        default: nil
        }
    }

    private static let ordered: [CedarType] = [.long, .extension(.datetime), .extension(.duration)]

    private mutating func comparison(_ a: Expression, _ b: Expression, _ known: [Capability]) -> Typing {
        let (left, right) = (type(a, known), type(b, known))
        guard let x = left.type, let y = right.type else { return .invalid(.bool) }
        func isOrdered(_ type: CedarType) -> Bool { Self.ordered.contains(type) }
        switch (x, y) {
        case (.never, .never): return .invalid(.bool)
        case (.never, _) where isOrdered(y), (_, .never) where isOrdered(x): return Typing(.bool).after(left, right)
        case _ where x == y && isOrdered(x): return Typing(.bool).after(left, right)
        default: break
        }
        let hint = [x, y].contains(.extension(.decimal)) ? "decimals are compared with `.lessThan(…)`" : nil
        if isOrdered(x) {
            problem("unexpected_type", "expected \(x.shown), found \(y.shown)", hint: hint, at: b)
        } else if isOrdered(y) {
            problem("unexpected_type", "expected \(y.shown), found \(x.shown)", hint: hint, at: a)
        } else {
            for (operand, type) in [(a, x), (b, y)] {
                problem("unexpected_type", "expected Long, datetime or duration, found \(type.shown)", hint: hint, at: operand)
            }
        }
        return .invalid(.bool)
    }

    // MARK: Membership

    mutating func `is`(_ expression: Expression, _ a: Expression, _ type: EntityType, _ group: Expression?, _ known: [Capability])
        -> Typing
    {
        let subject = expect(a, [.anyEntity], known, hint: "`is` asks for the type of an entity")
        let test: Typing
        switch subject.type {
        case .entity(let types): test = Typing(!types.contains(type) ? .false : types.count == 1 ? .true : .bool).after(subject)
        case .anyEntity, .never: test = Typing(.bool).after(subject)
        default: test = .invalid(.bool)
        }
        guard let group, test.type != .false else { return test }
        let right = expect(group, [.set(.anyEntity), .anyEntity], known)
        return Self.conjunction(test, membership(subject, right, a, group))
    }

    private func membership(_ left: Typing, _ right: Typing, _ a: Expression, _ b: Expression) -> Typing {
        guard left.isValid, right.isValid else { return .invalid(.bool) }
        if case .entity(let uid)? = constant(a), uid.isAction, let groups = constants(b) {
            let actions = groups.filter(\.isAction)
            guard actions.allSatisfy({ schema.actions[$0] != nil }) else { return .invalid(.bool) }
            let isIn = actions.contains { $0 == uid || schema.actions[uid]?.ancestors.contains($0) == true }
            return Typing(isIn ? .true : .false)
        }
        let upper: CedarType? = if case .set(let element)? = right.type { element } else { right.type }
        if case .entity(let types)? = left.type, case .entity(let groups)? = upper, !schema.canBe(types, in: groups) {
            return Typing(.false)
        }
        return Typing(.bool)
    }

    /// The entities, when the expression is one written out, the action, or a set of such.
    private func constants(_ expression: Expression) -> [EntityUID]? {
        let parts: [Expression] = if case .set(let elements) = expression.kind { elements } else { [expression] }
        var uids: [EntityUID] = []
        for part in parts {
            guard case .entity(let uid)? = constant(part) else { return nil }
            uids.append(uid)
        }
        return uids
    }

    private mutating func contains(_ expression: Expression, _ a: Expression, _ b: Expression, _ known: [Capability]) -> Typing {
        let left = expect(a, [.anySet], known, hint: "for entities there is `in`, for records `has`, for strings `like`")
        let right = type(b, known)
        if mode == .strict, case .set(let element?)? = left.type, let type = right.type, element.union(type, mode) == nil {
            incompatible(expression, [element, type], "the set can't contain a value of another type")
            return .invalid(.bool)
        }
        return Typing(.bool).after(left, right)
    }

    // MARK: Tags

    private mutating func hasTag(_ a: Expression, _ b: Expression, _ known: [Capability]) -> Typing {
        let (subject, name) = (expect(a, [.anyEntity], known), expect(b, [.string], known))
        guard let type = subject.type else { return .invalid() }
        let capability = Capability(subject: a, name: .tag(b))
        let result: CedarType = schema.tagTypes(of: type).isEmpty ? .false : known.contains(capability) ? .true : .bool
        return Typing(result, [capability]).after(subject, name)
    }

    private mutating func getTag(_ expression: Expression, _ a: Expression, _ b: Expression, _ known: [Capability]) -> Typing {
        let (subject, name) = (expect(a, [.anyEntity], known), expect(b, [.string], known))
        guard let type = subject.type else { return .invalid() }
        guard known.contains(Capability(subject: a, name: .tag(b))) else {
            problem(
                "absent_tag", "the tag may be absent",
                hint: "ask first: `\(PolicyWriter.text(a)).hasTag(\(PolicyWriter.text(b))) && …`", at: expression)
            return .invalid()
        }
        let types = schema.tagTypes(of: type)
        guard let first = types.first else {
            problem("no_tags", "entities of type `\(type)` have no tags", at: expression)
            return .invalid()
        }
        var joined: CedarType? = first
        for type in types.dropFirst() { joined = joined.flatMap { $0.union(type, mode) } }
        guard let joined else {
            incompatible(expression, types, "the tags of these entity types have no type in common")
            return .invalid()
        }
        return Typing(joined).after(subject, name)
    }
}
