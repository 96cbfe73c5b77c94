/// A place in a source text. Both are counted from 1, the column in Unicode scalars.
public struct SourcePosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public let line: Int
    public let column: Int
    public var description: String { "\(line):\(column)" }

    public static func < (a: SourcePosition, b: SourcePosition) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A part of a source text, as UTF-8 offsets; what was not read from a text has none.
struct SourceRange: Hashable, Sendable {
    let start: Int32
    let end: Int32

    static let none = SourceRange(start: -1, end: -1)

    init(start: Int32, end: Int32) {
        self.start = start
        self.end = end
    }

    init(_ from: SourceRange, through: SourceRange) {
        self.init(start: from.start, end: through.end)
    }
}
