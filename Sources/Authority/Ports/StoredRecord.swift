public import StrictJSON

/// One record of a store, as the log binds it: each batch's first entry names the records it changed, with their digests. So
/// whatever stands in the store can be held against what the gateway wrote.
public enum StoredRecord: Sendable {
    case change(Change)
    case task(Task)
    /// The task that a token opened.
    case token(String, task: String)
    case approval(SignedApproval)
    case lease(LeaseReference, ended: Instant?)
    case lock(Lock)
    case epoch(Int64)
    case intent(change: String, digest: Digest, expires: Instant)
    case idempotency(IdempotencyRecord)
    /// One that says two things of itself: never what was written.
    case garbled(key: String)

    /// What records are kept together.
    public enum Kind: String, CaseIterable, Sendable {
        /// `task` has those of tokens, too.
        case change, task, approval, lease, lock, epoch, intent, idempotency
    }

    /// Unique among all records.
    public var key: String {
        switch self {
        case .change(let change): "change/\(change.id)"
        case .task(let task): "task/\(task.id)"
        case .token(let token, _): Self.token(token)
        case .approval(let approval): Self.approval(approval.statement.nonce)
        case .lease(let lease, _): Self.lease(lease.id)
        case .lock(let lock): Self.lock(lock.key)
        case .epoch: "epoch"
        case .intent(let change, _, _): Self.intent(change)
        case .idempotency(let record): Self.idempotency(record.principal, record.key)
        case .garbled(let key): key
        }
    }

    public static func token(_ token: String) -> String { "token/\(token)" }
    public static func approval(_ nonce: String) -> String { "approval/\(nonce)" }
    public static func lease(_ id: String) -> String { "lease/\(id)" }
    public static func lock(_ key: String) -> String { "lock/\(key)" }
    public static func intent(_ change: String) -> String { "intent/\(change)" }
    public static func idempotency(_ principal: String, _ key: String) -> String { "idempotency/\(principal) \(key)" }

    public var digest: Digest { Digest(of: json) }

    private var json: JSONValue {
        switch self {
        case .change(let change): change.json
        case .task(let task): task.json
        case .token(_, let task): .string(task)
        case .approval(let approval): approval.json
        case .lease(let lease, let ended):
            [
                "change": .string(lease.change), "system": .string(lease.system), "account": .string(lease.account),
                "expires": .integer(lease.expires.milliseconds), "ended": ended.map { .integer($0.milliseconds) } ?? .null,
            ]
        case .lock(let lock): ["by": .string(lock.by), "at": .integer(lock.at.milliseconds)]
        case .epoch(let value): .integer(value)
        case .intent(_, let digest, let expires): ["digest": .string(digest.hex), "expires": .integer(expires.milliseconds)]
        case .idempotency(let record): ["request": .string(record.request.hex), "change": .string(record.change)]
        case .garbled: "says two things of itself"
        }
    }
}

/// What a batch made of the records, as its log entry says.
public struct RecordChanges: Sendable {
    /// One more than that of the batch before: a batch left out shows.
    public let sequence: Int64
    /// The digest that each record has now; nil for one that is gone.
    public let digests: [(key: String, digest: Digest?)]

    public init(sequence: Int64, digests: [(key: String, digest: Digest?)]) {
        self.sequence = sequence
        self.digests = digests
    }

    var json: JSONValue {
        let members = digests.sorted { $0.key < $1.key }.map { change in
            JSONObject.Member(key: change.key, value: change.digest.map { .string($0.hex) } ?? .null)
        }
        return ["sequence": .integer(sequence), "digests": .object(JSONObject(members))]
    }

    public init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        sequence = try fields.integer("sequence")
        let members = try fields.required("digests").object?.members ?? []
        try fields.end()
        digests = members.map { ($0.key, $0.value.string.flatMap(Digest.init(hex:))) }
    }
}
