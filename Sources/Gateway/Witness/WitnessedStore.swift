public import Authority
public import Crypto
import StrictJSON
import Synchronization
import TransparencyLog

/// A store that may be written by others, and a memory of what the gateway wrote to it.
///
/// Whatever is read that is not what was written is not used: ``StoreError/Code/altered``. Every batch is signed, together with
/// all before it, in the same transaction: entries that somebody else appended have no signature, and are never signed over.
public final class WitnessedStore: IntentLedger {
    let inner: any Store
    /// The gateway's id, which begins the logs' origins.
    let gateway: String
    let key: Curve25519.Signing.PublicKey
    /// Whether the logs go on from closed ones.
    let isSuccessor: Bool
    /// The checkpoint of a log with that tree, signed.
    private let signed: @Sendable (LogName, LogTree) throws -> SignedCheckpoint
    private let now: @Sendable () -> Instant
    let alarm: @Sendable (String) -> Void
    let writer: BatchWriter
    /// What the last snapshot left for the graph, until it was taken.
    private let resumed: Mutex<StoreStart.Resumed?>
    private let snapshots: SnapshotKeeper

    private init(
        _ inner: any Store, _ found: StoreStart.Found, gateway: String, key: Curve25519.Signing.PrivateKey,
        now: @escaping @Sendable () -> Instant, alarm: @escaping @Sendable (String) -> Void,
        stop: @escaping @Sendable (String) -> Void
    ) {
        self.inner = inner
        self.gateway = gateway
        self.key = key.publicKey
        self.now = now
        self.alarm = alarm
        resumed = Mutex(found.resumed)
        isSuccessor = found.isSuccessor
        signed = { [isSuccessor] log, tree in
            let origin = Journal.origin(log, gateway: gateway, isSuccessor: isSuccessor)
            return try SignedCheckpoint(Checkpoint(origin: origin, size: tree.size, root: tree.root), key: key)
        }
        snapshots = SnapshotKeeper(inner, gateway: gateway, key: key)
        writer = BatchWriter(
            inner, found.ledger, signed: signed, snapshots: snapshots, now: now, alarm: alarm, stop: stop)
    }

    /// Takes up a store, proved to be what an earlier run left.
    ///
    /// - Parameters:
    ///   - checkpoints: signed checkpoints kept elsewhere, which the logs must agree with.
    ///   - alarm: told of what somebody else altered.
    ///   - stop: told when the process must end: what is on disk is known only to who reads it anew.
    /// - Throws: ``StoreError`` `altered`, with everything found.
    public static func open(
        _ inner: any Store, gateway: String, key: Curve25519.Signing.PrivateKey, checkpoints: [String] = [],
        now: @escaping @Sendable () -> Instant, alarm: @escaping @Sendable (String) -> Void,
        stop: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> WitnessedStore {
        let found = try await StoreStart(store: inner, gateway: gateway, key: key.publicKey, notes: checkpoints).take()
        let store = WitnessedStore(inner, found, gateway: gateway, key: key, now: now, alarm: alarm, stop: stop)
        try await store.succeed(try found.toSucceed.mapValues { try SignedCheckpoint($0, key: key) })
        if found.resumed == nil {
            if found.hadSnapshot { alarm("the last snapshot of the store was not gone by, and everything was read") }
            // Whatever is left of it would be taken for a part of the next.
            try await inner.forgetSnapshot()
            await store.snapshot()
        }
        return store
    }

    /// Begins logs that go on from closed ones.
    private func succeed(_ checkpoints: [LogName: SignedCheckpoint]) async throws {
        guard !checkpoints.isEmpty else { return }
        let entries = LogName.allCases.compactMap { log in
            checkpoints[log].map {
                LogEntry(.succession(log, checkpoint: $0.note), id: "succession-\(log.rawValue)", time: now())
            }
        }
        try await commit([], entries: entries)
    }

    // MARK: Writing

    /// Writes, and waits until it is on disk.
    ///
    /// - Returns: where each entry stands.
    /// - Throws: ``StoreError``; ``GrantRefusal``.
    @discardableResult
    public func commit(_ writes: [Write], entries: [LogEntry]) async throws -> [LogPosition] {
        try await writer.commit(writes, entries: entries)
    }

    public func commit(_ intent: Intent, of change: Change, entry: LogEntry) async throws {
        try await commit([.recordIntent(intent, of: change)], entries: [entry])
    }

    /// Has entries written, and does not wait: see ``BatchWriter/add(_:)``.
    func add(_ entries: [LogEntry]) async throws { try await writer.add(entries) }

    /// Waits until an entry is on disk that nobody waited for.
    ///
    /// - Throws: why it is not.
    func settle(_ id: String) async throws { try await writer.settle(id) }

    /// The signed checkpoint of a log as the gateway wrote it.
    func checkpoint(_ log: LogName) throws -> SignedCheckpoint {
        try signed(log, writer.known { $0.trees[log] ?? LogTree() })
    }

    /// The signed checkpoints of all logs as they stand.
    public func checkpoints() throws -> [LogName: String] {
        var notes: [LogName: String] = [:]
        for log in LogName.allCases { notes[log] = try checkpoint(log).note }
        return notes
    }

    /// Lets go of what is known of tasks that are over.
    package func forgetTasks() {
        let now = now()
        writer.change { $0.forgetTasks(over: now) }
    }

    /// Makes a lock count in this process from now on, whether or not it can be stored.
    func hold(_ lock: Lock) { writer.change { $0.hold(lock) } }

    /// Locks in force that are not stored.
    var unstoredLocks: [Lock] { writer.known { $0.unstored } }

    /// A change that somebody refused gets no grant any more, whether or not the refusal can be stored.
    ///
    /// - Parameter id: of the statement's entry.
    func hold(refusalOf change: String, entry id: String) {
        writer.change { $0.hold(refusalOf: change, entry: id) }
    }

    /// Takes back what did not count.
    func release(refusalOf change: String, entry id: String) {
        writer.change { $0.release(refusalOf: change, entry: id) }
    }

    // MARK: Snapshots

    /// What the last snapshot left for the graph, once; nil where there was none, or it was taken.
    func takeResumed() -> StoreStart.Resumed? {
        resumed.withLock { resumed in
            defer { resumed = nil }
            return resumed
        }
    }

    /// Keeps a snapshot now, so that the next start need not read what came before.
    public func snapshot() async { await writer.inTurn { await writer.snapshot() } }

    /// Leaves the store so that the next start has little to read.
    func close() async throws {
        await snapshot()
        try await inner.close()
    }

    /// Keeps with each snapshot what the graph must know of all that was done.
    func keep(_ reach: @escaping @Sendable () -> JSONValue?) { snapshots.keep(reach) }
}
