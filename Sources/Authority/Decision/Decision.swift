import Cedar
public import StrictJSON

/// What was decided, and why. Only ``decide(_:with:epochs:)`` makes one; it is not `Codable`, so that none can be
/// made from bytes.
public struct Decision: Sendable {
    public enum Verdict: String, Sendable {
        case permit
        /// People must approve first.
        case needsApproval
        /// It may be proposed; it runs when a person adopts it.
        case propose
        case deny
    }

    /// Stable codes for why something was denied.
    public enum Denial: String, Sendable {
        case noPermit = "denied.no_permit"
        case forbidden = "denied.forbidden"
        case evaluationError = "denied.evaluation_error"
        case notDelegable = "denied.not_delegable"
        /// What is demanded of approvals nests too deep to be put before anybody.
        case demandTooDeep = "denied.demand_too_deep"
    }

    /// One evaluation of the policy set that went into the decision.
    public struct Step: Sendable {
        let action: EntityUID
        let principal: EntityUID
        let approvers: [String]
        let allowed: Bool
        let policies: [String]
        let errors: [String]
        /// Why the request or an entity does not fit the schema.
        var misfit: String?
        /// With approvals unknown: the policies that depend on them, and how.
        var residuals: [(policy: String, condition: String)]?

        var json: JSONValue {
            var json: JSONValue = [
                "action": .string(action.description), "principal": .string(principal.description), "allowed": .bool(allowed),
                "approvers": .array(approvers.map(JSONValue.string)), "policies": .array(policies.map(JSONValue.string)),
                "errors": .array(errors.map(JSONValue.string)),
            ]
            json.add("misfit", misfit.map(JSONValue.string))
            json.add(
                "residuals",
                residuals.map { .array($0.map { ["policy": .string($0.policy), "condition": .string($0.condition)] }) })
            return json
        }
    }

    public let verdict: Verdict
    public let denial: Denial?
    /// The policies that determined the verdict, sorted.
    public let policies: [String]
    /// The people who could still approve, sorted. For people only, never for agents.
    public let eligible: [String]
    /// What approvals must show, in words, such as "two approvals, from different teams". For people only.
    public var needs: String? { verdict == .needsApproval ? requirement?.words : nil }
    /// All that policy demands of approvals, whatever was given already: of what is permitted, too. Nil where approvals don't help.
    public let requirement: ApprovalRequirement?
    public let steps: [Step]
    public let epochs: Epochs

    init(
        _ verdict: Verdict, denial: Denial? = nil, policies: [String], eligible: [String], requirement: ApprovalRequirement?,
        steps: [Step], epochs: Epochs
    ) {
        self.verdict = verdict
        self.denial = denial
        self.policies = policies
        self.eligible = eligible
        self.requirement = requirement
        self.steps = steps
        self.epochs = epochs
    }

    /// The decision as it is logged. The same question, policies and epochs give the same bytes.
    public var json: JSONValue {
        var json: JSONValue = [
            "verdict": .string(verdict.rawValue), "policies": .array(policies.map(JSONValue.string)),
            "eligible": .array(eligible.map(JSONValue.string)), "steps": .array(steps.map(\.json)), "epochs": epochs.json,
        ]
        json.add("needs", needs.map(JSONValue.string))
        json.add("requirement", requirement?.json)
        json.add("denial", denial.map { .string($0.rawValue) })
        return json
    }
}

/// What must not have changed between a decision and its execution.
public struct Epochs: Hashable, Sendable {
    /// The policy set's digest.
    public let policies: Digest
    /// Counts every change of a lock.
    public let locks: Int64
    /// What the change newly makes possible: ``ReachFinding/digest``.
    public let reach: Digest

    public init(policies: Digest, locks: Int64, reach: Digest = ReachFinding.none.digest) {
        self.policies = policies
        self.locks = locks
        self.reach = reach
    }

    public var json: JSONValue {
        ["policies": .string(policies.hex), "locks": .integer(locks), "reach": .string(reach.hex)]
    }

    /// Reads them back from the log.
    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        guard let policies = Digest(hex: try fields.string("policies")), let reach = Digest(hex: try fields.string("reach"))
        else {
            throw ShapeError(.invalid, at: "", "not epochs")
        }
        self.init(policies: policies, locks: try fields.integer("locks"), reach: reach)
        try fields.end()
    }
}
