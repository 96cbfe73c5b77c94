public import Reach
public import StrictJSON

/// What is about to be done, durable before it is.
public struct IntentRecord: Sendable {
    public let terms: Digest
    /// The digest of the policies that it was permitted by.
    public let policies: Digest
    public let operation: String
    public let input: JSONValue
    public let plan: JSONValue

    public init(_ change: Change, _ plan: Plan, policies: Digest) {
        terms = change.digest
        self.policies = policies
        operation = change.operation
        input = change.input
        self.plan = plan.json
    }

    var json: JSONValue {
        [
            "digest": .string(terms.hex), "policies": .string(policies.hex), "operation": .string(operation), "input": input,
            "plan": plan,
        ]
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        terms = try fields.digest("digest")
        policies = try fields.digest("policies")
        operation = try fields.string("operation")
        input = try fields.required("input")
        plan = try fields.required("plan")
        try fields.end()
    }
}

/// What was touched, by which account, and what was seen afterwards: more than the requester is told.
public struct EffectRecord: Sendable {
    public let objects: [TouchedValue]
    /// The backend account that the step was done with.
    public let account: String?
    /// The values afterwards, in the order of the objects; nil when they were not read.
    public let seen: [[String]]?
    /// Of what the system answered, where its requester got to see that.
    public let answered: Digest?

    public init(_ plan: Plan, _ lease: LeaseReference?, _ seen: Observation?, answered: Digest? = nil) {
        self.answered = answered
        objects = plan.touched
        account = lease?.account
        self.seen = seen?.touched.map(\.after)
    }

    var json: JSONValue {
        var json: JSONValue = ["objects": .array(objects.map(\.json))]
        json.add("lease", account.map(JSONValue.string))
        json.add("seen", seen.map { .array($0.map { .array($0.map(JSONValue.string)) }) })
        json.add("answered", (answered?.hex).map(JSONValue.string))
        return json
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        var objects: [TouchedValue] = []
        for object in try fields.array("objects") { objects.append(try TouchedValue(json: object)) }
        self.objects = objects
        account = try fields.optionalString("lease")
        seen = fields.optional("seen")?.array?.map { ($0.array ?? []).compactMap(\.string) }
        answered = try fields.optionalString("answered").flatMap { Digest(hex: $0) }
        try fields.end()
    }
}

/// How a change ended. It is what its requester gets as a receipt, and says no more than they are told.
public struct OutcomeRecord: Sendable {
    public let change: String
    public let state: Change.State
    /// A stable code for why.
    public let reason: String?
    /// What a person who refused it said.
    public let said: String?
    public let terms: Digest
    public let system: String
    public let operation: String

    public init(_ change: Change) {
        self.change = change.id
        state = change.state
        reason = change.reason
        said = change.said
        terms = change.digest
        system = change.system
        operation = change.operation
    }

    var json: JSONValue {
        var json: JSONValue = [
            "state": .string(state.rawValue), "change": .string(change), "terms": .string(terms.hex), "system": .string(system),
            "operation": .string(operation),
        ]
        json.add("reason", reason.map(JSONValue.string))
        json.add("said", said.map(JSONValue.string))
        return json
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        change = try fields.string("change")
        guard let state = Change.State(rawValue: try fields.string("state")) else {
            throw ShapeError(.invalid, at: "/state", "not a change's state")
        }
        self.state = state
        reason = try fields.optionalString("reason")
        said = try fields.optionalString("said")
        terms = try fields.digest("terms")
        system = try fields.string("system")
        operation = try fields.string("operation")
        try fields.end()
    }
}

/// A system was changed by somebody else.
public struct DriftRecord: Sendable {
    /// So many facts of each sort are told one by one.
    private static let told = 200

    public let system: String
    public let added: [NamedFact]
    public let removed: [NamedFact]
    /// How many were added and removed altogether.
    public let counts: (added: Int64, removed: Int64)
    public let reach: ShownReach

    public init(_ system: String, added: [NamedFact], removed: [NamedFact], reach: ReachFinding) {
        self.system = system
        self.added = Array(added.prefix(Self.told))
        self.removed = Array(removed.prefix(Self.told))
        counts = (Int64(added.count), Int64(removed.count))
        self.reach = ShownReach(reach)
    }

    var json: JSONValue {
        [
            "message": "the system was changed by somebody else", "system": .string(system),
            "added": .array(added.map(\.json)), "removed": .array(removed.map(\.json)),
            "counts": [.integer(counts.added), .integer(counts.removed)], "reach": reach.json,
        ]
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        _ = try fields.string("message")
        system = try fields.string("system")
        var (added, removed): ([NamedFact], [NamedFact]) = ([], [])
        for fact in try fields.array("added") { added.append(try NamedFact(json: fact)) }
        for fact in try fields.array("removed") { removed.append(try NamedFact(json: fact)) }
        (self.added, self.removed) = (added, removed)
        let numbers = try fields.array("counts").compactMap(\.integer)
        guard numbers.count == 2 else { throw ShapeError(.invalid, at: "/counts", "two numbers belong here") }
        counts = (numbers[0], numbers[1])
        reach = try ShownReach(json: try fields.required("reach"))
        try fields.end()
    }
}

/// Something that a person must look into.
public struct AlarmRecord: Sendable {
    public let message: String
    public let details: JSONValue

    public init(_ message: String, details: JSONValue = [:]) {
        self.message = message
        self.details = details
    }

    var json: JSONValue { ["message": .string(message), "details": details] }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        message = try fields.string("message")
        details = try fields.required("details")
        try fields.end()
    }
}
