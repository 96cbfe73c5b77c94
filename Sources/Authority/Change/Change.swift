import Cedar
public import StrictJSON

/// A staged plan with its digest and its life. Plain data: it records authority and gives none.
public struct Change: Sendable {
    public enum State: String, Sendable, CaseIterable {
        case proposed, approved, executing, executed, failed, indeterminate, expired, void, withdrawn, rolledBack
    }

    /// Why nothing can permit a change any more.
    public enum VoidReason: String, Sendable, CaseIterable {
        case policyChanged = "policy changed"
        case targetChanged = "target changed"
        case taskEnded = "task ended"
        /// What was recorded of it, or its operation's definition, is not what it was.
        case altered
        /// It was staged by an older version of the gateway.
        case upgraded
    }

    /// What it waits for.
    public enum Wait: String, Sendable { case nothing, approval, adoption }

    public let id: String
    public var state: State
    public var wait: Wait
    /// The request that made it.
    public let request: String
    /// Who asked.
    public let requester: PrincipalID
    /// The person who answered for the workload that asked, when it asked.
    public let owner: String?
    /// The person who made it their own, when somebody did.
    public var adopter: String?
    public let task: Task
    public let system: String
    public let operation: String
    public let input: JSONValue
    public var plan: Plan
    /// The digest of its operation's definition when it was staged.
    public let definition: Digest
    /// What approvers are shown of its weight.
    public private(set) var shown: ShownAssessment
    /// What policy demands of approvals, as it was decided last.
    public var requirement: ApprovalRequirement
    /// What was missing then, in words; nil when nothing was.
    public var needs: String?
    /// The commitment to what approvers are shown of the evidence.
    public let claims: Digest?
    /// The identities of the locks in force that don't stop it.
    public let locks: [String]
    /// Whether its system could not do it when it was staged, which its requester was not told.
    public let isObstructed: Bool
    /// Whether its requester may not learn what becomes of its target.
    public let isDiscreet: Bool
    /// The version of its terms.
    public let version: Int64
    public let created: Instant
    public let expires: Instant
    public let rollbackOf: String?
    /// A stable code for why it ended as it did.
    public var reason: String?
    /// Why it is void, or what was read of one whose effect is not known, in words for people.
    public var because: String?
    /// What a person who refused it said, for whoever asked.
    public var said: String?

    public init(
        id: String, state: State, wait: Wait, submission: Submission, plan: Plan, definition: Digest, assessment: Assessment,
        requirement: ApprovalRequirement = .none, created: Instant, expires: Instant, rollbackOf: String?, locks: [String] = [],
        claims: Digest? = nil, isDiscreet: Bool = false
    ) {
        self.id = id
        self.state = state
        self.wait = wait
        request = submission.id
        requester = submission.principal.name
        owner = submission.principal.owner
        task = submission.task
        system = submission.system
        operation = submission.operation.name
        input = submission.input.json
        self.plan = plan
        self.definition = definition
        shown = assessment.shown
        self.requirement = requirement
        self.created = created
        self.expires = expires
        self.rollbackOf = rollbackOf
        self.locks = locks
        self.claims = claims
        isObstructed = plan.obstacle != nil
        self.isDiscreet = isDiscreet
        version = Terms.version
    }

    /// What approvals are bound to.
    public var terms: Terms { Terms(self) }

    /// The digest of its terms.
    public var digest: Digest { terms.digest }

    /// One for all requests that ask for the same, for the same person and purpose, of the same state of things; for whoever may
    /// not know that state, of whatever state: else a new change would tell that it is another.
    public var sameness: Digest { sameness(isDiscreet: isDiscreet) }

    /// The same, as it is for whoever may, or may not, know that state.
    public func sameness(isDiscreet: Bool) -> Digest {
        Digest(of: [
            "principal": requester.json, "delegator": task.delegator.map(JSONValue.string) ?? .null,
            "purpose": .string(task.purpose.name), "system": .string(system), "operation": .string(operation),
            "definition": .string(definition.hex), "target": plan.target.json, "input": input,
            "before": isDiscreet ? .null : .array(plan.touched.map(\.json)),
            "locks": .array(locks.map(JSONValue.string)), "rollbackOf": rollbackOf.map(JSONValue.string) ?? .null,
        ])
    }

    /// Takes a new assessment, before anybody has approved.
    public mutating func assess(_ assessment: Assessment) { shown = assessment.shown }

    public var json: JSONValue {
        var json: JSONValue = [
            "id": .string(id), "state": .string(state.rawValue), "wait": .string(wait.rawValue), "request": .string(request),
            "requester": requester.json, "task": task.json, "system": .string(system), "operation": .string(operation),
            "input": input, "plan": plan.json, "definition": .string(definition.hex), "shown": shown.json,
            "requirement": requirement.json, "locks": .array(locks.map(JSONValue.string)), "version": .integer(version),
            "obstructed": .bool(isObstructed), "discreet": .bool(isDiscreet),
            "created": .integer(created.milliseconds), "expires": .integer(expires.milliseconds),
        ]
        json.add("claims", claims.map { .string($0.hex) })
        json.add("owner", owner.map(JSONValue.string))
        json.add("adopter", adopter.map(JSONValue.string))
        json.add("rollbackOf", rollbackOf.map(JSONValue.string))
        json.add("needs", needs.map(JSONValue.string))
        json.add("reason", reason.map(JSONValue.string))
        json.add("because", because.map(JSONValue.string))
        json.add("said", said.map(JSONValue.string))
        return json
    }

    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        id = try fields.string("id")
        guard let state = State(rawValue: try fields.string("state")), let wait = Wait(rawValue: try fields.string("wait")) else {
            throw ShapeError(.invalid, at: "", "not a change")
        }
        (self.state, self.wait) = (state, wait)
        requester = try PrincipalID(json: try fields.required("requester"), at: "/requester")
        request = try fields.string("request")
        owner = try fields.optionalString("owner")
        adopter = try fields.optionalString("adopter")
        task = try Task(json: try fields.required("task"))
        system = try fields.string("system")
        operation = try fields.string("operation")
        input = try fields.required("input")
        plan = try Plan(json: try fields.required("plan"))
        definition = try fields.digest("definition")
        shown = try ShownAssessment(json: try fields.required("shown"))
        requirement = try ApprovalRequirement(json: try fields.required("requirement"))
        locks = try fields.strings("locks")
        claims = try fields.optionalDigest("claims")
        version = try fields.integer("version")
        isObstructed = try fields.bool("obstructed")
        isDiscreet = try fields.bool("discreet")
        created = try fields.instant("created")
        expires = try fields.instant("expires")
        rollbackOf = try fields.optionalString("rollbackOf")
        needs = try fields.optionalString("needs")
        reason = try fields.optionalString("reason")
        because = try fields.optionalString("because")
        said = try fields.optionalString("said")
        try fields.end()
    }
}
