/// Lays out policy texts in one way. What it writes are the words of the text itself, in their order, with other white
/// space between them: so the meaning can't change, comments stay, and laying out twice changes nothing.
public enum Formatter {
    /// Lays out a text; lines are broken to be no longer than `width`, where they can be.
    ///
    /// - Throws: ``Diagnostics`` when the text is not one of policies.
    public static func format(_ text: String, width: Int = 100) throws(Diagnostics) -> String {
        _ = try PolicyParser.policies(text)
        let source = SourceText(text)
        let lexed = Lexer.tokens(of: source)
        var reader = LayoutReader(source, lexed.tokens, lexed.comments)
        return LayoutWriter.write(reader.policies(), limit: width)
    }
}

/// Reads the words of a text that is known to be well formed, and says where lines may break between them.
private struct LayoutReader {
    private let bytes: [UInt8]
    private let comments: [SourceRange]
    private var nextComment = 0
    private var words: TokenReader

    init(_ source: SourceText, _ tokens: [Token], _ comments: [SourceRange]) {
        bytes = source.bytes
        self.comments = comments
        words = TokenReader(source, tokens)
    }

    private var peek: Token { words.peek }

    // MARK: Words and comments

    private func text(_ range: SourceRange) -> String {
        String(decoding: bytes[Int(range.start)..<Int(range.end)], as: UTF8.self)
    }

    private func hasLineEnd(_ start: Int32, _ end: Int32) -> Bool {
        bytes[Int(start)..<Int(end)].contains { $0 == 0x0A || $0 == 0x0D }
    }

