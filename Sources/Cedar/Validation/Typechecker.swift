import StrictJSON

/// Finds the type of every expression of one policy for one combination of action, principal and resource type.
///
/// Follows the validator of the reference implementation (cedar-policy 4, `typecheck`), which is modelled in Lean:
/// booleans known in advance short-circuit, so what can't be reached is not looked at; an attribute that may be absent
/// may be read only where a `has` before it, of the same expression, is known to be true.
struct Typechecker {
    let schema: Schema
    let mode: ValidationMode
    let environment: Schema.Environment
    let context: RecordType
    private let policy: Policy
    private(set) var problems: Set<Diagnostic> = []
    /// The type of each expression that was reached, when they are asked for.
    private(set) var types: [ObjectIdentifier: CedarType]?

    init(_ schema: Schema, _ mode: ValidationMode, _ environment: Schema.Environment, _ policy: Policy, keepTypes: Bool = false) {
        self.schema = schema
        self.mode = mode
        self.environment = environment
        self.policy = policy
        context = schema.actions[environment.action]?.context ?? RecordType()
        types = keepTypes ? [:] : nil
    }

    /// The type of all conditions of the policy together.
    mutating func conditions() -> Typing {
        var sofar = Typing(.true)
        for condition in policy.conditions {
            if sofar.type == .false { break }
            var typing = expect(condition.body, [.bool], sofar.capabilities)
            if condition.isUnless { typing = Typing(typing.type.map(Self.negated), isValid: typing.isValid) }
            sofar = Self.conjunction(sofar, typing)
        }
        return sofar
    }

    mutating func problem(_ code: String, _ message: String, hint: String? = nil, at expression: Expression) {
        problems.insert(policy.diagnostic("validation." + code, message, hint: hint, at: expression.range))
    }

    mutating func type(_ expression: Expression, _ known: [Capability]) -> Typing {
        let typing = find(expression, known)
        if types != nil, let type = typing.type { types?[ObjectIdentifier(expression)] = type }
        return typing
    }

    /// The type, which must be a subtype of one of those expected.
    mutating func expect(_ expression: Expression, _ expected: [CedarType], _ known: [Capability], hint: String? = nil) -> Typing
    {
        let typing = type(expression, known)
        guard let type = typing.type else { return .invalid() }
        guard !expected.contains(where: { type.isSubtype(of: $0, .permissive) }) else { return typing }
        let names = expected.map(\.shown).joined(separator: " or ")
        problem("unexpected_type", "expected \(names), found \(type.shown)", hint: hint, at: expression)
        return .invalid()
    }

    private mutating func find(_ expression: Expression, _ known: [Capability]) -> Typing {
        switch expression.kind {
        case .literal(let value): return literal(value)
        case .variable(let variable): return Typing(self.variable(variable))
        case .and(let a, let b):
            let left = expect(a, [.bool], known)
            if left.type == .false { return Typing(.false, isValid: left.isValid) }
            return Self.conjunction(left, expect(b, [.bool], known + left.capabilities))
        case .or(let a, let b): return or(a, b, known)
        case .ifThenElse(let test, let then, let otherwise): return conditional(expression, test, then, otherwise, known)
        case .unary(let operation, let a): return unary(operation, a, known)
        case .binary(let operation, let a, let b): return binary(expression, operation, a, b, known)
        case .attribute(let a, let name): return attribute(expression, a, name, known)
        case .has(let a, let name): return has(a, name, known)
        case .like(let a, _): return Typing(.bool).after(expect(a, [.string], known))
        case .is(let a, let type, let group): return `is`(expression, a, type, group, known)
        case .set(let elements): return set(expression, elements, known)
        case .record(let members): return record(members, known)
        case .call(let function, let arguments): return call(expression, function, arguments, known)
        }
    }

