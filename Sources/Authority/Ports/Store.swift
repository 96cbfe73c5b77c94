public import TransparencyLog

/// What a store could not do.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A condition of the batch did not hold; nothing was written.
        case conflict = "store.conflict"
        case unavailable = "store.unavailable"
        /// A write failed, and may have come about all the same: only who reads the store anew knows.
        case doubtful = "store.doubtful"
        /// The disk is full; only what ends or stops something is written still.
        case full = "store.full"
        case corrupt = "store.corrupt"
        /// What is stored is not what the gateway wrote.
        case altered = "store.altered"
        /// More than is ever written at once.
        case tooLarge = "store.too_large"
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) [\(code.rawValue)]" }
}

/// One write of a batch. Each has a condition; when one fails, the whole batch does.
public enum Write: Sendable {
    /// The id must be new, and nothing that asks for the same may wait.
    case insertChange(Change)
    /// The stored change must be this one, as a whole.
    case updateChange(Change, from: Change)
    case insertTask(Task, token: String)
    case updateTask(Task)
    /// The nonce must be new, and the person must not yet have given that verdict on the change.
    case insertApproval(SignedApproval)
    /// An approval that no longer counts makes room for the same person's new one.
    case replaceApproval(SignedApproval, with: SignedApproval)
    case putLease(LeaseReference)
    case endLease(String, at: Instant)
    /// One placed on the same later takes the place of the lock that is there. Placing the very lock again, or lifting one that is
    /// not there, changes nothing.
    case placeLock(Lock)
    case liftLock(String)
    /// Moves the epoch that grants are bound to, as a change of a lock does: other policies are in force from here on.
    case voidDecisions(policies: Digest)
    /// The principal must not have used the key.
    case insertIdempotency(IdempotencyRecord)
    /// An intent on a change: its epochs must be current, and it must have none. The change begins, and the lease is stored.
    ///
    /// A condition that does not hold throws a ``GrantRefusal``.
    case recordIntent(Intent, of: Change)
}

extension Write {
    /// Whether it ends or stops something: space is kept for these when there is none for anything else.
    public var isEssential: Bool {
        switch self {
        // A gateway that could not be started on a full disk could stop nothing.
        case .endLease, .placeLock, .liftLock, .voidDecisions: true
        case .updateTask(let task): task.ended != nil
        case .updateChange(let change, _): ![.proposed, .approved, .executing].contains(change.state)
        case .insertApproval(let approval): approval.statement.verdict == .refuse
        default: false
        }
    }
}

/// The answer kept for an idempotency key (`Idempotency-Key`): the same key with another request is refused.
public struct IdempotencyRecord: Hashable, Sendable {
    public let principal: String
    public let key: String
    public let request: Digest
    public let change: String

    public init(principal: String, key: String, request: Digest, change: String) {
        self.principal = principal
        self.key = key
        self.request = request
        self.change = change
    }
}

/// Something that stops the next step at once.
public struct Lock: Hashable, Sendable {
    /// `operation`: one operation on one target, as ``operation(_:_:_:)`` names it; `person`: what they do and approve, by whatever
    /// id, and what is done on their behalf.
    public enum Scope: String, Sendable, CaseIterable { case workload, person, task, operation, system, all }

    /// The subject of a lock on an operation: `corp/user.set-title/u-1001`.
    public static func operation(_ system: String, _ operation: String, _ target: String) -> String {
        "\(system)/\(operation)/\(target)"
    }

    public let scope: Scope
    /// The id locked; empty for `all`.
    public let subject: String
    public let by: String
    public let at: Instant

    public init(scope: Scope, subject: String, by: String, at: Instant) {
        self.scope = scope
        self.subject = subject
        self.by = by
        self.at = at
    }

    /// One lock per scope and subject.
    public var key: String { "\(scope.rawValue):\(subject)" }

    /// This lock, and none that is placed on the same later.
    public var identity: String { "\(key)@\(at.milliseconds)" }
}

/// A backend credential that exists, or may: recorded before it is made and until it is known to be gone.
public struct LeaseReference: Hashable, Sendable {
    public let id: String
    public let change: String
    public let system: String
    /// How the backend calls the account.
    public let account: String
    public let expires: Instant

    public init(id: String, change: String, system: String, account: String, expires: Instant) {
        self.id = id
        self.change = change
        self.system = system
        self.account = account
        self.expires = expires
    }
}

/// Where lasting state lives.
///
/// Everything a call has written is on disk when it returns; a batch is written whole or not at all, with its log entries, in one
/// serialised order.
public protocol Store: StoredLogs {
    /// - Throws: ``BatchConflict`` when a condition of one member did not hold; ``StoreError``. Nothing was written then, unless
    ///   it is `doubtful`.
    func commit(_ batch: StoreBatch) async throws

    func change(_ id: String) async throws -> Change?
    /// Newest first; after the change of that id, when one is given.
    func changes(in states: Set<Change.State>, limit: Int, after: String?) async throws -> [Change]
    /// Staged changes whose time is over, those due first first.
    func overdue(at now: Instant, limit: Int) async throws -> [Change]
    func task(_ id: String) async throws -> Task?
    func task(forToken token: String) async throws -> Task?
    func approvals(of change: String) async throws -> [SignedApproval]
    /// Leases not known to have ended, oldest first.
    func openLeases() async throws -> [LeaseReference]
    /// The lease of a change, ended or not.
    func lease(of change: String) async throws -> LeaseReference?
    func locks() async throws -> (locks: [Lock], epoch: Int64)
    func idempotency(principal: String, key: String) async throws -> IdempotencyRecord?

    /// Those of these records that there are, by their keys. One that can't be read, or says two things of itself, is `garbled`.
    func records(_ keys: [String]) async throws -> [StoredRecord]
    /// The records of a kind, in an order that stays as it is while others are added.
    ///
    /// - Throws: ``StoreError`` when one can't be read, or says two things of itself.
    func records(of kind: StoredRecord.Kind, after: String?, limit: Int) async throws -> RecordPage

    /// What the database finds wrong with its own files.
    func damage() async throws -> [String]

    /// The last snapshot that was kept; nil when there is none.
    func snapshot() async throws -> StoredSnapshot?
    /// Those of these buckets that are not empty.
    func buckets(_ numbers: [Int]) async throws -> [Int: [UInt8]]
    /// How many buckets there are.
    func bucketCount() async throws -> Int
    /// Keeps a snapshot in place of the last, with the buckets and parts of hashes that are others since then; all of it or nothing.
    func keep(_ snapshot: StoredSnapshot, buckets: [Int: [UInt8]]) async throws
    /// Leaves everything where whoever comes next, or takes a copy, looks for it. Nothing is written after it.
    func close() async throws
    /// Lets go of the snapshot and its buckets.
    func forgetSnapshot() async throws

    /// Those of these tiles that are kept.
    func tiles(_ ids: [TileID], of log: LogName) async throws -> [TileID: Tile]
    /// What an entry names by its digest; nil when there is none.
    func blob(_ digest: Digest) async throws -> [UInt8]?
    /// The logs that an earlier version left, which nothing is added to any more; nil when there are none.
    func closedLogs() async throws -> (any ClosedLogs)?
}

extension Store {
    public func changes(in states: Set<Change.State>, limit: Int) async throws -> [Change] {
        try await changes(in: states, limit: limit, after: nil)
    }
}
