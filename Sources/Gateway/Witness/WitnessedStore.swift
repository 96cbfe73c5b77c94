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
    private let alarm: @Sendable (String) -> Void
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

    // MARK: Reading what was written

    /// What was read is not what the ledger holds: altered, or written this very moment.
    struct Mismatch: Error {
        let what: String
    }

    func altered(_ what: String) -> StoreError {
        alarm("\(what) in the store is not what the gateway wrote; it is not used")
        return StoreError(.altered, "\(what) is not what was written")
    }

    /// Reads and compares; where the two differ, once more while nothing is being written. What can't be read was altered too.
    func settled<T>(_ attempt: (_ isLast: Bool) async throws -> T) async throws -> T {
        do { return try await attempt(false) } catch is Mismatch {
        } catch let error as StoreError where error.code == .corrupt {}
        return try await writer.inTurn {
            do { return try await attempt(true) } catch let mismatch as Mismatch { throw altered(mismatch.what) } catch let error
                as StoreError
                where error.code == .corrupt
            { throw altered(error.message) }
        }
    }

    private func isOurs(_ record: StoredRecord, _ fetched: RecordMap.Fetched) throws -> Bool {
        try known(record.key) { try $0.holds(record, fetched) }
    }

    /// Asks about a record. A bucket that is not what was written proves nothing of it, and one that a snapshot kept meanwhile was
    /// not fetched.
    private func known(_ key: String, _ body: (Ledger) throws -> Bool) throws -> Bool {
        do { return try writer.known(body) } catch is StoreError { throw Mismatch(what: "the digest of \(key)") }
    }

    /// The value, if it is what was written under its key; nil when nothing was.
    private func check<T>(_ value: T?, _ key: String, _ record: (T) -> StoredRecord) async throws -> T? {
        let fetched = try await writer.fetched(for: [key])
        guard let value else {
            guard try known(key, { try !$0.knows(key, fetched) }) else { throw Mismatch(what: key) }
            return nil
        }
        guard record(value).key == key, try isOurs(record(value), fetched) else { throw Mismatch(what: key) }
        return value
    }

    /// Those that are what was written. Others are told of and left out: one altered record must not stop the rest.
    ///
    /// - Parameter belongs: whether it is one of those asked for: it was found by what stands beside it.
    private func checked<T>(
        _ values: [T], isLast: Bool, where belongs: (T) -> Bool, _ record: (T) -> StoredRecord
    ) async throws -> [T] {
        let fetched = try await writer.fetched(for: Set(values.map { record($0).key }))
        return try values.filter { value in
            if belongs(value), (try? isOurs(record(value), fetched)) == true { return true }
            guard isLast else { throw Mismatch(what: record(value).key) }
            _ = altered(record(value).key)
            return false
        }
    }

    public func change(_ id: String) async throws -> Change? {
        try await settled { _ in try await check(try await inner.change(id), "change/\(id)") { .change($0) } }
    }

    public func changes(in states: Set<Change.State>, limit: Int, after: String? = nil) async throws -> [Change] {
        try await page(states, limit: limit, after: after).changes
    }

    /// A page of changes, newest first or oldest first, and the id after which the next begins. Which changes may still go on is
    /// known without the store; of the others, one that is altered is left out and told of.
    func page(_ states: Set<Change.State>, limit: Int, after: String?, oldestFirst: Bool = false) async throws -> (
        changes: [Change], next: String?
    ) {
        guard states.isSubset(of: Ledger.openStates) else {
            return try await settled { isLast in
                let found = try await inner.changes(in: states, limit: limit, after: after)
                let ours = try await checked(found, isLast: isLast, where: { states.contains($0.state) }) { .change($0) }
                return (ours, found.count == limit ? found.last?.id : nil)
            }
        }
        var last: Change?
        if let after { last = try await change(after) }
        let newest = writer.known { $0.open(in: states) }
        let all = oldestFirst ? newest.reversed() : newest
        let rest =
            last.map { last in
                all.filter {
                    oldestFirst ? ($0.created, $0.id) > (last.created, last.id) : ($0.created, $0.id) < (last.created, last.id)
                }
            } ?? all
        var changes: [Change] = []
        for (id, _) in rest.prefix(limit) {
            do { if let change = try await change(id) { changes.append(change) } } catch let error as StoreError
                where error.code == .altered
            { continue }
        }
        return (changes, rest.count > limit ? rest[limit - 1].id : nil)
    }

    /// The changes that were granted and are not known to have come to an end.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func unsettled() async throws -> [Change] {
        let ids = writer.known { ledger in ledger.open(in: [.executing]).map(\.id) + ledger.lost }
        return try await changes(ids.sorted())
    }

    /// The changes with these ids.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func changes(_ ids: [String]) async throws -> [Change] {
        var changes: [Change] = []
        for id in ids {
            guard let change = try await change(id) else { throw altered("change/\(id)") }
            changes.append(change)
        }
        return changes
    }

    /// Shows every change there is, some at a time.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func everyChange(_ visit: ([Change]) throws -> Void) async throws {
        var (after, count): (String?, Int64) = (nil, 0)
        repeat {
            let page = try await settled { _ in try await ours(of: .change, after: after) }
            count += Int64(page.records.count)
            try visit(page.records.compactMap { if case .change(let change) = $0 { change } else { nil } })
            after = page.next
        } while after != nil
        guard count == writer.known({ $0.map.counts["change", default: 0] }) else { throw altered("the list of changes") }
    }

    /// Records of a kind, each as it was written.
    func ours(of kind: StoredRecord.Kind, after: String?) async throws -> RecordPage {
        let page = try await inner.records(of: kind, after: after, limit: 256)
        let fetched = try await writer.fetched(for: Set(page.records.map(\.key)))
        for record in page.records where try !isOurs(record, fetched) && !record.isFirstEpoch { throw Mismatch(what: record.key) }
        return page
    }

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

    /// The state of a change that may still go on, whatever the store says; nil of any other.
    func openState(of change: String) -> Change.State? { writer.known { $0.open[change]?.state } }

    /// The changes that wait, oldest first.
    func waiting() -> [WaitingChange] { writer.known { $0.waiting() } }

    func waiting(ofTask task: String) -> [WaitingChange] { writer.known { $0.waiting { $0.task == task } } }

    /// The change that waits and asks for the same.
    func waiting(like sameness: Authority.Digest) -> String? { writer.known { $0.alike[sameness] } }

    func waitingCount(of requester: PrincipalID) -> Int { writer.known { $0.waitingOf[requester, default: 0] } }

    func waitingCount(forDelegator person: String) -> Int {
        writer.known { $0.waitingFor[person, default: 0] }
    }

    /// Whether there is such a task, whatever the store says.
    func knows(task id: String) async throws -> Bool {
        let key = "task/\(id)"
        return try await settled { _ in
            let fetched = try await writer.fetched(for: [key])
            return try known(key) { try $0.knows(key, fetched) }
        }
    }

    /// The last decision on a change that may still go on.
    func decision(on change: String) -> Ledger.Decided? { writer.known { $0.open[change]?.decision } }

    public func overdue(at now: Instant, limit: Int) async throws -> [Change] {
        try await settled { isLast in
            try await checked(try await inner.overdue(at: now, limit: limit), isLast: isLast, where: { $0.expires <= now }) {
                .change($0)
            }
        }
    }

    public func task(_ id: String) async throws -> Task? {
        if let task = writer.known({ $0.tasks[id] }) { return task }
        return try await settled { _ in try await check(try await inner.task(id), "task/\(id)") { .task($0) } }
    }

    public func task(forToken token: String) async throws -> Task? {
        let known = writer.known { ledger in ledger.tokens[token].flatMap { ledger.tasks[$0] } }
        if let known { return known }
        return try await settled { _ in
            let task = try await inner.task(forToken: token)
            _ = try await check(task, StoredRecord.token(token)) { .token(token, task: $0.id) }
            guard let task else { return nil }
            return try await check(task, "task/\(task.id)") { .task($0) }
        }
    }

    public func approvals(of change: String) async throws -> [SignedApproval] {
        try await settled { isLast in
            let found = try await inner.approvals(of: change)
            return try await checked(found, isLast: isLast, where: { $0.statement.change == change }) { .approval($0) }
        }
    }

    public func openLeases() -> [LeaseReference] {
        writer.known { $0.leases.values.sorted { ($0.expires, $0.id) < ($1.expires, $1.id) } }
    }

    /// The lease of a change that may still go on, ended or not.
    public func lease(of change: String) -> LeaseReference? { writer.known { $0.leaseOf[change] } }

    public func locks() -> (locks: [Lock], epoch: Int64) {
        writer.known { ledger in (ledger.locks.keys.sorted().compactMap { ledger.locks[$0] }, ledger.epoch) }
    }

    public func idempotency(principal: String, key: String) async throws -> IdempotencyRecord? {
        try await settled { _ in
            try await check(
                try await inner.idempotency(principal: principal, key: key), StoredRecord.idempotency(principal, key)
            ) { .idempotency($0) }
        }
    }

    // MARK: The logs

    public func logSize(_ log: LogName) async throws -> Int64 { writer.known { $0.trees[log]?.size ?? 0 } }

    /// A single entry is proved to be in the log; of several only their number.
    public func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] {
        guard range.count == 1 else { return try await inner.entries(log, in: range) }
        return try await settled { _ in
            let entries = try await inner.entries(log, in: range)
            guard let bytes = entries.first else { return [] }
            let checkpoint = try checkpoint(log).checkpoint
            guard range.lowerBound < checkpoint.size else { throw Mismatch(what: "\(log.rawValue)/\(range.lowerBound)") }
            let proof = try await inclusion(of: range.lowerBound, in: log, size: checkpoint.size)
            guard
                Verification.inclusion(
                    leaf: .leaf(bytes), index: range.lowerBound, size: checkpoint.size, proof: proof, root: checkpoint.root)
            else { throw Mismatch(what: "\(log.rawValue)/\(range.lowerBound)") }
            return entries
        }
    }

    /// The audit path of an entry in the tree of that size, from the stored nodes: whoever uses it checks it.
    func inclusion(of index: Int64, in log: LogName, size: Int64) async throws -> [Hash] {
        let tree = writer.known { $0.trees[log] ?? LogTree() }
        return try await TreeReader(log, tree, in: inner).inclusion(of: index, size: size)
    }

    public func position(ofEntry id: String) async throws -> LogPosition? { try await inner.position(ofEntry: id) }

    public func positions(linkedTo id: String) async throws -> [LogPosition] { try await inner.positions(linkedTo: id) }

    /// The first so many hashes of a tile, as they were written.
    func tile(_ id: TileID, of log: LogName, width: Int) async throws -> Tile {
        let tree = writer.known { $0.trees[log] ?? LogTree() }
        let kept = try await inner.tiles([id], of: log)[id]?.hashes
        guard let hashes = tree.open(id) ?? kept, hashes.count >= width else {
            throw StoreError(.altered, "a tile of the \(log.rawValue) log is missing")
        }
        return Tile(id: id, hashes: Array(hashes.prefix(width)))
    }

    /// The body that an entry names by its digest, proved to be it.
    func blob(_ digest: Authority.Digest) async throws -> [UInt8]? {
        try await settled { _ in
            guard let bytes = try await inner.blob(digest) else { return nil }
            guard Authority.Digest(of: bytes) == digest else { throw Mismatch(what: "blob/\(digest)") }
            return bytes
        }
    }
}
