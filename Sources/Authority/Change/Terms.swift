public import Cedar
public import StrictJSON

/// What an approval binds: any difference asks anew (invariant 5). Whoever is shown the terms can compute their digest, and so
/// signs what they see.
public struct Terms: Sendable {
    /// The version that changes are staged with.
    public static let version: Int64 = 3

    /// The version that the change was staged with: what is still under way of an older one keeps its terms, and their digest.
    public let version: Int64
    public let tenant: String
    public let system: String
    public let operation: String
    /// The digest of all that the catalogue says of the operation, and of where it is carried out.
    public let definition: Digest
    public let target: EntityUID
    public let targetName: String
    public let input: JSONValue
    public let touched: [TouchedValue]
    public let inverse: Inverse?
    public let reversibility: Reversibility
    public let precondition: Precondition
    public let task: String
    /// Whose the task is.
    public let holder: PrincipalID
    public let purpose: Purpose
    /// As whose request it is decided.
    public let principal: PrincipalID
    /// Who answered for the workload when it was staged.
    public let owner: String?
    public let delegator: String?
    /// The change that it undoes.
    public let rollbackOf: String?
    /// The locks in force that do not stop it: of an undo in an emergency.
    public let locks: [String]
    /// The commitment to what approvers are shown of the agent's claims; nil where there are none.
    public let claims: Digest?

    /// Of a plan as it was made now.
    ///
    /// - Parameters:
    ///   - owner: who answered for the workload when the change was staged.
    ///   - locks: the identities of the locks that it is to be done under.
    public init(
        _ submission: Submission, _ plan: Plan, definition: Digest, owner: String?, rollbackOf: String?, locks: [String] = [],
        claims: Digest? = nil
    ) {
        self.init(
            Self.version, submission.task, submission.principal.name, submission.system, submission.operation.name,
            submission.input.json, plan, definition: definition, owner: owner, rollbackOf: rollbackOf, locks: locks,
            claims: claims)
    }

    /// Of a change as it was staged.
    init(_ change: Change) {
        self.init(
            change.version, change.task, change.adopter.map(PrincipalID.person) ?? change.requester, change.system,
            change.operation,
            change.input, change.plan, definition: change.definition, owner: change.owner, rollbackOf: change.rollbackOf,
            locks: change.locks, claims: change.claims)
    }

    private init(
        _ version: Int64, _ task: Task, _ principal: PrincipalID, _ system: String, _ operation: String, _ input: JSONValue,
        _ plan: Plan,
        definition: Digest, owner: String?, rollbackOf: String?, locks: [String], claims: Digest?
    ) {
        self.version = version
        (tenant, self.task, holder, purpose, delegator) = (task.tenant, task.id, task.holder, task.purpose, task.delegator)
        (self.principal, self.system, self.operation, self.input) = (principal, system, operation, input)
        (target, targetName, touched, inverse) = (plan.target, plan.targetName, plan.touched, plan.inverse)
        (reversibility, precondition) = (plan.reversibility, plan.precondition)
        (self.definition, self.owner, self.rollbackOf, self.locks) = (definition, owner, rollbackOf, locks.sorted())
        self.claims = claims
    }

    public var json: JSONValue {
        [
            "version": .integer(version), "tenant": .string(tenant), "system": .string(system),
            "operation": .string(operation), "definition": .string(definition.hex), "target": target.json,
            "targetName": .string(targetName), "input": input, "touched": .array(touched.map(\.json)),
            "inverse": inverse?.json ?? .null, "reversibility": .string(reversibility.rawValue),
            "precondition": .string(precondition.rawValue), "task": .string(task), "holder": holder.json,
            "purpose": purpose.json, "principal": principal.json, "owner": owner.map(JSONValue.string) ?? .null,
            "delegator": delegator.map(JSONValue.string) ?? .null, "rollbackOf": rollbackOf.map(JSONValue.string) ?? .null,
            "locks": .array(locks.map(JSONValue.string)), "claims": claims.map { .string($0.hex) } ?? .null,
        ]
    }

    public var digest: Digest { Digest(of: json) }

    /// - Throws: ``ShapeError``, also for terms of another version.
    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        version = try fields.integer("version")
        guard version == Self.version else {
            throw ShapeError(.invalid, at: "/version", "terms of another version: use the program that fits the gateway")
        }
        tenant = try fields.string("tenant")
        system = try fields.string("system")
        operation = try fields.string("operation")
        definition = try fields.digest("definition")
        let target = try fields.required("target")
        guard let uid = try? EntityUID(json: target) else { throw ShapeError(.invalid, at: "/target", "not an entity") }
        self.target = uid
        targetName = try fields.string("targetName")
        input = try fields.required("input")
        var touched: [TouchedValue] = []
        for value in try fields.array("touched") { touched.append(try TouchedValue(json: value)) }
        self.touched = touched
        let inverse = try fields.required("inverse")
        self.inverse = inverse == .null ? nil : try Inverse(json: inverse)
        guard let reversibility = Reversibility(rawValue: try fields.string("reversibility")),
            let precondition = Precondition(rawValue: try fields.string("precondition"))
        else { throw ShapeError(.invalid, at: "", "not terms") }
        (self.reversibility, self.precondition) = (reversibility, precondition)
        task = try fields.string("task")
        holder = try PrincipalID(json: try fields.required("holder"), at: "/holder")
        purpose = try Purpose(json: try fields.required("purpose"))
        principal = try PrincipalID(json: try fields.required("principal"), at: "/principal")
        owner = try fields.required("owner").string
        delegator = try fields.required("delegator").string
        rollbackOf = try fields.required("rollbackOf").string
        locks = try fields.strings("locks")
        let claims = try fields.required("claims")
        self.claims = claims == .null ? nil : try Digest(json: claims, at: "/claims")
        try fields.end()
        guard self.json == json else { throw ShapeError(.invalid, at: "", "the terms are not in canonical form") }
    }
}
