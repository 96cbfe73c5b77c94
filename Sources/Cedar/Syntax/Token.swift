/// One word of a policy or schema text, as a range of its bytes.
struct Token {
    enum Kind: UInt8 {
        case identifier, number, string, slot, end
        case at, dot, comma, semicolon, colon, doubleColon, assign, question
        case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        case and, or, not, plus, minus, star
    }

    let kind: Kind
    let start: Int32
    let end: Int32

    var range: SourceRange { SourceRange(start: start, end: end) }

    /// Words that are operators or literals and so can't be names.
    static let reserved: Set<String> = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]
}