    private func literal(_ value: Value) -> Typing {
        switch value {
        case .bool(let flag): return Typing(flag ? .true : .false)
        case .long: return Typing(.long)
        case .string: return Typing(.string)
        case .entity(let uid):
            // What is unknown here is reported once for the policy, not in each environment.
            let isKnown = uid.isAction ? schema.actions[uid] != nil : schema.entityTypes[uid.type] != nil
            return isKnown ? Typing(.entity(uid.type)) : .invalid()
        default: return .invalid()
        }
    }

    private func variable(_ variable: Variable) -> CedarType {
        switch variable {
        case .principal: .entity(environment.principal)
        case .action: .entity(environment.action.type)
        case .resource: .entity(environment.resource)
        case .context: .record(context)
        }
    }

    // MARK: Logic

    static func negated(_ type: CedarType) -> CedarType {
        switch type {
        case .true: .false
        case .false: .true
        default: .bool
        }
    }

    /// The typing of `left && right`, the right not short-circuited.
    static func conjunction(_ left: Typing, _ right: Typing) -> Typing {
        guard let a = left.type, let b = right.type else {
            return .invalid(right.type == .false && left.type != nil ? .false : .bool)
        }
        if b == .false { return Typing(.false).after(left, right) }
        let type: CedarType = b == .true ? a : a == .true ? b : .bool
        return Typing(type, left.capabilities + right.capabilities).after(left, right)
    }

    private mutating func or(_ a: Expression, _ b: Expression, _ known: [Capability]) -> Typing {
        let left = expect(a, [.bool], known)
        if left.type == .true { return left }
        let right = expect(b, [.bool], known)
        guard let x = left.type, let y = right.type else { return .invalid(.bool) }
        let typing: Typing
        if y == .true {
            typing = Typing(.true, right.capabilities)
        } else if y == .false {
            typing = Typing(x, left.capabilities)
        } else if x == .false {
            typing = Typing(y, right.capabilities)
        } else {
            typing = Typing(.bool, left.capabilities.filter(right.capabilities.contains))
        }
        return typing.after(left, right)
    }

    private mutating func conditional(
        _ expression: Expression, _ test: Expression, _ then: Expression, _ otherwise: Expression, _ known: [Capability]
    ) -> Typing {
        let guarded = expect(test, [.bool], known)
        if guarded.type == .true {
            var typing = type(then, known + guarded.capabilities)
            typing.capabilities += guarded.capabilities
            return Typing(typing.type, isValid: typing.isValid, typing.capabilities).after(guarded)
        }
        if guarded.type == .false { return type(otherwise, known).after(guarded) }
        var first = type(then, known + guarded.capabilities)
        if first.isValid { first.capabilities += guarded.capabilities }
        let second = type(otherwise, known)
        guard let a = first.type, let b = second.type else { return .invalid() }
        guard let joined = a.union(b, mode) else {
            incompatible(expression, [a, b], "the branches of `if` must have one type")
            return .invalid()
        }
        return Typing(joined, second.capabilities.filter(first.capabilities.contains)).after(guarded, first, second)
    }

    mutating func incompatible(_ expression: Expression, _ types: [CedarType], _ why: String) {
        let names = types.map { "`\($0.shown)`" }
        var seen: Set<String> = []
        let distinct = names.filter { seen.insert($0).inserted }
        problem(
            "incompatible_types", "the types \(distinct.joined(separator: " and ")) don't go together", hint: why, at: expression)
    }

    // MARK: Attributes

    private static let entityOrRecord: [CedarType] = [.anyEntity, .anyRecord]

    private mutating func attribute(_ expression: Expression, _ a: Expression, _ name: ExactString, _ known: [Capability])
        -> Typing
    {
        let subject = expect(a, Self.entityOrRecord, known)
        guard let type = subject.type else { return .invalid() }
        guard let found = schema.attribute(name, of: type) else {
            let near = Suggestion.nearest(to: name.string, in: schema.attributeNames(of: type))
            problem(
                "unknown_attribute", "`\(type.shown)` has no attribute `\(name)`", hint: near.map { "did you mean `\($0)`?" },
                at: expression)
            return .invalid()
        }
        if !found.isRequired, !known.contains(Capability(subject: a, name: .attribute(name))) {
            let text = PolicyWriter.text(a)
            problem(
                "optional_attribute", "attribute `\(name)` of `\(type.shown)` may be absent",
                hint: "ask first: `\(text) has \(PolicyWriter.key(name)) && …`", at: expression)
            return .invalid(found.type)
        }
        return Typing(found.type).after(subject)
    }

