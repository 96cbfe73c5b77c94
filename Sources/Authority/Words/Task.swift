public import StrictJSON

/// A bounded piece of work that a workload opens, or a person by logging in.
public struct Task: Hashable, Sendable {
    public let id: String
    public let tenant: String
    /// Whose it is.
    public let holder: PrincipalID
    public let purpose: Purpose
    /// The person on whose behalf the workload acts, when the token says so.
    public let delegator: String?
    public let created: Instant
    public let expires: Instant
    /// When it was ended before it expired.
    public var ended: Instant?

    public init(
        id: String, tenant: String, holder: PrincipalID, purpose: Purpose, delegator: String?, created: Instant,
        expires: Instant, ended: Instant? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.holder = holder
        self.purpose = purpose
        self.delegator = delegator
        self.created = created
        self.expires = expires
        self.ended = ended
    }

    public func isOpen(at now: Instant) -> Bool { ended == nil && now < expires }

    public var json: JSONValue {
        var object: JSONValue = [
            "id": .string(id), "tenant": .string(tenant), "holder": holder.json, "purpose": purpose.json,
            "created": .integer(created.milliseconds), "expires": .integer(expires.milliseconds),
        ]
        object.add("delegator", delegator.map(JSONValue.string))
        object.add("ended", ended.map { .integer($0.milliseconds) })
        return object
    }

    /// - Throws: ``ShapeError``.
    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        self.init(
            id: try fields.string("id"), tenant: try fields.string("tenant"),
            holder: try PrincipalID(json: try fields.required("holder"), at: "/holder"),
            purpose: try Purpose(json: try fields.required("purpose")), delegator: try fields.optionalString("delegator"),
            created: try fields.instant("created"),
            expires: try fields.instant("expires"),
            ended: try fields.optionalInteger("ended").map(Instant.init(milliseconds:)))
        try fields.end()
    }
}

/// What a task is for: one of the configured purposes, and who said so.
public struct Purpose: Hashable, Sendable {
    public enum Source: String, Sendable {
        /// The caller named it.
        case chosen
        /// The caller named none: the first of those configured.
        case assumed
    }

    public let name: String
    public let source: Source

    public init(_ name: String, _ source: Source) {
        self.name = name
        self.source = source
    }

    public var json: JSONValue { ["name": .string(name), "source": .string(source.rawValue)] }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        name = try fields.string("name")
        guard let source = Source(rawValue: try fields.string("source")) else {
            throw ShapeError(.invalid, at: "/source", "not a purpose's source")
        }
        self.source = source
        try fields.end()
    }
}
