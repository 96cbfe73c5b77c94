import StrictJSON

/// The four variables of a request.
public enum Variable: String, Sendable, CaseIterable {
    case principal, action, resource, context
}

/// An operator with two operands, both of which are always evaluated.
enum BinaryOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case `in`
    case contains, containsAll, containsAny, hasTag, getTag
}

/// An operator with one operand.
enum UnaryOperator: String, Sendable {
    case not = "!"
    case negate = "neg"
    case isEmpty
}

/// A node of a Cedar expression, with its place in the text.
final class Expression: Sendable {
    enum Kind: Sendable {
        case literal(Value)
        case variable(Variable)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case ifThenElse(Expression, then: Expression, else: Expression)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case attribute(Expression, ExactString)
        case has(Expression, ExactString)
        case like(Expression, Pattern)
        case `is`(Expression, EntityType, in: Expression?)
        case set([Expression])
        /// In the order written; no name twice.
        case record([(ExactString, Expression)])
        case call(ExtensionFunction, [Expression])
    }

    let kind: Kind
    let range: SourceRange
    /// How many nodes the longest way down has, this one included.
    let height: Int

    /// How many nodes it has; one that stands in two places counts twice, because it is walked twice.
    let size: Int

    /// Taller trees are refused: height becomes stack when a tree is walked. So are larger ones: `a has b.c` stands for more
    /// than it says, and inside one another such tests double at every level.
    static let maximumHeight = 1000
    static let maximumSize = 100_000
    static let tooLarge =
        "more than \(maximumHeight) operations hang on one another, or there are more than \(maximumSize) in all"

    init(_ kind: Kind, at range: SourceRange = .none) {
        self.kind = kind
        self.range = range
        let children = Self.children(of: kind)
        height = 1 + (children.map(\.height).max() ?? 0)
        size = children.reduce(1) { min($0 + $1.size, Self.maximumSize + 1) }
    }

    var children: [Expression] { Self.children(of: kind) }

    private static func children(of kind: Kind) -> [Expression] {
        switch kind {
        case .literal, .variable: []
        case .unary(_, let a), .attribute(let a, _), .has(let a, _), .like(let a, _): [a]
        case .is(let a, _, let group): [a] + (group.map { [$0] } ?? [])
        case .and(let a, let b), .or(let a, let b), .binary(_, let a, let b): [a, b]
        case .ifThenElse(let a, let b, let c): [a, b, c]
        case .set(let elements), .call(_, let elements): elements
        case .record(let members): members.map(\.1)
        }
    }
}

extension Expression: Equatable {
    /// Whether both say the same, wherever they stand.
    static func == (a: Expression, b: Expression) -> Bool {
        if a === b { return true }
        switch (a.kind, b.kind) {
        case (.literal(let x), .literal(let y)): return x == y
        case (.variable(let x), .variable(let y)): return x == y
        case (.and(let a1, let a2), .and(let b1, let b2)), (.or(let a1, let a2), .or(let b1, let b2)):
            return a1 == b1 && a2 == b2
        case (.ifThenElse(let a1, let a2, let a3), .ifThenElse(let b1, let b2, let b3)): return a1 == b1 && a2 == b2 && a3 == b3
        case (.unary(let f, let x), .unary(let g, let y)): return f == g && x == y
        case (.binary(let f, let a1, let a2), .binary(let g, let b1, let b2)): return f == g && a1 == b1 && a2 == b2
        case (.attribute(let x, let f), .attribute(let y, let g)), (.has(let x, let f), .has(let y, let g)):
            return f == g && x == y
        case (.like(let x, let f), .like(let y, let g)): return f == g && x == y
        case (.is(let x, let f, let i), .is(let y, let g, let j)): return f == g && x == y && i == j
        case (.set(let x), .set(let y)): return x == y
        case (.record(let x), .record(let y)):
            return x.count == y.count && zip(x, y).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
        case (.call(let f, let x), .call(let g, let y)): return f == g && x == y
        default: return false
        }
    }
}
