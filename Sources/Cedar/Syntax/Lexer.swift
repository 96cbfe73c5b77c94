/// Cuts a policy text into tokens.
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    static func tokens(of text: String) throws(SyntaxError) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
    private var position: SourcePosition { SourcePosition(line: line, column: column) }

    private mutating func advance() {
        if scalars[index] == "\n" {
            line += 1
            column = 1
        } else {
            column += 1
        }
        index += 1
    }

    private mutating func next() throws(SyntaxError) -> Token {
        skipSpaceAndComments()
        let start = position
        guard let scalar = peek else { return Token(kind: .end, position: start) }
        let kind: Token.Kind =
            switch scalar {
            case _ where Self.isLetter(scalar): .identifier(take(while: Self.isWord))
            case _ where Self.isDigit(scalar): .number(take(while: Self.isDigit))
            case "\"": .string(try string(start))
            case "?": .slot(try slot(start))
            default: .symbol(try symbol(start))
            }
        return Token(kind: kind, position: start)
    }

    private mutating func skipSpaceAndComments() {
        while let scalar = peek {
            if scalar.properties.isPatternWhitespace || scalar.properties.isWhitespace {
                advance()
            } else if scalar == "/", index + 1 < scalars.count, scalars[index + 1] == "/" {
                while peek.map({ $0 != "\n" }) == true { advance() }
            } else {
                return
            }
        }
    }

    private mutating func take(while accepts: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = peek, accepts(scalar) {
            text.append(scalar)
            advance()
        }
        return String(text)
    }

    private mutating func string(_ start: SourcePosition) throws(SyntaxError) -> String {
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = peek, scalar != "\"" {
            text.append(scalar)
            advance()
            if scalar == "\\", let escaped = peek {
                text.append(escaped)
                advance()
            }
        }
        guard peek != nil else { throw SyntaxError(message: "this string is never closed", position: start) }
        advance()
        return String(text)
    }

    private mutating func slot(_ start: SourcePosition) throws(SyntaxError) -> String {
        advance()
        let name = take(while: Self.isWord)
        guard !name.isEmpty else { throw SyntaxError(message: "a slot's name should follow `?`", position: start) }
        return "?" + name
    }

    private static let symbols = ["::", "==", "!=", "<=", ">=", "&&", "||"]
    private static let single = Set("@.,;:()[]{}<>!-+*".unicodeScalars)

    private mutating func symbol(_ start: SourcePosition) throws(SyntaxError) -> String {
        let pair = scalars[index...].prefix(2).reduce(into: "") { $0.unicodeScalars.append($1) }
        if Self.symbols.contains(pair) {
            advance()
            advance()
            return pair
        }
        let scalar = scalars[index]
        guard Self.single.contains(scalar) else {
            throw SyntaxError(
                message: "`\(StringLiteral.quoted(String(Character(scalar))).dropFirst().dropLast())` has no meaning here",
                position: start)
        }
        advance()
        return String(Character(scalar))
    }

    static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }
    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    static func isWord(_ scalar: Unicode.Scalar) -> Bool { isLetter(scalar) || isDigit(scalar) }
}
