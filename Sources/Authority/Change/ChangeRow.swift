public import StrictJSON

/// A change as one line of a list. Names and values in it may be a model's; what it claims is not.
public struct ChangeRow: Sendable {
    public let id: String
    public let state: Change.State
    public let wait: Change.Wait
    public let reason: String?
    public let requester: PrincipalID
    public let delegator: String?
    public let system: String
    public let operation: String
    /// What it does, in the words of people: `add apprentices to release-managers`.
    public let sentence: String
    /// What is still missing, in words; nil of one that does not wait.
    public let needs: String?
    /// The protected targets that it would make takeable.
    public let takeover: [String]
    public let created: Instant
    public let expires: Instant

    /// - Parameter known: its operation; nil when it is no longer known.
    public init(_ change: Change, _ known: Operation?) {
        (id, state, wait, reason) = (change.id, change.state, change.wait, change.reason)
        (requester, delegator) = (change.requester, change.task.delegator)
        (system, operation) = (change.system, change.operation)
        sentence = Self.sentence(known, change)
        needs = change.state == .proposed ? Self.needs(change) : nil
        takeover = change.shown.reach.targets
        (created, expires) = (change.created, change.expires)
    }

    private static func needs(_ change: Change) -> String {
        switch change.wait {
        case .adoption: "to be adopted"
        case .approval: change.needs ?? "to be tried again"
        case .nothing: "to be tried again"
        }
    }

    private static func sentence(_ operation: Operation?, _ change: Change) -> String {
        let (target, touched) = (change.plan.targetName, change.plan.touched)
        // Values that are references are shown by their names.
        let references = Set((operation?.relationsTouched ?? []).map(RelationDefinition.localName(of:)))
        guard let phrase = operation?.phrase, !phrase.isEmpty else { return "\(change.operation) on \(target)" }
        func names(_ more: (TouchedValue) -> [String], _ than: (TouchedValue) -> [String]) -> String {
            let found = touched.flatMap { value in
                more(value).filter { !than(value).contains($0) }.map { references.contains(value.attribute) ? name($0) : $0 }
            }
            return found.isEmpty ? "nothing" : found.joined(separator: ", ")
        }
        func word(_ placeholder: Substring) -> String {
            switch placeholder {
            case "target": target
            case "added": names(\.after, \.before)
            case "removed": names(\.before, \.after)
            default: change.input[String(placeholder)]?.string ?? ""
            }
        }
        // Each placeholder once, and only those of the phrase: a name may look like one.
        let parts = phrase.split(separator: "{", omittingEmptySubsequences: false)
        return (parts.first.map(String.init) ?? "")
            + parts.dropFirst().map { part in
                let end = part.firstIndex(of: "}") ?? part.endIndex
                return word(part[..<end]) + part[end...].dropFirst()
            }.joined()
    }

    /// A member is written with its id, which people don't say: `kim (u-7)`.
    private static func name(_ value: String) -> String {
        guard value.hasSuffix(")"), let start = value.lastIndex(of: "("), value[..<start].hasSuffix(" ") else { return value }
        return String(value[..<start].dropLast())
    }

    public var json: JSONValue {
        var json: JSONValue = [
            "id": .string(id), "state": .string(state.rawValue), "wait": .string(wait.rawValue), "requester": requester.json,
            "system": .string(system), "operation": .string(operation), "sentence": .string(sentence),
            "takeover": .array(takeover.map(JSONValue.string)), "created": .integer(created.milliseconds),
            "expires": .integer(expires.milliseconds),
        ]
        json.add("reason", reason.map(JSONValue.string))
        json.add("delegator", delegator.map(JSONValue.string))
        json.add("needs", needs.map(JSONValue.string))
        return json
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        id = try fields.string("id")
        guard let state = Change.State(rawValue: try fields.string("state")),
            let wait = Change.Wait(rawValue: try fields.string("wait"))
        else { throw ShapeError(.invalid, at: "/state", "not a change") }
        (self.state, self.wait) = (state, wait)
        reason = try fields.optionalString("reason")
        requester = try PrincipalID(json: try fields.required("requester"), at: "/requester")
        delegator = try fields.optionalString("delegator")
        system = try fields.string("system")
        operation = try fields.string("operation")
        sentence = try fields.string("sentence")
        needs = try fields.optionalString("needs")
        takeover = try fields.strings("takeover")
        created = try fields.instant("created")
        expires = try fields.instant("expires")
        try fields.end()
    }
}
