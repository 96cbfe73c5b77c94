public import Cedar
public import Reach
public import StrictJSON

/// One value that a change touches, before and after.
public struct TouchedValue: Hashable, Sendable {
    /// Stands for an attribute where it is the entity itself that comes or goes.
    public static let whole = "entry"

    /// Stands for an attribute where no more can be said than that the operation is carried out.
    public static let call = "call"

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
    /// The entity acted on, by the backend's immutable id; one that is to be created, by its name (``NodeKey/new(_:)``).
    public let target: EntityUID
    public let targetName: String
    public let touched: [TouchedValue]
    public let inverse: Inverse?
    public let reversibility: Reversibility
    public let precondition: Precondition
    /// What the backend's state must still be: opaque to all but the connector.
    public let version: String
    /// The connector's own part, such as how the backend calls the things involved: opaque to all but the connector, which fails
    /// where it can't read it.
    public let native: JSONValue
    /// The entities that policy may look at.
    public let facts: [Entity]
    /// The other entities that inputs name, such as the member, by input: a requester who may not see them is told of none.
    public let named: [String: [EntityUID]]
    /// The change of the reach graph that it is, as far as the backend is concerned.
    public let step: Step
    /// The graph's facts on the entities touched, as they are now.
    public let surroundings: Set<NamedFact>
    /// Why the backend could not do it. It is told only to those whom policy would let do it.
    public internal(set) var obstacle: ConnectorError?
    /// Whether it was stored before relations had their kind before their names.
    private var isOld = false

    public init(
        target: EntityUID, targetName: String, touched: [TouchedValue], inverse: Inverse?, reversibility: Reversibility,
        precondition: Precondition, version: String, native: JSONValue = .null, facts: [Entity],
        named: [String: [EntityUID]] = [:], step: Step = Step(), surroundings: Set<NamedFact> = [],
        obstacle: ConnectorError? = nil
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
        self.named = named
        self.step = step
        self.surroundings = surroundings
        self.obstacle =
            obstacle ?? (touched.allSatisfy { $0.before == $0.after } ? ConnectorError(.noChange, "it is already so") : nil)
    }

    /// All that inputs name, sorted.
    public var related: [EntityUID] { Set(named.values.joined()).sorted() }

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
            "version": .string(version), "native": native, "step": (isOld ? step.renamed(Self.oldName) : step).json,
        ]
        json.add("inverse", inverse?.json)
        if !named.isEmpty {
            let members = named.keys.sorted().map { input in
                JSONObject.Member(key: input, value: .array((named[input] ?? []).map(\.json)))
            }
            json.add("named", .object(JSONObject(members)))
        }
        return json
    }

    /// Directories were all there was while relations had no kind before their names.
    private static let directory = "directory."

    private static func oldName(_ relation: String) -> String { String(relation.dropFirst(directory.count)) }

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
        var named: [String: [EntityUID]] = [:]
        for member in fields.optional("named")?.object?.members ?? [] {
            for value in member.value.array ?? [] {
                guard let uid = try? EntityUID(json: value) else { throw ShapeError(.invalid, at: "/named", "not an entity") }
                named[member.key, default: []].append(uid)
            }
        }
        let stored = try Step(json: try fields.required("step"))
        let isOld = (stored.adds + stored.removes).contains { !$0.relation.contains(".") }
        self.init(
            target: uid, targetName: try fields.string("targetName"), touched: touched,
            inverse: inverse,
            reversibility: reversibility, precondition: precondition, version: try fields.string("version"),
            native: try fields.required("native"), facts: [], named: named,
            step: isOld ? stored.renamed { Self.directory + $0 } : stored)
        self.isOld = isOld
        try fields.end()
    }
}
