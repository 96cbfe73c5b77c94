/// Reads a rule file's statements; what can't be read is noted, and reading goes on behind it.
struct RuleParser {
    static let longestFile = 1 << 20
    static let mostConditions = 8
    private static let reserved: Set<String> = ["relation", "restriction", "if", "and", "not", "because", "source"]

    private var lexer: RuleLexer
    private var token: RuleToken = .end
    private var place: Place
    private(set) var statements: [RuleStatement] = []
    private(set) var problems: [RuleProblem] = []

    init(_ text: String, file: String) {
        lexer = RuleLexer(text, file: file)
        place = Place(file: file, line: 1, column: 1)
        guard text.utf8.count <= Self.longestFile else {
            problems = [RuleProblem(.limit, "a rule file has up to 1 MiB", at: place, hint: "split it")]
            return
        }
        guard text.unicodeScalars.first != "\u{FEFF}" else {
            problems = [RuleProblem(.syntax, "the file begins with a byte order mark", at: place, hint: "save it without one")]
            return
        }
        readAll()
    }

    private mutating func readAll() {
        while true {
            do throws(RuleProblem) {
                try advance()
                if token == .end { return }
                statements.append(try statement())
            } catch {
                problems.append(error)
                if token != .sign(".") { lexer.skipStatement() }
            }
        }
    }

    private mutating func advance() throws(RuleProblem) {
        token = .end
        (token, place) = try lexer.token()
    }

    private mutating func statement() throws(RuleProblem) -> RuleStatement {
        switch token {
        case .word("relation"): return try declaration(isRestriction: false)
        case .word("restriction"): return try declaration(isRestriction: true)
        default:
            let head = try atom()
            if token == .word("if") { return .rule(try rule(head)) }
            try end()
            guard head.variables.isEmpty else {
                throw RuleProblem(.unbound, "a fact has no variables", at: head.place, hint: "a rule goes on with `if`")
            }
            return .fact(head)
        }
    }

    private mutating func declaration(isRestriction: Bool) throws(RuleProblem) -> RuleStatement {
        try advance()
        let start = place
        let name = try self.name()
        try expect("(")
        var words = [try word()]
        while token == .sign(",") {
            try advance()
            words.append(try word())
        }
        try expect(")")
        guard words.count <= 2 else { throw RuleProblem(.arity, "`\(name)` has one or two places", at: start) }
        var reading: String?
        if case .text(let text) = token {
            reading = text
            try advance()
        }
        try end()
        return .relation(Relation(name: name, words: words, reading: reading, isRestriction: isRestriction), start)
    }

    private mutating func rule(_ head: Atom) throws(RuleProblem) -> WrittenRule {
        var body: [Atom] = []
        repeat {
            try advance()
            body.append(try condition())
        } while token == .word("and")
        guard body.count <= Self.mostConditions else {
            throw RuleProblem(.limit, "a rule has up to \(Self.mostConditions) conditions", at: head.place)
        }
        let because = try clause("because")
        let source = try clause("source")
        try end()
        return WrittenRule(head: head, body: body, because: because, source: source)
    }

    private mutating func condition() throws(RuleProblem) -> Atom {
        guard token == .word("not") else { return try atom() }
        try advance()
        return try atom(isNegated: true)
    }

    private mutating func clause(_ word: String) throws(RuleProblem) -> String? {
        guard token == .word(word) else { return nil }
        try advance()
        guard case .text(let text) = token else { throw unexpected("a text") }
        try advance()
        return text
    }

    private mutating func atom(isNegated: Bool = false) throws(RuleProblem) -> Atom {
        let start = place
        let name = try self.name()
        try expect("(")
        var terms = [try self.term()]
        while token == .sign(",") {
            try advance()
            terms.append(try self.term())
        }
        try expect(")")
        return Atom(relation: name, terms: terms, isNegated: isNegated, place: start)
    }

    private mutating func term() throws(RuleProblem) -> Term {
        let term: Term
        switch token {
        case .variable(let name): term = .variable(name)
        case .text(let name): term = .node(name)
        default: throw unexpected("a variable such as ?who, or a node's name in quotes")
        }
        try advance()
        return term
    }

    private mutating func name() throws(RuleProblem) -> String {
        guard case .word(let word) = token, !Self.reserved.contains(word) else { throw unexpected("a name") }
        try advance()
        return word
    }

    /// What a place is called: a keyword will do.
    private mutating func word() throws(RuleProblem) -> String {
        guard case .word(let word) = token else { throw unexpected("a word") }
        try advance()
        return word
    }

    private mutating func expect(_ sign: Character) throws(RuleProblem) {
        guard token == .sign(sign) else { throw unexpected("`\(sign)`") }
        try advance()
    }

    /// The full stop. The token behind it is not read yet.
    private func end() throws(RuleProblem) {
        guard token == .sign(".") else { throw unexpected("`.`, the end of the statement") }
    }

    private func unexpected(_ wanted: String) -> RuleProblem {
        RuleProblem(.syntax, "\(wanted) belongs here, not \(token.description)", at: place)
    }
}
