import StrictJSON

extension PolicyParser {
    mutating func expression() throws(Diagnostic) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw reader.error("nested deeper than \(Self.maximumDepth) levels", code: "text.too_deep")
        }
        let start = reader.peek
        guard reader.take(word: "if") else { return try disjunction() }
        let condition = try expression()
        try reader.expect(word: "then")
        let then = try expression()
        try reader.expect(word: "else")
        return try node(.ifThenElse(condition, then: then, else: try expression()), from: start.range)
    }

    /// A node that starts at `start` and ends with the token taken last.
    func node(_ kind: Expression.Kind, from start: SourceRange) throws(Diagnostic) -> Expression {
        let node = Expression(kind, at: SourceRange(start, through: reader.previous.range))
        guard node.height <= Expression.maximumHeight, node.size <= Expression.maximumSize else {
            throw reader.error(Expression.tooLarge, code: "text.too_deep", hint: "split the policy")
        }
        return node
    }

    private mutating func disjunction() throws(Diagnostic) -> Expression {
        let start = reader.peek.range
        var left = try conjunction()
        while reader.take(.or) { left = try node(.or(left, try conjunction()), from: start) }
        return left
    }

    private mutating func conjunction() throws(Diagnostic) -> Expression {
        let start = reader.peek.range
        var left = try relation()
        while reader.take(.and) { left = try node(.and(left, try relation()), from: start) }
        return left
    }

    private mutating func sum() throws(Diagnostic) -> Expression {
        let start = reader.peek.range
        var left = try product()
        while reader.peek.kind == .plus || reader.peek.kind == .minus {
            let operation: BinaryOperator = reader.advance().kind == .plus ? .add : .subtract
            left = try node(.binary(operation, left, try product()), from: start)
        }
        return left
    }

    private mutating func product() throws(Diagnostic) -> Expression {
        let start = reader.peek.range
        var left = try unary()
        while reader.take(.star) { left = try node(.binary(.multiply, left, try unary()), from: start) }
        return left
    }

    private func relation(_ token: Token) -> BinaryOperator? {
        switch token.kind {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .identifier: reader.isWord(token, "in") ? .in : nil
        default: nil
        }
    }

    private mutating func relation() throws(Diagnostic) -> Expression {
        let start = reader.peek.range
        let left = try sum()
        let result: Expression
        if let relation = relation(reader.peek) {
            reader.advance()
            result = try node(.binary(relation, left, try sum()), from: start)
        } else if reader.take(word: "has") {
            result = try has(left, from: start)
        } else if reader.take(word: "like") {
            result = try node(.like(left, try reader.pattern()), from: start)
        } else if reader.take(word: "is") {
            let type = try reader.path("an entity type")
            let group = reader.take(word: "in") ? try sum() : nil
            result = try node(.is(left, type, in: group), from: start)
        } else {
            if reader.peek.kind == .assign {
                throw reader.error("`=` compares nothing", hint: "write `==`")
            }
            return left
        }
        if relation(reader.peek) != nil || reader.isNext("has") || reader.isNext("like") || reader.isNext("is") {
            throw reader.error("relations don't chain", hint: "put one side in parentheses")
        }
        return result
    }

    /// `a has b.c` stands for `a has b && a.b has c`.
    private mutating func has(_ left: Expression, from start: SourceRange) throws(Diagnostic) -> Expression {
        if reader.peek.kind == .string {
            return try node(.has(left, ExactString(try reader.string("an attribute"))), from: start)
        }
        var subject = left
        var result: Expression?
        repeat {
            let attribute = ExactString(try reader.name("an attribute"))
            let test = try node(.has(subject, attribute), from: start)
            if let sofar = result { result = try node(.and(sofar, test), from: start) } else { result = test }
            subject = try node(.attribute(subject, attribute), from: start)
        } while reader.take(.dot)
        return result ?? left
    }

    private mutating func unary() throws(Diagnostic) -> Expression {
        let mark = reader.peek
        guard mark.kind == .not || mark.kind == .minus else { return try member() }
        var marks: [SourceRange] = []
        while reader.peek.kind == mark.kind { marks.append(reader.advance().range) }
        guard marks.count <= 4 else { throw reader.error("at most four `\(reader.text(mark))` may stand in a row", at: mark) }
        var operand: Expression
        if mark.kind == .minus, reader.peek.kind == .number, reader.following.kind != .dot, reader.following.kind != .leftBracket
        {
            let value = try long("-" + reader.text(reader.peek))
            reader.advance()
            operand = try node(.literal(.long(value)), from: marks.removeLast())
        } else {
            operand = try member()
        }
        while let start = marks.popLast() {
            operand = try node(.unary(mark.kind == .not ? .not : .negate, operand), from: start)
        }
        return operand
    }

    func long(_ digits: String) throws(Diagnostic) -> Int64 {
        guard let value = Int64(digits) else {
            throw reader.error(
                "`\(digits)` does not fit a 64-bit integer", code: "text.integer_range",
                hint: "the largest is 9223372036854775807, the smallest -9223372036854775808")
        }
        return value
    }
}
