/// One word of a policy text.
struct Token {
    enum Kind: Equatable {
        case identifier(String)
        /// The digits as written.
        case number(String)
        /// The raw text between the quotes, escapes not yet read.
        case string(String)
        case symbol(String)
        case slot(String)
        case end
    }

    let kind: Kind
    let position: SourcePosition

    /// What the token is called in error messages.
    var name: String {
        switch kind {
        case .identifier(let text), .number(let text), .symbol(let text), .slot(let text): "`\(text)`"
        case .string: "a string"
        case .end: "the end of the text"
        }
    }

    static let reserved: Set<String> = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]
}
