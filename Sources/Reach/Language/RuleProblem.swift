/// One thing wrong with a rule file, with its place and how to mend it.
public struct RuleProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case syntax = "reach.syntax"
        case unknownRelation = "reach.unknown_relation"
        case arity = "reach.arity"
        case unbound = "reach.unbound_variable"
        case restriction = "reach.restriction"
        case taker = "reach.taker"
        case become = "reach.become"
        case derived = "reach.derived"
        case redeclared = "reach.redeclared"
        case limit = "reach.limit"
    }

    public let code: Code
    public let message: String
    public let hint: String?
    public let place: Place

    init(_ code: Code, _ message: String, at place: Place, hint: String? = nil) {
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint
    }

    public var description: String { "\(place): \(message) [\(code.rawValue)]" + (hint.map { "; \($0)" } ?? "") }
}

/// Everything wrong with the rule files, in the order of the texts.
public struct RuleProblems: Error, Hashable, Sendable, CustomStringConvertible {
    public let all: [RuleProblem]

    public var description: String { all.map(\.description).joined(separator: "\n") }
}

/// Where something stands: line and column begin with 1, and a column counts Unicode scalars.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int

    public var description: String { "\(file):\(line):\(column)" }
}
