import StrictJSON

/// Reads policy texts by recursive descent over the grammar of the Cedar language.
struct Parser {
    /// Deeper nesting, and longer chains of one operator, are refused: both become stack at evaluation.
    static let maximumDepth = 100
    static let maximumChain = 1000

    private let source: String
    private let tokens: [Token]
    private var index = 0
    var depth = 0
    var names: [NameUse] = []

    private init(_ source: String) throws(SyntaxError) {
        self.source = source
        tokens = try Lexer.tokens(of: source)
    }

    /// All policies of the text, with the ids `policy0`, `policy1` and so on, in order.
    static func policies(_ source: String) throws(SyntaxError) -> [Policy] {
        var parser = try Parser(source)
        var policies: [Policy] = []
        while parser.peek.kind != .end { policies.append(try parser.policy("policy\(policies.count)")) }
        return policies
    }

    var peek: Token { tokens[index] }
    var following: Token { tokens[min(index + 1, tokens.count - 1)] }

    @discardableResult
    mutating func advance() -> Token {
        defer { index = min(index + 1, tokens.count - 1) }
        return tokens[index]
    }

    func error(_ message: String, at token: Token? = nil) -> SyntaxError {
        SyntaxError(message: message, position: (token ?? peek).position)
    }

    /// Takes the symbol or word if it comes next.
    mutating func take(_ text: String) -> Bool {
        switch peek.kind {
        case .symbol(text), .identifier(text): advance()
        default: return false
        }
        return true
    }

    mutating func expect(_ text: String) throws(SyntaxError) {
        guard take(text) else { throw error("expected `\(text)`, found \(peek.name)") }
    }

    mutating func note(_ kind: NameUse.Kind, at token: Token) {
        names.append(NameUse(kind: kind, position: token.position))
    }

    // MARK: Policies

    private mutating func policy(_ id: String) throws(SyntaxError) -> Policy {
        names = []
        let first = index
        let annotations = try annotations()
        let effect = try effect()
        try expect("(")
        let principal = try entityScope(.principal)
        try expect(",")
        let action = try actionScope()
        try expect(",")
        let resource = try entityScope(.resource)
        _ = take(",")
        try expect(")")
        let conditions = try conditions()
        try expect(";")
        return Policy(
            id: id, effect: effect, annotations: annotations, source: text(from: first, through: index - 1),
            position: tokens[first].position, names: names, principal: principal, action: action,
            resource: resource, conditions: conditions)
    }

    private mutating func effect() throws(SyntaxError) -> Effect {
        guard case .identifier(let word) = peek.kind, let effect = Effect(rawValue: word) else {
            throw error("expected `permit` or `forbid`, found \(peek.name)")
        }
        advance()
        return effect
    }

    private mutating func annotations() throws(SyntaxError) -> [(name: String, value: String)] {
        var annotations: [(name: String, value: String)] = []
        while take("@") {
            guard case .identifier(let name) = peek.kind else { throw error("an annotation's name should follow `@`") }
            guard !annotations.contains(where: { $0.name == name }) else { throw error("annotation `\(name)` is given twice") }
            advance()
            var value = ""
            if take("(") {
                value = try string("the annotation's value")
                try expect(")")
            }
            annotations.append((name, value))
        }
        return annotations
    }

    private mutating func conditions() throws(SyntaxError) -> [Condition] {
        var conditions: [Condition] = []
        while true {
            let isUnless = peek.kind == .identifier("unless")
            guard take("when") || take("unless") else { return conditions }
            try expect("{")
            conditions.append(Condition(isUnless: isUnless, body: try expression()))
            try expect("}")
        }
    }

    mutating func string(_ what: String) throws(SyntaxError) -> String {
        guard case .string(let raw) = peek.kind else { throw error("expected \(what) in quotes, found \(peek.name)") }
        return try Unescape.string(raw, at: advance().position)
    }

    /// The source between two tokens, both included.
    private func text(from first: Int, through last: Int) -> String {
        let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        let (start, end) = (tokens[first].position, tokens[last].position)
        var out = lines[(start.line - 1)..<end.line].map { String($0) }
        out[out.count - 1] = String(out[out.count - 1].unicodeScalars.prefix(end.column))
        out[0] = String(out[0].unicodeScalars.dropFirst(start.column - 1))
        return out.joined(separator: "\n")
    }
}
