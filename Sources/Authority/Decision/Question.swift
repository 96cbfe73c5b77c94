public import Cedar
public import StrictJSON

/// All that a decision rests on, as plain data: from the same question and policies follow the same
/// bytes. Nothing a model wrote can be in it but the typed input.
public struct Question: Sendable {
    /// The action to decide: `execute` and its siblings for a write, `read` for a read.
    public var operation: String
    public var namespace: String
    public var isWrite: Bool
    /// Whether nobody can tell what a step makes possible: no agent carries one out then, whatever policy says.
    public var isUnread: Bool
    public var principal: EntityUID
    public var delegator: EntityUID?
    public var resource: EntityUID
    /// The context, without `approvals`.
    public var context: [ExactString: Value]
    public var approvals: [ApprovalFact]
    public var candidates: Candidates
    /// The facts of its own: what stands for all questions, such as actions and people, is not among them.
    public var entities: [Entity]

    /// Those who could approve if policy lets them: never the requester, its delegator or its owner.
    public enum Candidates: Sendable {
        /// All who were registered then, as the log's record with that digest says, but for these ids.
        case registered(Digest, excluded: Set<String>)
        /// As logs before version 3 have them.
        case listed([PersonRecord])
    }

    public var json: JSONValue {
        var json: JSONValue = [
            "operation": .string(operation), "namespace": .string(namespace), "write": .bool(isWrite),
            "principal": principal.json, "resource": resource.json, "context": Value.record(context).json,
            "approvals": .array(approvals.map(\.json)),
            "entities": .array(entities.sorted { $0.uid < $1.uid }.map(\.json)),
        ]
        switch candidates {
        case .registered(let people, let excluded):
            json.add("people", .string(people.hex))
            json.add("excluded", .array(excluded.sorted().map(JSONValue.string)))
        case .listed(let people): json.add("candidates", .array(people.map(\.json)))
        }
        json.add("delegator", delegator?.json)
        if isUnread { json.add("unread", true) }
        return json
    }

    /// Reads a question back from the log, so that its decision can be replayed.
    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        operation = try fields.string("operation")
        namespace = try fields.string("namespace")
        isWrite = try fields.optionalBool("write") ?? false
        isUnread = try fields.optionalBool("unread") ?? false
        principal = try EntityUID(json: try fields.required("principal"))
        delegator = try fields.optional("delegator").map { try EntityUID(json: $0) }
        resource = try EntityUID(json: try fields.required("resource"))
        guard case .record(let context) = try Value(json: try fields.required("context")) else {
            throw ShapeError(.wrongType, at: "/context", "a record belongs here")
        }
        self.context = context
        approvals = try fields.array("approvals").map { try ApprovalFact(json: $0) }
        if let people = try fields.optionalDigest("people") {
            candidates = .registered(people, excluded: Set(try fields.strings("excluded")))
        } else {
            candidates = .listed(try fields.array("candidates").map { try PersonRecord(json: $0) })
        }
        entities = try fields.array("entities").map { try Entity(json: $0) }
        try fields.end()
    }

    /// - Parameters:
    ///   - lease: what it would be carried out with.
    ///   - isUnread: whether its system can't be read whole.
    ///   - isLocked: whether it is to be done though a lock is in force.
    ///   - people: the digest of those registered.
    ///   - excluded: the ids of those who can't approve: requester, delegator, owner and their aliases.
    public init(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding, catalogue: Catalogue, now: Instant, environment: String,
        lease: CredentialKind = .scoped, isUnread: Bool = false, isLocked: Bool = false, approvals: [ApprovalFact],
        people: Digest, excluded: Set<String>
    ) {
        operation = submission.operation.name
        namespace = catalogue.namespace
        isWrite = submission.operation.access == .write
        self.isUnread = isUnread
        principal = submission.principal.uid
        delegator = submission.task.delegator.map(EntityUID.person)
        resource = plan.target
        self.approvals = approvals.filter { !excluded.contains($0.person.id) }
        candidates = .registered(people, excluded: excluded)
        let task = submission.task
        context = ContextShape.value(
            input: submission.input.value,
            task: ContextShape.value(taskID: task.id, tenant: task.tenant, purpose: task.purpose.name, expires: task.expires),
            delegator: delegator, precondition: plan.precondition, lease: lease, reach: reach,
            surroundings: ContextShape.value(now: now, environment: environment, isLocked: isLocked))
        // Who asks is known by whoever authenticated them, whatever a system says of them.
        let own = (submission.principal.isWorkload ? [submission.principal.entity] : []) + [Entity(.system(submission.system))]
        var seen: Set<EntityUID> = []
        entities = (plan.facts.filter { $0.uid != submission.principal.uid } + own).filter { seen.insert($0.uid).inserted }
    }
}

/// An approval that has been verified, as a fact for a decision.
public struct ApprovalFact: Hashable, Sendable {
    public let person: PersonRecord
    /// Whether a security key verified who touched it, by PIN or biometrics (the UV flag).
    public let userVerified: Bool

    public init(person: PersonRecord, userVerified: Bool) {
        self.person = person
        self.userVerified = userVerified
    }

    var json: JSONValue { ["person": person.json, "userVerified": .bool(userVerified)] }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        self.init(
            person: try PersonRecord(json: try fields.required("person")),
            userVerified: try fields.optionalBool("userVerified") ?? false)
        try fields.end()
    }
}

extension PersonRecord {
    var json: JSONValue { ["id": .string(id), "teams": .array(teams.map(JSONValue.string))] }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        self.init(id: try fields.string("id"), teams: try fields.strings("teams"))
        try fields.end()
    }
}
