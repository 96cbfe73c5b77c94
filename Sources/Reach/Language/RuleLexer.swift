/// The words and signs of a rule file.
enum RuleToken: Hashable {
    case word(String)
    case variable(String)
    case text(String)
    case sign(Character)
    case end

    var description: String {
        switch self {
        case .word(let word): "`\(word)`"
        case .variable(let name): "`?\(name)`"
        case .text: "a text"
        case .sign(let sign): "`\(sign)`"
        case .end: "the end of the file"
        }
    }
}

/// Cuts a rule file into tokens with their places.
struct RuleLexer {
    private let characters: [Unicode.Scalar]
    private let file: String
    private var next = 0
    private var line = 1
    private var column = 1

    init(_ text: String, file: String) {
        characters = Array(text.unicodeScalars)
        self.file = file
    }

    private var place: Place { Place(file: file, line: line, column: column) }
    private var current: Unicode.Scalar? { next < characters.count ? characters[next] : nil }

    private mutating func advance() {
        if characters[next] == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
        next += 1
    }

    mutating func token() throws(RuleProblem) -> (RuleToken, Place) {
        skipBlanks()
        let start = place
        guard let character = current else { return (.end, start) }
        switch character {
        case "(", ")", ",", ".":
            advance()
            return (.sign(Character(character)), start)
        case "\"": return (.text(try text(from: start)), start)
        case "?":
            advance()
            guard let name = word() else {
                throw RuleProblem(.syntax, "a variable needs a name", at: start, hint: "such as ?who")
            }
            return (.variable(name), start)
        default:
            guard let word = word() else {
                throw RuleProblem(
                    .syntax, "the character U+\(String(character.value, radix: 16, uppercase: true)) can't stand here", at: start)
            }
            return (.word(word), start)
        }
    }

    /// Goes on behind the statement that could not be read.
    mutating func skipStatement() {
        while current != nil {
            // A full stop inside a text or a comment ends nothing.
            do throws(RuleProblem) {
                if try token().0 == .sign(".") { return }
            } catch {
                if current != nil { advance() }
            }
        }
    }

    private mutating func skipBlanks() {
        while let character = current {
            if character == "#" {
                while let inside = current, inside != "\n" { advance() }
            } else if [" ", "\t", "\n", "\r"].contains(character) {
                advance()
            } else {
                return
            }
        }
    }

    /// Letters, digits, `_` and `-`; a full stop between two of them joins a kind's name to its relation's, as in
    /// `directory.member`.
    private mutating func word() -> String? {
        var word = ""
        while let character = current, character.isLetter || (!word.isEmpty && (character.goesOn || isJoint)) {
            word.unicodeScalars.append(character)
            advance()
        }
        return word.isEmpty ? nil : word
    }

    private var isJoint: Bool { current == "." && next + 1 < characters.count && characters[next + 1].isLetter }

    private mutating func text(from start: Place) throws(RuleProblem) -> String {
        advance()
        var text = ""
        while let character = current, character != "\"" {
            if character == "\\" {
                advance()
                guard let escaped = current, escaped == "\"" || escaped == "\\" else {
                    throw RuleProblem(.syntax, "only \\\" and \\\\ are escapes", at: place)
                }
                text.unicodeScalars.append(escaped)
            } else if character.isUnprintable {
                throw RuleProblem(.syntax, "a text has printable characters only, on one line", at: place)
            } else {
                text.unicodeScalars.append(character)
            }
            advance()
        }
        guard current != nil else { throw RuleProblem(.syntax, "the text has no end", at: start) }
        advance()
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var isLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
    fileprivate var goesOn: Bool { ("0"..."9").contains(self) || self == "_" || self == "-" }

    /// Control, format and other characters that nobody sees.
    fileprivate var isUnprintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: true
        default: properties.isDefaultIgnorableCodePoint
        }
    }
}
