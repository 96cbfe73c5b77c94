import StrictJSON

extension Parser {
    mutating func expression() throws(SyntaxError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
        guard take("if") else { return try disjunction() }
        let condition = try expression()
        try expect("then")
        let then = try expression()
        try expect("else")
        return .ifThenElse(condition, then: then, else: try expression())
    }

    /// `operand (symbol operand)*`, to the left, with a bound on its length.
    private mutating func chain(
        _ symbols: [String], _ operand: (inout Parser) throws(SyntaxError) -> Expression,
        _ join: (String, Expression, Expression) -> Expression
    ) throws(SyntaxError) -> Expression {
        var left = try operand(&self)
        var length = 0
        while case .symbol(let symbol) = peek.kind, symbols.contains(symbol) {
            length += 1
            guard length < Self.maximumChain else { throw error("more than \(Self.maximumChain) operands in a row") }
            advance()
            left = join(symbol, left, try operand(&self))
        }
        return left
    }

    private mutating func disjunction() throws(SyntaxError) -> Expression {
        try chain(["||"], { (p: inout Parser) throws(SyntaxError) in try p.conjunction() }, { .or($1, $2) })
    }

    private mutating func conjunction() throws(SyntaxError) -> Expression {
        try chain(["&&"], { (p: inout Parser) throws(SyntaxError) in try p.relation() }, { .and($1, $2) })
    }

    private mutating func sum() throws(SyntaxError) -> Expression {
        try chain(
            ["+", "-"], { (p: inout Parser) throws(SyntaxError) in try p.product() },
            { .binary($0 == "+" ? .add : .subtract, $1, $2) })
    }

    private mutating func product() throws(SyntaxError) -> Expression {
        try chain(["*"], { (p: inout Parser) throws(SyntaxError) in try p.unary() }, { .binary(.multiply, $1, $2) })
    }

    private static let relations: [String: BinaryOperator] = [
        "==": .equal, "!=": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual, "in": .in,
    ]

    private mutating func relation() throws(SyntaxError) -> Expression {
        let left = try sum()
        switch peek.kind {
        case .identifier("has"): return try has(left)
        case .identifier("like"): return try like(left)
        case .identifier("is"): return try isType(left)
        case .symbol(let text), .identifier(let text):
            guard let relation = Self.relations[text] else { return left }
            advance()
            let result = Expression.binary(relation, left, try sum())
            try refuseChainedRelation()
            return result
        default: return left
        }
    }

    private func refuseChainedRelation() throws(SyntaxError) {
        switch peek.kind {
        case .symbol(let text), .identifier(let text):
            guard Self.relations[text] != nil || ["has", "like", "is"].contains(text) else { return }
            throw error("relations don't chain; put one side in parentheses")
        default: return
        }
    }

    /// `a has b.c` stands for `a has b && a.b has c`.
    private mutating func has(_ left: Expression) throws(SyntaxError) -> Expression {
        advance()
        let start = peek
        if case .string = start.kind {
            let attribute = ExactString(try string("an attribute"))
            note(.attribute(attribute), at: start)
            try refuseChainedRelation()
            return .has(left, attribute)
        }
        var subject = left
        var result: Expression?
        repeat {
            let token = peek
            let attribute = ExactString(try name("an attribute"))
            note(.attribute(attribute), at: token)
            let test = Expression.has(subject, attribute)
            result = result.map { .and($0, test) } ?? test
            subject = .attribute(subject, attribute)
        } while take(".")
        try refuseChainedRelation()
        return result ?? left
    }

    private mutating func like(_ left: Expression) throws(SyntaxError) -> Expression {
        advance()
        guard case .string(let raw) = peek.kind else { throw error("expected a pattern in quotes, found \(peek.name)") }
        let pattern = try Unescape.pattern(raw, at: advance().position)
        try refuseChainedRelation()
        return .like(left, pattern)
    }

    private mutating func isType(_ left: Expression) throws(SyntaxError) -> Expression {
        advance()
        let start = peek
        let type = try path()
        note(.entityType(type), at: start)
        let test = Expression.is(left, type)
        let result = take("in") ? Expression.and(test, .binary(.in, left, try sum())) : test
        try refuseChainedRelation()
        return result
    }

    private mutating func unary() throws(SyntaxError) -> Expression {
        guard case .symbol(let symbol) = peek.kind, symbol == "!" || symbol == "-" else { return try member() }
        var count = 0
        while take(symbol) { count += 1 }
        guard count <= 4 else { throw error("at most four `\(symbol)` may stand in a row") }
        var operand: Expression
        if symbol == "-", case .number(let digits) = peek.kind, !followedByAccess {
            operand = .literal(.long(try long("-" + digits)))
            advance()
            count -= 1
        } else {
            operand = try member()
        }
        for _ in 0..<count { operand = .unary(symbol == "!" ? .not : .negate, operand) }
        return operand
    }

    private var followedByAccess: Bool {
        following.kind == .symbol(".") || following.kind == .symbol("[")
    }

    func long(_ digits: String) throws(SyntaxError) -> Int64 {
        guard let value = Int64(digits) else { throw error("`\(digits)` does not fit a 64-bit integer") }
        return value
    }
}
