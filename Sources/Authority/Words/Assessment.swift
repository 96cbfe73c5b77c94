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
        var json = weight
        json.add("reach", reach.json)
        return json
    }

    /// All of it but reach.
    private var weight: JSONValue {
        [
            "labels": .array(labels.map(JSONValue.string)), "classes": .array(classes.map { .string($0.rawValue) }),
            "reversibility": .string(reversibility.rawValue),
        ]
    }

    public var digest: Digest { Digest(of: json) }

    /// Whether an approval of what was shown covers this: all is as it was, and nothing is gained that was not in it.
    public func isCovered(by shown: JSONValue) -> Bool {
        for (key, value) in weight.object?.members.map({ ($0.key, $0.value) }) ?? [] where shown[key] != value { return false }
        return reach.gains.isEmpty || shown["reach"]?["digest"] == .string(reach.digest.hex)
    }
}
