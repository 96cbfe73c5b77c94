import StrictJSON

extension Parser {
    /// A primary expression and what is taken of it: `.a`, `["a"]`, `.method(…)`.
    mutating func member() throws(SyntaxError) -> Expression {
        var result = try primary()
        var length = 0
        while true {
            length += 1
            guard length < Self.maximumChain else { throw error("more than \(Self.maximumChain) accesses in a row") }
            if take(".") {
                result = try dotAccess(result)
            } else if take("[") {
                let start = peek
                let attribute = ExactString(try string("an attribute"))
                note(.attribute(attribute), at: start)
                try expect("]")
                result = .attribute(result, attribute)
            } else {
                return result
            }
        }
    }

    private mutating func dotAccess(_ receiver: Expression) throws(SyntaxError) -> Expression {
        let start = peek
        let name = try name("an attribute")
        guard take("(") else {
            note(.attribute(ExactString(name)), at: start)
            return .attribute(receiver, ExactString(name))
        }
        return try method(name, receiver, try list(closing: ")"), at: start)
    }

    private static let methods: [String: BinaryOperator] = [
        "contains": .contains, "containsAll": .containsAll, "containsAny": .containsAny,
        "hasTag": .hasTag, "getTag": .getTag,
    ]

    private func method(_ name: String, _ receiver: Expression, _ arguments: [Expression], at start: Token)
        throws(SyntaxError) -> Expression
    {
        func require(_ count: Int) throws(SyntaxError) {
            guard arguments.count == count else {
                throw error("`\(name)` takes \(count) argument(s), not \(arguments.count)", at: start)
            }
        }
        if let operation = Self.methods[name] {
            try require(1)
            return .binary(operation, receiver, arguments[0])
        }
        if name == "isEmpty" {
            try require(0)
            return .unary(.isEmpty, receiver)
        }
        guard let function = ExtensionFunction(rawValue: name) else { throw error("there is no method `\(name)`", at: start) }
        guard !function.isConstructor else { throw error("`\(name)` is a function: write `\(name)(…)`", at: start) }
        return .call(function, [receiver] + arguments)
    }

    private mutating func primary() throws(SyntaxError) -> Expression {
        let start = peek
        switch start.kind {
        case .number(let digits):
            let value = try long(digits)
            advance()
            return .literal(.long(value))
        case .string: return .literal(.string(ExactString(try string("a string"))))
        case .symbol("("):
            advance()
            let inner = try expression()
            try expect(")")
            return inner
        case .symbol("["):
            advance()
            return .set(try list(closing: "]"))
        case .symbol("{"):
            advance()
            return try record()
        case .identifier(let word): return try named(word)
        case .slot(let name): throw error("`\(name)` may stand only in a template's head")
        default: throw error("expected an expression, found \(start.name)")
        }
    }

    /// `true`, a variable, an entity or a function call.
    private mutating func named(_ word: String) throws(SyntaxError) -> Expression {
        if take("true") { return .literal(.bool(true)) }
        if take("false") { return .literal(.bool(false)) }
        let start = peek
        let type = try path()
        if take("::") { return .literal(.entity(try entity(type, start))) }
        if take("(") { return try function(type.string, try list(closing: ")"), at: start) }
        guard let variable = Variable(rawValue: type.string) else {
            throw error("`\(type)` is neither a variable, nor an entity, nor a function", at: start)
        }
        return .variable(variable)
    }

    private func function(_ name: String, _ arguments: [Expression], at start: Token) throws(SyntaxError) -> Expression {
        guard let function = ExtensionFunction(rawValue: name) else { throw error("there is no function `\(name)`", at: start) }
        guard function.isConstructor else { throw error("`\(name)` is a method: write `x.\(name)(…)`", at: start) }
        return .call(function, arguments)
    }

    private mutating func list(closing: String) throws(SyntaxError) -> [Expression] {
        var elements: [Expression] = []
        while !take(closing) {
            elements.append(try expression())
            guard take(",") || peek.kind == .symbol(closing) else {
                throw error("expected `,` or `\(closing)`, found \(peek.name)")
            }
        }
        return elements
    }

    private mutating func record() throws(SyntaxError) -> Expression {
        var members: [(ExactString, Expression)] = []
        while !take("}") {
            let start = peek
            let isString = if case .string = start.kind { true } else { false }
            let key = ExactString(isString ? try string("a name") : try name("a name"))
            guard !members.contains(where: { $0.0 == key }) else { throw error("the record has `\(key)` twice", at: start) }
            try expect(":")
            members.append((key, try expression()))
            guard take(",") || peek.kind == .symbol("}") else { throw error("expected `,` or `}`, found \(peek.name)") }
        }
        return .record(members)
    }
}
