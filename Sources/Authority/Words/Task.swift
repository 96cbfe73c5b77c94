import Cedar
public import StrictJSON

/// A bounded piece of work that a workload opens, or a person by logging in.
public struct Task: Hashable, Sendable {
    public let id: String
    public let tenant: String
    /// Whose it is.
    public let holder: PrincipalID
    /// One of the configured purposes.
    public let purpose: String
    /// The person on whose behalf the workload acts, when the token says so.
    public let delegator: String?
    public let created: Instant
    public let expires: Instant
    /// When it was ended before it expired.
    public var ended: Instant?

    public init(
        id: String, tenant: String, holder: PrincipalID, purpose: String, delegator: String?, created: Instant,
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
            "id": .string(id), "tenant": .string(tenant), "holder": holder.json, "purpose": .string(purpose),
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
            purpose: try fields.string("purpose"), delegator: try fields.optionalString("delegator"),
            created: try fields.instant("created"),
            expires: try fields.instant("expires"),
            ended: try fields.optionalInteger("ended").map(Instant.init(milliseconds:)))
        try fields.end()
    }

    /// The task as policy sees it.
    var value: Value {
        .record([
            "id": .string(.init(id)), "tenant": .string(.init(tenant)), "purpose": .string(.init(purpose)),
            "expires": .datetime(Datetime(milliseconds: expires.milliseconds)),
        ])
    }
}
