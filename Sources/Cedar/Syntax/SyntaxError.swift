/// A place in a source text. Both are counted from 1, the column in Unicode scalars.
public struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public let line: Int
    public let column: Int
    public var description: String { "\(line):\(column)" }
}

/// Why a policy text was refused, and where.
public struct SyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public let position: SourcePosition
    public var description: String { "\(position): \(message)" }
}