    private mutating func has(_ a: Expression, _ name: ExactString, _ known: [Capability]) -> Typing {
        let subject = expect(a, Self.entityOrRecord, known)
        guard let type = subject.type else { return .invalid(.bool) }
        let capability = Capability(subject: a, name: .attribute(name))
        guard let found = schema.attribute(name, of: type) else {
            return Typing(schema.mayHave(name, type) ? .bool : .false).after(subject)
        }
        // An entity need not exist, so that its type requires the attribute does not say that it is there.
        let isRecord = if case .record = type { true } else { false }
        let isSure = (isRecord && found.isRequired) || known.contains(capability)
        return Typing(isSure ? .true : .bool, [capability]).after(subject)
    }

    // MARK: Sets, records, calls

    private mutating func set(_ expression: Expression, _ elements: [Expression], _ known: [Capability]) -> Typing {
        if mode == .strict, elements.isEmpty {
            problem(
                "empty_set", "the type of an empty set can't be told", hint: "use `x.isEmpty()` to test for one", at: expression)
            return .invalid()
        }
        var joined: CedarType? = .never
        var isValid = true
        var all: [CedarType] = []
        for element in elements {
            let typing = type(element, known)
            isValid = isValid && typing.isValid
            if let type = typing.type { all.append(type) }
        }
        guard all.count == elements.count else { return .invalid() }
        for type in all { joined = joined.flatMap { $0.union(type, mode) } }
        guard let joined else {
            incompatible(expression, all, "the elements of a set must have one type")
            return .invalid()
        }
        return Typing(.set(joined), isValid: isValid)
    }

    private mutating func record(_ members: [(ExactString, Expression)], _ known: [Capability]) -> Typing {
        var record = RecordType()
        var (isValid, isTyped) = (true, true)
        for (name, member) in members {
            let typing = type(member, known)
            isValid = isValid && typing.isValid
            if let type = typing.type { record.attributes[name] = AttributeType(type) } else { isTyped = false }
        }
        return isTyped ? Typing(.record(record), isValid: isValid) : .invalid()
    }

    private mutating func call(
        _ expression: Expression, _ function: ExtensionFunction, _ arguments: [Expression], _ known: [Capability]
    )
        -> Typing
    {
        let result = function.resultType
        var isValid = true
        if arguments.count != function.arity {
            problem(
                "argument_count", "`\(function.rawValue)` takes \(function.arity) argument(s), not \(arguments.count)",
                at: expression)
            isValid = false
        }
        if function.isConstructor {
            if let text = arguments.first?.stringLiteral, (try? function.call([.string(text)])) == nil {
                problem(
                    "malformed_literal", "\(StringLiteral.quoted(text.string)) is not a value of type `\(result)`",
                    hint: function.example,
                    at: expression)
                isValid = false
            }
            if mode == .strict, !arguments.allSatisfy(\.isLiteral) {
                problem(
                    "computed_literal", "`\(function.rawValue)` takes a string written out, so that it can be checked now",
                    hint: "let the attribute itself have the type `\(result)`", at: expression)
                isValid = false
            }
        }
        for (index, argument) in arguments.enumerated() {
            let typing = isValid ? expect(argument, [function.argumentType(index)], known) : type(argument, known)
            if !typing.isValid { isValid = false }
        }
        return Typing(result, isValid: isValid)
    }
}

extension Expression {
    fileprivate var isLiteral: Bool { if case .literal = kind { true } else { false } }
    fileprivate var stringLiteral: ExactString? { if case .literal(.string(let text)) = kind { text } else { nil } }
}
