import Cedar
import StrictJSON

/// What is known of a change's weight beyond the plan itself. Data about the world; never the agent's word.
public struct Assessment: Sendable {
    /// The labels of the target, its own and those of the groups it is in, such as `tier-0`.
    public let labels: [String]
    public let classes: [OperationClass]
    public let reversibility: Reversibility
    /// What its after-state newly makes possible.
    public let reach: ReachFinding

    public init(_ plan: Plan, _ operation: Operation, reach: ReachFinding) {
        let target = plan.facts.first { $0.uid == plan.target }
        if case .set(let values) = target?.attributes["labels"] {
            labels = values.compactMap { if case .string(let label) = $0 { label.string } else { nil } }.sorted()
        } else {
            labels = []
        }
        classes = operation.classes
        reversibility = plan.reversibility
        self.reach = reach
    }

    /// What approvers are shown and sign over.
    public var shown: ShownAssessment { ShownAssessment(self) }
}
