/// What may stand as a name without quotes.
enum Identifier {
    /// Letters, digits and `_`, not starting with a digit, and not a reserved word.
    static func isName(_ text: String) -> Bool { isWord(text) && !Token.reserved.contains(text) }

    /// As ``isName(_:)``, reserved words too.
    static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, Lexer.isLetter(first) else { return false }
        return text.utf8.allSatisfy { Lexer.isLetter($0) || isDigit($0) }
    }
}
