/// Cuts a policy or schema text into tokens. Works on bytes: every mark of the language is ASCII.
struct Lexer {
    private let text: SourceText
    private let bytes: [UInt8]
    private var index = 0
    private(set) var comments: [SourceRange] = []
    private var problems: [Diagnostic] = []

    private init(_ text: SourceText) { (self.text, bytes) = (text, text.bytes) }

    /// The tokens, the last of them the end, and the comments between them.
    static func tokens(of text: SourceText) -> (tokens: [Token], comments: [SourceRange], problems: [Diagnostic]) {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        tokens.reserveCapacity(text.bytes.count / 4)
        while let token = lexer.next() { tokens.append(token) }
        let end = Int32(text.bytes.count)
        tokens.append(Token(kind: .end, start: end, end: end))
        return (tokens, lexer.comments, lexer.problems)
    }

    private mutating func next() -> Token? {
        while true {
            skipSpaceAndComments()
            guard index < bytes.count else { return nil }
            let start = index
            if let kind = take() { return Token(kind: kind, start: Int32(start), end: Int32(index)) }
        }
    }

    private mutating func skipSpaceAndComments() {
        while index < bytes.count {
            let width = spaceWidth
            if width > 0 {
                index += width
            } else if bytes[index] == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
                let start = index
                while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
                comments.append(SourceRange(start: Int32(start), end: Int32(index)))
            } else {
                return
            }
        }
    }

    private func peek(_ ahead: Int) -> UInt8 { index + ahead < bytes.count ? bytes[index + ahead] : 0 }

    /// How many bytes of white space (Unicode `White_Space`) stand here: one character, or none.
    private var spaceWidth: Int {
        switch bytes[index] {
        case 0x09...0x0D, 0x20: 1
        case 0xC2: peek(1) == 0x85 || peek(1) == 0xA0 ? 2 : 0
        case 0xE1: peek(1) == 0x9A && peek(2) == 0x80 ? 3 : 0
        case 0xE2:
            switch (peek(1), peek(2)) {
            case (0x80, 0x80...0x8A), (0x80, 0xA8), (0x80, 0xA9), (0x80, 0xAF), (0x81, 0x9F): 3
            default: 0
            }
        case 0xE3: peek(1) == 0x80 && peek(2) == 0x80 ? 3 : 0
        default: 0
        }
    }

    /// Takes one token; nil when what stands here is none, which is then noted and passed over.
    private mutating func take() -> Token.Kind? {
        let byte = bytes[index]
        if Self.isLetter(byte) {
            while index < bytes.count, Self.isLetter(bytes[index]) || isDigit(bytes[index]) { index += 1 }
            return .identifier
        }
        if isDigit(byte) {
            while index < bytes.count, isDigit(bytes[index]) { index += 1 }
            return .number
        }
        if byte == UInt8(ascii: "\"") { return string() }
        if byte == UInt8(ascii: "?"), Self.isLetter(peek(1)) {
            index += 1
            while index < bytes.count, Self.isLetter(bytes[index]) || isDigit(bytes[index]) { index += 1 }
            return .slot
        }
        return mark(byte)
    }

    /// A string may hold line ends, but a backslash may not stand before one.
    private mutating func string() -> Token.Kind? {
        let start = index
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") && peek(1) != 0x0A ? 2 : 1
        }
        guard index < bytes.count else {
            index = bytes.count
            problem("text.open_string", "this string is never closed", at: start, hint: "end it with `\"`")
            return nil
        }
        index += 1
        return .string
    }

    private static let pairs: [(first: UInt8, second: UInt8, kind: Token.Kind)] = [
        (0x3A, 0x3A, .doubleColon), (0x3D, 0x3D, .equal), (0x21, 0x3D, .notEqual), (0x3C, 0x3D, .lessOrEqual),
        (0x3E, 0x3D, .greaterOrEqual), (0x26, 0x26, .and), (0x7C, 0x7C, .or),
    ]

    private mutating func mark(_ byte: UInt8) -> Token.Kind? {
        let second = peek(1)
        for pair in Self.pairs where pair.first == byte && pair.second == second {
            index += 2
            return pair.kind
        }
        index += 1
        switch byte {
        case UInt8(ascii: "@"): return .at
        case UInt8(ascii: "."): return .dot
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: ";"): return .semicolon
        case UInt8(ascii: ":"): return .colon
        case UInt8(ascii: "="): return .assign
        case UInt8(ascii: "?"): return .question
        case UInt8(ascii: "("): return .leftParenthesis
        case UInt8(ascii: ")"): return .rightParenthesis
        case UInt8(ascii: "["): return .leftBracket
        case UInt8(ascii: "]"): return .rightBracket
        case UInt8(ascii: "{"): return .leftBrace
        case UInt8(ascii: "}"): return .rightBrace
        case UInt8(ascii: "<"): return .less
        case UInt8(ascii: ">"): return .greater
        case UInt8(ascii: "!"): return .not
        case UInt8(ascii: "+"): return .plus
        case UInt8(ascii: "-"): return .minus
        case UInt8(ascii: "*"): return .star
        default:
            while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
            let text = String(decoding: bytes[(index - 1)..<index], as: UTF8.self)
            let shown = byte < 0x80 ? "`\(StringLiteral.quoted(text).dropFirst().dropLast())`" : "this character"
            problem("text.stray_character", "\(shown) has no meaning here", at: index - 1)
            return nil
        }
    }

    private mutating func problem(_ code: String, _ message: String, at start: Int, hint: String? = nil) {
        problems.append(
            Diagnostic(
                code, message, hint: hint, start: text.position(of: Int32(start)),
                end: text.position(of: Int32(index))))
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
