import StrictJSON

/// Why one policy applied to a request, or did not.
public struct Explanation: Sendable {
    public enum Outcome: Sendable, Equatable {
        case holds, fails
        case errs(EvaluationError)
        /// A clause before it has decided already.
        case notReached
    }

    /// A part of the policy that had to hold: a constraint of the head, or a conjunct of a condition.
    public struct Clause: Sendable {
        /// As Cedar text.
        public let text: String
        public let outcome: Outcome
    }

    public let policy: String
    public let effect: Effect
    public let clauses: [Clause]
    public let outcome: Outcome
}

extension PolicySet {
    /// Explains every policy, in the order of their ids.
    public func explain(_ request: Request, entities: Entities) -> [Explanation] {
        let evaluator = Evaluator(request: request, entities: entities)
        return policies.sorted { ExactString($0.id) < ExactString($1.id) }.map { policy in
            var outcome = Explanation.Outcome.holds
            let clauses = policy.clauses.map { clause in
                guard outcome == .holds else { return Explanation.Clause(text: clause.text, outcome: .notReached) }
                outcome = evaluator.outcome(clause.condition, wanted: clause.wanted)
                return Explanation.Clause(text: clause.text, outcome: outcome)
            }
            return Explanation(policy: policy.id, effect: policy.effect, clauses: clauses, outcome: outcome)
        }
    }
}

extension Evaluator {
    fileprivate func outcome(_ expression: Expression, wanted: Bool) -> Explanation.Outcome {
        do throws(EvaluationError) { return try bool(expression) == wanted ? .holds : .fails } catch { return .errs(error) }
    }
}

extension Policy {
    /// What must hold, part by part, in the order of evaluation.
    fileprivate var clauses: [(text: String, condition: Expression, wanted: Bool)] {
        let head = [principal.expression(.principal), action.expression, resource.expression(.resource)].compactMap { $0 }
        return head.map { (PolicyWriter.text($0), $0, true) }
            + conditions.flatMap { condition -> [(text: String, condition: Expression, wanted: Bool)] in
                if condition.isUnless { return [("unless { \(PolicyWriter.text(condition.body)) }", condition.body, false)] }
                return condition.body.conjuncts.map { (PolicyWriter.text($0), $0, true) }
            }
    }
}

extension Expression {
    /// `a && b && c` as its parts.
    var conjuncts: [Expression] {
        if case .and(let a, let b) = kind { a.conjuncts + b.conjuncts } else { [self] }
    }
}
