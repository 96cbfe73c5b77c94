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
    /// Everybody who could approve if policy lets them; requester, delegator and owner are not among them.
    public var candidates: [PersonRecord]
    public var entities: [Entity]

    public var json: JSONValue {
        var json: JSONValue = [
            "operation": .string(operation), "namespace": .string(namespace), "write": .bool(isWrite),
            "principal": principal.json, "resource": resource.json, "context": Value.record(context).json,
            "approvals": .array(approvals.map(\.json)), "candidates": .array(candidates.map(\.json)),
            "entities": .array(entities.sorted { $0.uid < $1.uid }.map(\.json)),
        ]
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
        candidates = try fields.array("candidates").map { try PersonRecord(json: $0) }
        entities = try fields.array("entities").map { try Entity(json: $0) }
        try fields.end()
    }

    /// - Parameters:
    ///   - lease: what it would be carried out with.
    ///   - isUnread: whether its system can't be read whole.
    ///   - isLocked: whether it is to be done though a lock is in force.
    ///   - people: those who could approve, from configuration: one id for each human.
    ///   - excluded: the ids of those who can't approve: requester, delegator, owner and their aliases.
    public init(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding, catalogue: Catalogue, now: Instant, environment: String,
        lease: CredentialKind = .scoped, isUnread: Bool = false, isLocked: Bool = false, approvals: [ApprovalFact],
        people: [PersonRecord],
        excluded: Set<String>
    ) {
        operation = submission.operation.name
        namespace = catalogue.namespace
        isWrite = submission.operation.access == .write
        self.isUnread = isUnread
        principal = submission.principal.uid
        delegator = submission.task.delegator.map(EntityUID.person)
        resource = plan.target
        self.approvals = approvals.filter { !excluded.contains($0.person.id) }
        candidates = people.filter { !excluded.contains($0.id) }.sorted { $0.id < $1.id }
        let task = submission.task
        context = ContextShape.value(
            input: submission.input.value,
            task: ContextShape.value(taskID: task.id, tenant: task.tenant, purpose: task.purpose.name, expires: task.expires),
            delegator: delegator, precondition: plan.precondition, lease: lease, reach: reach,
            surroundings: ContextShape.value(now: now, environment: environment, isLocked: isLocked))
        let named = people.filter { $0.id == submission.task.delegator || $0.id == submission.principal.id }
        var all = plan.facts.filter { $0.uid != submission.principal.entity.uid } + catalogue.actions
        all += [submission.principal.entity, Entity(.system(submission.system))]
        all += (candidates + named).map(\.entity).filter { $0.uid != submission.principal.uid }
        var seen: Set<EntityUID> = []
        entities = all.filter { seen.insert($0.uid).inserted }
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
