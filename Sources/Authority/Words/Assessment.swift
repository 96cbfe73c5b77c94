import Cedar
public import StrictJSON

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
    public var json: JSONValue {
        [
            "labels": .array(labels.map(JSONValue.string)), "classes": .array(classes.map { .string($0.rawValue) }),
            "reversibility": .string(reversibility.rawValue), "reach": reach.json,
        ]
    }

    public var digest: Digest { Digest(of: json) }

    /// Whether an approval of what was shown covers this: it weighs no more in anything, and nothing is gained that was not shown.
    public func isCovered(by shown: JSONValue) -> Bool {
        func names(_ key: String) -> Set<String> { Set((shown[key]?.array ?? []).compactMap(\.string)) }
        guard let then = shown["reversibility"]?.string.flatMap(Reversibility.init(rawValue:)), reversibility <= then,
            names("labels").isSuperset(of: labels), names("classes").isSuperset(of: classes.map(\.rawValue))
        else { return false }
        return reach.isCovered(by: shown["reach"])
    }
}
