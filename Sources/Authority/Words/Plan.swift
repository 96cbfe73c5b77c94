public import Cedar
public import Reach
public import StrictJSON

/// One value that a change touches, before and after.
public struct TouchedValue: Hashable, Sendable {
    public let entity: EntityUID
    /// The entity's name, for people.
    public let name: String
    public let attribute: String
    /// Sorted. A value that may not be shown is given as a placeholder, such as `(set)`.
    public let before: [String]
    public let after: [String]

    public init(entity: EntityUID, name: String, attribute: String, before: [String], after: [String]) {
        self.entity = entity
        self.name = name
        self.attribute = attribute
        self.before = before.sorted { ExactString($0) < ExactString($1) }
        self.after = after.sorted { ExactString($0) < ExactString($1) }
    }

    public var json: JSONValue {
        [
            "entity": entity.json, "name": .string(name), "attribute": .string(attribute),
            "before": .array(before.map(JSONValue.string)), "after": .array(after.map(JSONValue.string)),
        ]
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        let entity = try fields.required("entity")
        guard let uid = try? EntityUID(json: entity) else { throw ShapeError(.invalid, at: "/entity", "not an entity") }
        self.init(
            entity: uid, name: try fields.string("name"), attribute: try fields.string("attribute"),
            before: try fields.strings("before"), after: try fields.strings("after"))
        try fields.end()
    }
}

/// How strongly a backend can make a write depend on what was planned on: a fact for policy.
public enum Precondition: String, Sendable {
    /// The backend itself compares and writes in one step.
    case atomic
    /// We compare just before we write.
    case checked
    case none
}

/// The operation that undoes a change.
public struct Inverse: Hashable, Sendable {
    public let operation: String
    public let input: JSONValue

    public init(operation: String, input: JSONValue) {
        self.operation = operation
        self.input = input
    }

    public var json: JSONValue { ["operation": .string(operation), "input": input] }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        operation = try fields.string("operation")
        input = try fields.required("input")
        try fields.end()
    }

    public static func == (a: Inverse, b: Inverse) -> Bool { a.operation == b.operation && a.input == b.input }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(operation)
        hasher.combine(JSONWriter.canonical(input))
    }
}

/// What a connector says an operation would do, having only read.
public struct Plan: Sendable {
    /// The entity acted on, by the backend's immutable id.
    public let target: EntityUID
    public let targetName: String
    public let touched: [TouchedValue]
    public let inverse: Inverse?
    public let reversibility: Reversibility
    public let precondition: Precondition
    /// What the backend's state must still be: opaque to all but the connector.
    public let version: String
    /// How the backend calls the things involved: opaque to all but the connector.
    public let native: [String: String]
    /// The entities that policy may look at.
    public let facts: [Entity]
    /// The other entities the request names, such as the member: a requester who may not see them is told of none.
    public let related: [EntityUID]
    /// The change of the reach graph that it is, as far as the backend is concerned.
    public let step: Step
    /// The graph's facts on the entities touched, as they are now.
    public let surroundings: Set<NamedFact>
    /// Why the backend could not do it. It is told only to those whom policy would let do it.
    public internal(set) var obstacle: ConnectorError?

    public init(
        target: EntityUID, targetName: String, touched: [TouchedValue], inverse: Inverse?, reversibility: Reversibility,
        precondition: Precondition, version: String, native: [String: String], facts: [Entity],
        related: [EntityUID] = [], step: Step = Step(), surroundings: Set<NamedFact> = [], obstacle: ConnectorError? = nil
    ) {
        self.target = target
        self.targetName = targetName
        self.touched = touched
        self.inverse = inverse
        self.reversibility = reversibility
        self.precondition = precondition
        self.version = version
        self.native = native
        self.facts = facts
        self.related = related
        self.step = step
        self.surroundings = surroundings
        self.obstacle =
            obstacle ?? (touched.allSatisfy { $0.before == $0.after } ? ConnectorError(.noChange, "it is already so") : nil)
    }

    /// The same plan, where something that its connector does not know of stands in its way.
    public func obstructed(by obstacle: ConnectorError) -> Plan {
        var plan = self
        plan.obstacle = obstacle
        return plan
    }

    /// Everything but the facts, the surroundings and the obstacle, for storage. The facts are in the decision's log entry.
    public var json: JSONValue {
        var json: JSONValue = [
            "target": target.json, "targetName": .string(targetName), "touched": .array(touched.map(\.json)),
            "reversibility": .string(reversibility.rawValue), "precondition": .string(precondition.rawValue),
            "version": .string(version),
            "native": .object(JSONObject(native.keys.sorted().map { .init(key: $0, value: .string(native[$0] ?? "")) })),
            "step": step.json,
        ]
        json.add("inverse", inverse?.json)
        return json
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        var touched: [TouchedValue] = []
        for value in try fields.array("touched") { touched.append(try TouchedValue(json: value)) }
        var inverse: Inverse?
        if let json = fields.optional("inverse") { inverse = try Inverse(json: json) }
        let target = try fields.required("target")
        guard let uid = try? EntityUID(json: target),
            let reversibility = Reversibility(rawValue: try fields.string("reversibility")),
            let precondition = Precondition(rawValue: try fields.string("precondition"))
        else { throw ShapeError(.invalid, at: "", "not a plan") }
        let native = try fields.required("native").object?.members ?? []
        let step = try Step(json: try fields.required("step"))
        self.init(
            target: uid, targetName: try fields.string("targetName"), touched: touched,
            inverse: inverse,
            reversibility: reversibility, precondition: precondition, version: try fields.string("version"),
            native: Dictionary(native.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { $1 }), facts: [], step: step)
        try fields.end()
    }
}
