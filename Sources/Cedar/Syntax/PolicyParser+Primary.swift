import StrictJSON

extension PolicyParser {
    /// A primary expression and what is taken of it: `.a`, `["a"]`, `.method(…)`.
    mutating func member() throws(Diagnostic) -> Expression {
        let start = reader.peek.range
        var result = try primary()
        while true {
            if reader.take(.dot) {
                result = try dotAccess(result, from: start)
            } else if reader.take(.leftBracket) {
                let attribute = ExactString(try reader.string("an attribute"))
                try reader.expect(.rightBracket, "]")
                result = try node(.attribute(result, attribute), from: start)
            } else {
                return result
            }
        }
    }

    private mutating func dotAccess(_ receiver: Expression, from start: SourceRange) throws(Diagnostic) -> Expression {
        let name = try reader.name("an attribute")
        let token = reader.previous
        guard reader.take(.leftParenthesis) else { return try node(.attribute(receiver, ExactString(name)), from: start) }
        let arguments = try list(closing: .rightParenthesis, ")")
        return try node(try method(name, receiver, arguments, at: token), from: start)
    }

    private static let methods: [String: BinaryOperator] = [
        "contains": .contains, "containsAll": .containsAll, "containsAny": .containsAny,
        "hasTag": .hasTag, "getTag": .getTag,
    ]

    private func method(_ name: String, _ receiver: Expression, _ arguments: [Expression], at token: Token)
        throws(Diagnostic) -> Expression.Kind
    {
        func require(_ count: Int) throws(Diagnostic) {
            guard arguments.count == count else {
                throw reader.error(
                    "`\(name)` takes \(count) argument(s), not \(arguments.count)", code: "policy.argument_count", at: token)
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
        guard let function = ExtensionFunction(rawValue: name) else {
            let known =
                Array(Self.methods.keys) + ["isEmpty"] + ExtensionFunction.allCases.filter { !$0.isConstructor }.map(\.rawValue)
            throw reader.error(
                "there is no method `\(name)`", code: "policy.unknown_function",
                hint: Suggestion.nearest(to: name, in: known).map { "did you mean `\($0)`?" }, at: token)
        }
        guard !function.isConstructor else {
            throw reader.error("`\(name)` is a function", code: "policy.unknown_function", hint: "write `\(name)(…)`", at: token)
        }
        return .call(function, [receiver] + arguments)
    }

    private mutating func primary() throws(Diagnostic) -> Expression {
        let start = reader.peek
        switch start.kind {
        case .number:
            let value = try long(reader.text(start))
            reader.advance()
            return try node(.literal(.long(value)), from: start.range)
        case .string: return try node(.literal(.string(ExactString(try reader.string("a string")))), from: start.range)
        case .leftParenthesis:
            reader.advance()
            let inner = try expression()
            try reader.expect(.rightParenthesis, ")")
            return inner
        case .leftBracket:
            reader.advance()
            return try node(.set(try list(closing: .rightBracket, "]")), from: start.range)
        case .leftBrace:
            reader.advance()
            return try node(try record(), from: start.range)
        case .identifier: return try named(start)
        case .slot:
            throw reader.error(
                "`\(reader.text(start))` may stand only in a template's head", code: "policy.wrong_slot",
                hint: "use `\(reader.text(start).dropFirst())` here")
        default: throw reader.error("expected an expression, found \(reader.name(start))")
        }
    }

    /// `true`, a variable, an entity or a function call.
    private mutating func named(_ start: Token) throws(Diagnostic) -> Expression {
        if reader.take(word: "true") { return try node(.literal(.bool(true)), from: start.range) }
        if reader.take(word: "false") { return try node(.literal(.bool(false)), from: start.range) }
        let type = try reader.path()
        if reader.take(.doubleColon) {
            let id = ExactString(try reader.string("the entity's id"))
            return try node(.literal(.entity(EntityUID(type: type, id: id))), from: start.range)
        }
        if reader.take(.leftParenthesis) {
            let arguments = try list(closing: .rightParenthesis, ")")
            return try node(try function(type.string, arguments, at: start), from: start.range)
        }
        guard let variable = Variable(rawValue: type.string) else {
            throw reader.error(
                "`\(type)` is neither a variable, nor an entity, nor a function", code: "policy.unknown_name",
                hint: Suggestion.nearest(to: type.string, in: Variable.allCases.map(\.rawValue)).map { "did you mean `\($0)`?" },
                at: start)
        }
        return try node(.variable(variable), from: start.range)
    }

    private func function(_ name: String, _ arguments: [Expression], at start: Token) throws(Diagnostic) -> Expression.Kind {
        guard let function = ExtensionFunction(rawValue: name) else {
            throw reader.error(
                "there is no function `\(name)`", code: "policy.unknown_function",
                hint: "the functions are ip, decimal, datetime and duration", at: start)
        }
        guard function.isConstructor else {
            throw reader.error("`\(name)` is a method", code: "policy.unknown_function", hint: "write `x.\(name)(…)`", at: start)
        }
        return .call(function, arguments)
    }

    private mutating func list(closing: Token.Kind, _ shown: String) throws(Diagnostic) -> [Expression] {
        var elements: [Expression] = []
        while !reader.take(closing) {
            elements.append(try expression())
            try separator(closing, shown)
        }
        return elements
    }

    private mutating func record() throws(Diagnostic) -> Expression.Kind {
        var members: [(ExactString, Expression)] = []
        var names: Set<ExactString> = []
        while !reader.take(.rightBrace) {
            let start = reader.peek
            let key = ExactString(start.kind == .string ? try reader.string("a name") : try reader.name("a name"))
            guard names.insert(key).inserted else {
                throw reader.error("the record has `\(key)` twice", code: "policy.duplicate_key", at: start)
            }
            try reader.expect(.colon, ":")
            members.append((key, try expression()))
            try separator(.rightBrace, "}")
        }
        return .record(members)
    }
}