    private func comment(_ range: SourceRange, isOwnLine: Bool) -> Layout {
        var text = text(range)
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text.unicodeScalars.removeLast() }
        return .comment(text, isOwnLine: isOwnLine)
    }

    /// The comments before the next word.
    private mutating func leading() -> [Layout] {
        var parts: [Layout] = []
        while nextComment < comments.count, comments[nextComment].end <= peek.start {
            parts.append(comment(comments[nextComment], isOwnLine: true))
            nextComment += 1
        }
        return parts
    }

    /// The next word, with the comments before it and the one after it on its line.
    private mutating func word() -> Layout {
        var parts = leading()
        let token = words.advance()
        parts.append(.text(text(token.range)))
        if nextComment < comments.count, comments[nextComment].end <= peek.start,
            !hasLineEnd(token.end, comments[nextComment].start)
        {
            parts.append(comment(comments[nextComment], isOwnLine: false))
            nextComment += 1
        }
        return parts.count == 1 ? parts[0] : .joined(parts)
    }

    private mutating func words(_ count: Int) -> Layout { .joined((0..<count).map { _ in word() }) }

    private func isNext(_ kinds: Token.Kind...) -> Bool { kinds.contains(peek.kind) }

    // MARK: Policies

    mutating func policies() -> Layout {
        var parts: [Layout] = []
        while !isNext(.end) {
            parts += spaced(isFirst: parts.isEmpty)
            parts.append(policy())
        }
        parts += spaced(isFirst: parts.isEmpty, isLast: true)
        return .joined(parts)
    }

    /// The comments between policies, with a blank line before the policy, and where the author left one.
    private mutating func spaced(isFirst: Bool, isLast: Bool = false) -> [Layout] {
        var parts: [Layout] = []
        var end = words.previous.end
        while nextComment < comments.count, comments[nextComment].end <= peek.start {
            let range = comments[nextComment]
            let gap = nextComment == 0 && isFirst ? 0 : lineEnds(end, range.start)
            parts.append(parts.isEmpty && !isFirst ? .blankLine : gap > 1 ? .blankLine : .lineEnd)
            parts.append(comment(range, isOwnLine: true))
            end = range.end
            nextComment += 1
        }
        if isLast { return parts }
        let gap = parts.isEmpty ? 2 : lineEnds(end, peek.start)
        if !(isFirst && parts.isEmpty) { parts.append(gap > 1 ? .blankLine : .lineEnd) }
        return parts
    }

    /// How many line ends there are, `\r\n` being one.
    private func lineEnds(_ start: Int32, _ end: Int32) -> Int {
        let between = bytes[Int(max(0, start))..<Int(end)]
        return max(between.count { $0 == 0x0A }, between.count { $0 == 0x0D })
    }

    private mutating func policy() -> Layout {
        var parts: [Layout] = []
        while isNext(.at) {
            parts.append(words(2))
            if isNext(.leftParenthesis) { parts.append(words(3)) }
            parts.append(.lineEnd)
        }
        parts += [word(), .text(" ")]
        let open = word()
        var scope: [Layout] = [.softLine]
        while !isNext(.rightParenthesis) {
            scope.append(constraint())
            if isNext(.comma) { scope.append(word()) }
            if !isNext(.rightParenthesis) { scope.append(.line) }
        }
        parts.append(.group(open, .indented(.joined(scope)), .softLine, word()))
        while !isNext(.semicolon) {
            parts += [.lineEnd, word(), .text(" ")]
            let brace = word()
            let body = expression()
            parts.append(.group(brace, .indented(.joined(.line, body)), .line, word()))
        }
        parts.append(word())
        return .joined(parts)
    }

    /// `principal is T in G::"x"`, without the comma.
    private mutating func constraint() -> Layout {
        var parts = [word()]
        while !isNext(.comma, .rightParenthesis) {
            parts += [.text(" "), word(), .text(" ")]
            parts.append(isNext(.leftBracket) ? list(.rightBracket) : path())
        }
        return .joined(parts)
    }

    private mutating func path() -> Layout {
        var parts = [word()]
        while isNext(.doubleColon) { parts += [word(), word()] }
        return .joined(parts)
    }

    // MARK: Expressions

    private mutating func expression() -> Layout {
        guard words.isNext("if") else { return chain([.or]) { $0.chain([.and]) { $0.relation() } } }
        let test = Layout.joined(word(), .text(" "), expression())
        let then = Layout.joined(word(), .text(" "), expression())
        return .group(test, .line, then, .line, word(), .text(" "), expression())
    }

    private mutating func chain(_ marks: [Token.Kind], _ operand: (inout LayoutReader) -> Layout) -> Layout {
        let first = operand(&self)
        guard marks.contains(peek.kind) else { return first }
        var parts = [first]
        while marks.contains(peek.kind) {
            parts += [.text(" "), word(), .line]
            parts.append(operand(&self))
        }
        return .group(.joined(parts))
    }

    private mutating func relation() -> Layout {
        var parts = [sum()]
        while isNext(.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual) || words.isNext("in")
            || words.isNext("has")
            || words.isNext("like") || words.isNext("is")
        {
            let isType = words.isNext("is")
            parts += [.text(" "), word(), .text(" ")]
            parts.append(isType ? path() : sum())
        }
        return .joined(parts)
    }

    private mutating func sum() -> Layout {
        chain([.plus, .minus]) { $0.chain([.star]) { $0.unary() } }
    }

    private mutating func unary() -> Layout {
        var parts: [Layout] = []
        while isNext(.not, .minus) { parts.append(word()) }
        parts.append(member())
        return .joined(parts)
    }

    private mutating func member() -> Layout {
        var parts = [primary()]
        while true {
            if isNext(.dot) {
                parts.append(words(2))
            } else if isNext(.leftBracket) {
                parts.append(words(3))
            } else if isNext(.leftParenthesis) {
                parts.append(list(.rightParenthesis))
            } else {
                return .joined(parts)
            }
        }
    }

    private mutating func primary() -> Layout {
        switch peek.kind {
        case .leftParenthesis:
            let open = word()
            let inner = expression()
            return .group(open, .indented(.joined(.softLine, inner)), .softLine, word())
        case .leftBracket: return list(.rightBracket)
        case .leftBrace: return list(.rightBrace)
        default: return path()
        }
    }

    /// `[a, b]`, `(a, b)` or `{a: b}`.
    private mutating func list(_ closing: Token.Kind) -> Layout {
        let open = word()
        if isNext(closing) { return .joined(open, word()) }
        var parts: [Layout] = [.softLine]
        while !isNext(closing) {
            if closing == .rightBrace { parts += [word(), word(), .text(" ")] }
            parts.append(expression())
            if isNext(.comma) { parts.append(word()) }
            if !isNext(closing) { parts.append(.line) }
        }
        return .group(open, .indented(.joined(parts)), .softLine, word())
    }
}
