/// Rules that may be reasoned with: read, checked and compiled together.
public struct RuleSet: Sendable {
    public let relations: [Relation]
    public let rules: [Rule]
    /// The facts that the files hold: relation, then nodes.
    public let facts: [NamedFact]
    private let numbers: [String: RelationID]

    /// Reads files that belong together: a relation declared in one may be used in another.
    ///
    /// - Throws: ``RuleProblems`` with everything that is wrong in any of them.
    public init(_ files: [(name: String, text: String)]) throws(RuleProblems) {
        var checker = RuleChecker()
        for (name, text) in files { checker.read(RuleParser(text, file: name)) }
        checker.check()
        guard checker.problems.isEmpty else {
            throw RuleProblems(all: files.flatMap { file in checker.problems.inOrder(of: file.name) })
        }
        relations = checker.relations
        rules = checker.rules
        facts = checker.facts
        numbers = checker.numbers
    }

    /// The number of a relation; nil when no file declares it.
    func number(_ relation: String) -> RelationID? { numbers[relation] }

    /// Whether each fact of the relation is an edge by itself, and nothing else: then one node in between may stand for many.
    public func isPlainEdge(_ relation: String) -> Bool {
        guard let number = number(relation) else { return false }
        return rules.allSatisfy { rule in
            guard rule.mentions(number) else { return true }
            return rule.isDirect && rule.narrowings.allSatisfy { $0.isNegated && $0.relation != number }
        }
    }

    public subscript(relation: String) -> Relation? { number(relation).map { relations[Int($0)] } }
}

extension [RuleProblem] {
    /// Those of a file, in the order of its text.
    fileprivate func inOrder(of file: String) -> [RuleProblem] {
        filter { $0.place.file == file }.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) }
    }
}
