public import StrictJSON

extension Requirement {
    /// Whether a context shows what is asked for; nil when that can't be told from the context alone.
    public func holds(in context: [ExactString: Value]) -> Bool? {
        switch self {
        case .all(let parts): return Self.all(parts.map { $0.holds(in: context) })
        case .any(let parts): return Self.all(parts.map { $0.holds(in: context).map { !$0 } }).map { !$0 }
        case .atLeast(let path, let least):
            guard case .long(let number)? = Self.value(path, context) else { return nil }
            return number >= least
        case .holdsAll(let path, let values):
            guard case .set(let held)? = Self.value(path, context) else { return nil }
            return values.allSatisfy(held.contains)
        case .holdsAny(let path, let values):
            guard case .set(let held)? = Self.value(path, context) else { return nil }
            // Of no values in particular: anything at all.
            return values.isEmpty ? !held.isEmpty : values.contains(where: held.contains)
        case .condition(let text): return Self.condition(text, context)
        }
    }

    /// One that is false settles it, whatever the others are.
    private static func all(_ parts: [Bool?]) -> Bool? {
        parts.contains(false) ? false : parts.contains { $0 == nil } ? nil : true
    }

    private static func value(_ path: [String], _ context: [ExactString: Value]) -> Value? {
        var value = Value.record(context)
        for name in path {
            guard case .record(let members) = value, let member = members[ExactString(name)] else { return nil }
            value = member
        }
        return value
    }

    private static func condition(_ text: String, _ context: [ExactString: Value]) -> Bool? {
        guard let policies = try? PolicySet.parse("permit (principal, action, resource) when { \(text) };"), policies.count == 1,
            let conditions = policies.first?.conditions, conditions.count == 1, let body = conditions.first?.body,
            isOfContextAlone(body)
        else { return nil }
        let nobody = EntityUID(type: "Nobody", id: "")
        let request = Request(principal: nobody, action: nobody, resource: nobody, context: context)
        return try? Evaluator(request: request, entities: Entities()).bool(body)
    }

    /// Whether nothing in it asks who somebody is or what they are in.
    private static func isOfContextAlone(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .variable(let variable) where variable != .context: false
        case .binary(.in, _, _), .binary(.hasTag, _, _), .binary(.getTag, _, _), .is(_, _, in: _?): false
        default: expression.children.allSatisfy(isOfContextAlone)
        }
    }

    // MARK: Canonical form

    /// The same, in the one form that does not depend on how the policies are named or written down: nothing of a kind stands
    /// directly in its like, nothing stands twice, and all is in order. The canonical form of a canonical form is itself.
    public var canonical: Requirement {
        switch self {
        case .all(let parts):
            let flat = parts.map(\.canonical).flatMap { if case .all(let inner) = $0 { inner } else { [$0] } }
            return Self.ordered(flat) { .all($0) }
        case .any(let parts):
            let flat = parts.map(\.canonical).flatMap { if case .any(let inner) = $0, !inner.isEmpty { inner } else { [$0] } }
            return Self.ordered(flat) { .any($0) }
        default: return self
        }
    }

    /// Sorted and without repetition; one part alone is itself.
    private static func ordered(_ parts: [Requirement], _ make: ([Requirement]) -> Requirement) -> Requirement {
        var seen: Set<[UInt8]> = []
        let keyed = parts.map { (part: $0, key: JSONWriter.canonical($0.json)) }.filter { seen.insert($0.key).inserted }
        let sorted = keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.part)
        return sorted.count == 1 ? sorted[0] : make(sorted)
    }

    /// How many `all` and `any` stand in one another at most.
    public var depth: Int {
        switch self {
        case .all(let parts), .any(let parts): 1 + (parts.map(\.depth).max() ?? 0)
        default: 0
        }
    }

    public var json: JSONValue {
        switch self {
        case .all(let parts): ["all": .array(parts.map(\.json))]
        case .any(let parts): ["any": .array(parts.map(\.json))]
        case .atLeast(let path, let least): ["atLeast": .integer(least), "path": Self.json(path)]
        case .holdsAll(let path, let values): ["holdsAll": .array(values.map(\.json)), "path": Self.json(path)]
        case .holdsAny(let path, let values): ["holdsAny": .array(values.map(\.json)), "path": Self.json(path)]
        case .condition(let text): ["condition": .string(text)]
        }
    }

    private static func json(_ path: [String]) -> JSONValue { .array(path.map(JSONValue.string)) }

    /// - Throws: `ShapeError` and `FormatError`.
    public init(json: JSONValue) throws {
        try self.init(json: json, depth: 0)
    }

    private init(json: JSONValue, depth: Int) throws {
        guard depth < 100 else { throw ShapeError(.tooLong, at: "", "a requirement is not that deep") }
        var fields = try Fields(json)
        func parts(_ key: String) throws -> [Requirement] {
            try fields.array(key).map { try Requirement(json: $0, depth: depth + 1) }
        }
        if fields.has("all") {
            self = .all(try parts("all"))
        } else if fields.has("any") {
            self = .any(try parts("any"))
        } else if let text = try fields.optionalString("condition") {
            self = .condition(text)
        } else {
            let path = try fields.strings("path")
            if let least = try fields.optionalInteger("atLeast") {
                self = .atLeast(path, least)
            } else {
                let isAll = fields.has("holdsAll")
                let values = try fields.array(isAll ? "holdsAll" : "holdsAny").map { try Value(json: $0) }
                self = isAll ? .holdsAll(path, values) : .holdsAny(path, values)
            }
        }
        try fields.end()
    }
}
