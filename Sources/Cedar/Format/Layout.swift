/// A text that can be laid out on one line or on several (after Wadler, "A prettier printer", 1998).
struct Layout: Sendable {
    enum Kind: Sendable {
        case text(String)
        /// A space, or a line end where the group around it is broken; without `isSpace`, nothing or a line end.
        case line(isSpace: Bool)
        case lineEnd
        case blankLine
        case joined([Layout])
        indirect case indented(Layout)
        indirect case group(Layout)
        /// A line comment; `isOwnLine` when it does not follow what it stands after on the same line.
        case comment(String, isOwnLine: Bool)
    }

    let kind: Kind
    /// How long it is on one line; nil when it can't be on one.
    let width: Int?

    private init(_ kind: Kind, _ width: Int?) {
        self.kind = kind
        self.width = width
    }

    static let lineEnd = Layout(.lineEnd, nil)
    static let blankLine = Layout(.blankLine, nil)
    static let line = Layout(.line(isSpace: true), 1)
    static let softLine = Layout(.line(isSpace: false), 0)

    static func text(_ text: String) -> Layout {
        let isOneLine = !text.utf8.contains(0x0A)
        return Layout(.text(text), isOneLine ? text.unicodeScalars.count : nil)
    }
    static func comment(_ text: String, isOwnLine: Bool) -> Layout { Layout(.comment(text, isOwnLine: isOwnLine), nil) }
    static func indented(_ inner: Layout) -> Layout { Layout(.indented(inner), inner.width) }
    static func group(_ parts: Layout...) -> Layout {
        let inner = joined(parts)
        return Layout(.group(inner), inner.width)
    }

    static func joined(_ parts: [Layout]) -> Layout {
        var width: Int? = 0
        for part in parts { width = width.flatMap { sofar in part.width.map { sofar + $0 } } }
        return Layout(.joined(parts), width)
    }

    static func joined(_ parts: Layout...) -> Layout { joined(parts) }
}

/// Writes a layout, breaking the groups that don't fit.
struct LayoutWriter {
    private let limit: Int
    private var out = ""
    private var column = 0
    /// A line end that must come before anything else is written.
    private var pending = false

    init(limit: Int) { self.limit = limit }

    static func write(_ layout: Layout, limit: Int) -> String {
        var writer = LayoutWriter(limit: limit)
        writer.write(layout, 0, isBroken: true)
        if writer.column > 0 { writer.out += "\n" }
        return writer.out
    }

    private mutating func put(_ text: String, _ indent: Int) {
        if pending { endLine() }
        if column == 0 {
            out += String(repeating: " ", count: indent)
            column = indent
        }
        out += text
        let last = text.utf8.lastIndex(of: 0x0A).map { text[text.utf8.index(after: $0)...] } ?? text[...]
        column = last.count == text.count ? column + text.unicodeScalars.count : max(1, last.unicodeScalars.count)
    }

    private mutating func endLine() {
        out += "\n"
        (column, pending) = (0, false)
    }

    private mutating func write(_ layout: Layout, _ indent: Int, isBroken: Bool) {
        switch layout.kind {
        case .text(let text): put(text, indent)
        case .joined(let parts): for part in parts { write(part, indent, isBroken: isBroken) }
        case .indented(let inner): write(inner, indent + 2, isBroken: isBroken)
        case .group(let inner): write(inner, indent, isBroken: inner.width.map { column + $0 > limit } ?? true)
        case .line(let isSpace):
            if isBroken { breakLine() } else if isSpace { put(" ", indent) }
        case .lineEnd: breakLine()
        case .blankLine:
            breakLine()
            if !out.isEmpty, !out.hasSuffix("\n\n") { out += "\n" }
        case .comment(let text, let isOwnLine):
            if isOwnLine { breakLine() } else if column > 0 { put(" ", indent) }
            put(text, indent)
            pending = true
        }
    }

    /// Goes to the start of a line, unless that is where it is.
    private mutating func breakLine() { if pending || column > 0 { endLine() } }
}
