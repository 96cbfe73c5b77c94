import StrictJSON

/// Writes policies as Cedar text. Reading the text gives the same policy again, so this is also how a policy that
/// came as JSON is shown; for texts that people wrote there is ``Formatter``, which keeps their comments.
enum PolicyWriter {
    static func text(_ policy: Policy) -> String {
        let annotations = policy.annotations.map { annotation in
            "@\(annotation.name)" + (annotation.value.map { "(\(StringLiteral.quoted($0)))" } ?? "") + "\n"
        }
        let head = "\(scope("principal", policy.principal)), \(action(policy.action)), \(scope("resource", policy.resource))"
        let conditions = policy.conditions.map { "\n\($0.isUnless ? "unless" : "when") { \(text($0.body)) }" }
        return annotations.joined() + "\(policy.effect.rawValue) (\(head))" + conditions.joined() + ";"
    }

    private static func scope(_ variable: String, _ constraint: ScopeConstraint) -> String {
        switch constraint.kind {
        case .any: variable
        case .equal(let reference): "\(variable) == \(text(reference))"
        case .in(let reference): "\(variable) in \(text(reference))"
        case .is(let type): "\(variable) is \(type)"
        case .isIn(let type, let reference): "\(variable) is \(type) in \(text(reference))"
        }
    }

    private static func action(_ constraint: ActionConstraint) -> String {
        switch constraint {
        case .any: "action"
        case .equal(let reference): "action == \(text(reference))"
        case .in(let references):
            references.count == 1
                ? "action in \(text(references[0]))" : "action in [\(references.map(text).joined(separator: ", "))]"
        }
    }

    private static func text(_ reference: EntityReference) -> String {
        switch reference.kind {
        case .entity(let uid): uid.description
        case .slot(let slot): slot.rawValue
        }
    }

    // MARK: Expressions

    /// How tightly an expression binds; one that binds more loosely than its place asks gets parentheses.
    private enum Binding: Int {
        case conditional, or, and, relation, sum, product, unary, member
    }

    static func text(_ expression: Expression) -> String { text(expression, .conditional) }

    private static func text(_ expression: Expression, _ least: Binding) -> String {
        let written = bare(expression)
        return binding(expression).rawValue < least.rawValue ? "(\(written))" : written
    }

    private static func binding(_ expression: Expression) -> Binding {
        switch expression.kind {
        case .ifThenElse: .conditional
        case .or: .or
        case .and: .and
        case .has, .like, .is: .relation
        case .unary(.isEmpty, _): .member
        case .unary: .unary
        case .literal(.long(let value)): value < 0 ? .unary : .member
        case .binary(let operation, _, _): binding(operation)
        default: .member
        }
    }

    private static func binding(_ operation: BinaryOperator) -> Binding {
        switch operation {
        case .add, .subtract: .sum
        case .multiply: .product
        case .contains, .containsAll, .containsAny, .hasTag, .getTag: .member
        default: .relation
        }
    }

    private static func bare(_ expression: Expression) -> String {
        switch expression.kind {
        case .literal(let value): literal(value)
        case .variable(let variable): variable.rawValue
        case .and(let a, let b): "\(text(a, .and)) && \(text(b, .relation))"
        case .or(let a, let b): "\(text(a, .or)) || \(text(b, .and))"
        case .ifThenElse(let test, let then, let otherwise): "if \(text(test)) then \(text(then)) else \(text(otherwise))"
        case .unary(.isEmpty, let a): "\(text(a, .member)).isEmpty()"
        case .unary(.not, let a): "!\(text(a, .member))"
        case .unary(.negate, let a): if case .literal = a.kind { "-(\(text(a)))" } else { "-\(text(a, .member))" }
        case .binary(let operation, let a, let b): binary(operation, a, b)
        case .attribute(let a, let name): text(a, .member) + access(name)
        case .has(let a, let name): "\(text(a, .sum)) has \(key(name))"
        case .like(let a, let pattern): "\(text(a, .sum)) like \(pattern.text)"
        case .is(let a, let type, let group): "\(text(a, .sum)) is \(type)" + (group.map { " in \(text($0, .sum))" } ?? "")
        case .set(let elements): "[\(elements.map { text($0) }.joined(separator: ", "))]"
        case .record(let members): "{\(members.map { "\(key($0.0)): \(text($0.1))" }.joined(separator: ", "))}"
        case .call(let function, let arguments): call(function, arguments)
        }
    }

