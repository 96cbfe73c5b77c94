public import StrictJSON

/// A staged plan with its digest and its life. Plain data: it records authority and gives none.
public struct Change: Sendable {
    public enum State: String, Sendable, CaseIterable {
        case proposed, approved, executing, executed, failed, indeterminate, expired, withdrawn, rolledBack
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
    /// The digest of its terms, which approvals are bound to.
    public var digest: Digest
    /// The digest of what approvers were shown of the assessment.
    public private(set) var assessment: Digest
    /// What they were shown.
    public private(set) var shown: JSONValue
    public let created: Instant
    public let expires: Instant
    public let rollbackOf: String?
    /// A stable code for why it ended as it did.
    public var reason: String?

    public init(
        id: String, state: State, wait: Wait, submission: Submission, plan: Plan, digest: Digest, assessment: Assessment,
        created: Instant, expires: Instant, rollbackOf: String?
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
        self.digest = digest
        self.assessment = assessment.digest
        shown = assessment.json
        self.created = created
        self.expires = expires
        self.rollbackOf = rollbackOf
    }

    /// Takes a new assessment, before anybody has approved: another principal has made the change theirs.
    public mutating func assess(_ assessment: Assessment) {
        self.assessment = assessment.digest
        shown = assessment.json
    }

    /// Whether what is stored as shown is what approvers signed for.
    public var isShownWhole: Bool { Digest(of: shown) == assessment }

    public var json: JSONValue {
        var json: JSONValue = [
            "id": .string(id), "state": .string(state.rawValue), "wait": .string(wait.rawValue), "request": .string(request),
            "requester": requester.json, "task": task.json, "system": .string(system), "operation": .string(operation),
            "input": input, "plan": plan.json, "digest": .string(digest.hex), "assessment": .string(assessment.hex),
            "shown": shown,
            "created": .integer(created.milliseconds), "expires": .integer(expires.milliseconds),
        ]
        json.add("owner", owner.map(JSONValue.string))
        json.add("adopter", adopter.map(JSONValue.string))
        json.add("rollbackOf", rollbackOf.map(JSONValue.string))
        json.add("reason", reason.map(JSONValue.string))
        return json
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        id = try fields.string("id")
        requester = try PrincipalID(json: try fields.required("requester"), at: "/requester")
        guard let state = State(rawValue: try fields.string("state")), let wait = Wait(rawValue: try fields.string("wait")),
            let digest = Digest(hex: try fields.string("digest")),
            let assessment = Digest(hex: try fields.string("assessment"))
        else { throw ShapeError(.invalid, at: "", "not a change") }
        (self.state, self.wait, self.digest, self.assessment) = (state, wait, digest, assessment)
        request = try fields.string("request")
        owner = try fields.optionalString("owner")
        adopter = try fields.optionalString("adopter")
        task = try Task(json: try fields.required("task"))
        system = try fields.string("system")
        operation = try fields.string("operation")
        input = try fields.required("input")
        plan = try Plan(json: try fields.required("plan"))
        shown = try fields.required("shown")
        created = try fields.instant("created")
        expires = try fields.instant("expires")
        rollbackOf = try fields.optionalString("rollbackOf")
        reason = try fields.optionalString("reason")
        try fields.end()
    }
}
