import StrictJSON

/// Walks over the tokens of a text. Both parsers, of policies and of schemas, are built on it.
struct TokenReader {
    private let source: SourceText
    let bytes: [UInt8]
    let tokens: [Token]
    private(set) var index = 0

    init(_ source: SourceText, _ tokens: [Token]) {
        (self.source, bytes) = (source, source.bytes)
        self.tokens = tokens
    }

    var peek: Token { tokens[index] }
    var following: Token { tokens[min(index + 1, tokens.count - 1)] }
    /// The token taken last.
    var previous: Token { tokens[max(index - 1, 0)] }

    @discardableResult
    mutating func advance() -> Token {
        let token = tokens[index]
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    func text(_ token: Token) -> String { String(decoding: bytes[Int(token.start)..<Int(token.end)], as: UTF8.self) }

    func isWord(_ token: Token, _ word: StaticString) -> Bool {
        guard token.kind == .identifier, Int(token.end - token.start) == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { $0.elementsEqual(bytes[Int(token.start)..<Int(token.end)]) }
    }

    func isNext(_ word: StaticString) -> Bool { isWord(peek, word) }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard peek.kind == kind else { return false }
        advance()
        return true
    }

    mutating func take(word: StaticString) -> Bool {
        guard isNext(word) else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: Token.Kind, _ shown: String) throws(Diagnostic) {
        guard take(kind) else { throw error("expected `\(shown)`, found \(name(peek))") }
    }

    mutating func expect(word: StaticString) throws(Diagnostic) {
        guard take(word: word) else { throw error("expected `\(word)`, found \(name(peek))") }
    }

    /// What a token is called in error messages.
    func name(_ token: Token) -> String {
        switch token.kind {
        case .string: "a string"
        case .end: "the end of the text"
        default: "`\(text(token))`"
        }
    }

    private func position(_ offset: Int32) -> SourcePosition { source.position(of: offset) }

    func error(_ message: String, code: String = "text.syntax", hint: String? = nil, at token: Token? = nil) -> Diagnostic {
        error(message, code: code, hint: hint, in: (token ?? peek).range)
    }

    func error(_ message: String, code: String = "text.syntax", hint: String? = nil, in range: SourceRange) -> Diagnostic {
        Diagnostic(code, message, hint: hint, start: position(range.start), end: position(range.end))
    }

    // MARK: Names and strings

    /// An identifier that is not a reserved word.
    mutating func name(_ what: String) throws(Diagnostic) -> String {
        let word = try anyName(what)
        guard !Token.reserved.contains(word) else {
            throw error(
                "`\(word)` is a reserved word and can't be \(what)", code: "text.reserved_word",
                hint: "in a record or an access it may stand in quotes", at: previous)
        }
        return word
    }

    mutating func anyName(_ what: String) throws(Diagnostic) -> String {
        guard peek.kind == .identifier else { throw error("expected \(what), found \(name(peek))") }
        return text(advance())
    }

    mutating func string(_ what: String) throws(Diagnostic) -> String {
        guard peek.kind == .string else { throw error("expected \(what) in quotes, found \(name(peek))") }
        let token = advance()
        let raw = bytes[Int(token.start + 1)..<Int(token.end - 1)]
        guard raw.contains(where: { $0 == UInt8(ascii: "\\") || $0 == 0x0D }) else { return String(decoding: raw, as: UTF8.self) }
        return try unescaped(token) { raw throws(Unescape.Failure) in try Unescape.string(raw) }
    }

    mutating func pattern() throws(Diagnostic) -> Pattern {
        guard peek.kind == .string else { throw error("expected a pattern in quotes, found \(name(peek))") }
        return try unescaped(advance()) { raw throws(Unescape.Failure) in try Unescape.pattern(raw) }
    }

    private func unescaped<T>(_ token: Token, _ read: (String) throws(Unescape.Failure) -> T) throws(Diagnostic) -> T {
        do { return try read(String(decoding: bytes[Int(token.start + 1)..<Int(token.end - 1)], as: UTF8.self)) } catch {
            throw self.error(
                error.message, code: "text.escape",
                hint: #"the escapes are \n \r \t \0 \\ \' \" \xHH \u{H…}, and \* in a pattern"#, at: token)
        }
    }

    /// `A::B::C`; stops before a `::` that a string follows.
    mutating func path(_ what: String = "a name") throws(Diagnostic) -> EntityType {
        var path = try name(what)
        while peek.kind == .doubleColon, following.kind == .identifier {
            advance()
            path += "::" + (try name(what))
        }
        return ExactString(path)
    }
}