    private static func binary(_ operation: BinaryOperator, _ a: Expression, _ b: Expression) -> String {
        switch binding(operation) {
        case .member: "\(text(a, .member)).\(operation.rawValue)(\(text(b)))"
        case .sum: "\(text(a, .sum)) \(operation.rawValue) \(text(b, .product))"
        case .product: "\(text(a, .product)) * \(text(b, .unary))"
        default: "\(text(a, .sum)) \(operation.rawValue) \(text(b, .sum))"
        }
    }

    private static func call(_ function: ExtensionFunction, _ arguments: [Expression]) -> String {
        if function.isConstructor { return "\(function.rawValue)(\(arguments.map { text($0) }.joined(separator: ", ")))" }
        let rest = arguments.dropFirst().map { text($0) }.joined(separator: ", ")
        return "\(arguments.first.map { text($0, .member) } ?? "").\(function.rawValue)(\(rest))"
    }

    private static func access(_ name: ExactString) -> String {
        Identifier.isName(name.string) ? ".\(name)" : "[\(StringLiteral.quoted(name.string))]"
    }

    static func key(_ name: ExactString) -> String {
        Identifier.isName(name.string) ? name.string : StringLiteral.quoted(name.string)
    }

    private static func literal(_ value: Value) -> String {
        switch value {
        case .bool(let flag): String(flag)
        case .long(let long): String(long)
        case .string(let string): StringLiteral.quoted(string.string)
        case .entity(let uid): uid.description
        default: text(Expression(value))
        }
    }
}

extension Pattern {
    /// As a Cedar literal.
    var text: String {
        let pieces = elements.map { element in
            switch element {
            case .wildcard: "*"
            case .scalar("*"): "\\*"
            case .scalar(let scalar): String(StringLiteral.quoted(String(Character(scalar))).dropFirst().dropLast())
            }
        }
        return "\"\(pieces.joined())\""
    }
}

extension Expression {
    /// The expression that evaluates to the value: a literal, or built of literals.
    convenience init(_ value: Value, at range: SourceRange = .none) {
        func text(_ string: String) -> Expression { Expression(.literal(.string(ExactString(string)))) }
        switch value {
        case .bool, .long, .string, .entity: self.init(.literal(value), at: range)
        case .set(let elements):
            let ordered = elements.map { Expression($0) }.sorted {
                PolicyWriter.text($0).utf8.lexicographicallyPrecedes(PolicyWriter.text($1).utf8)
            }
            self.init(.set(ordered), at: range)
        case .record(let members):
            self.init(.record(members.sorted { $0.key < $1.key }.map { ($0.key, Expression($0.value)) }), at: range)
        case .decimal(let decimal): self.init(.call(.decimal, [text(decimal.text)]), at: range)
        case .ip(let ip): self.init(.call(.ip, [text(ip.text)]), at: range)
        case .duration(let duration): self.init(.call(.duration, [text("\(duration.milliseconds)ms")]), at: range)
        case .datetime(let datetime):
            let epoch = Expression(.call(.datetime, [text("1970-01-01")]))
            self.init(.call(.offset, [epoch, Expression(.duration(Duration(milliseconds: datetime.milliseconds)))]), at: range)
        }
    }
}

extension PolicySet {
    /// The static policies and templates as Cedar text, in order. Links can't be written as text.
    public var written: String { (staticPolicies + templates).map(\.written).joined(separator: "\n\n") }
}

extension Policy {
    /// The policy as Cedar text, without the comments it may have been read with.
    public var written: String { PolicyWriter.text(self) }
}
