public import Authority
public import Crypto
import StrictJSON
import Synchronization
import TransparencyLog

/// A store that may be written by others, and a memory of what the gateway wrote to it.
///
/// Whatever is read that is not what was written is not used: ``StoreError/Code/altered``. Every batch is signed, together with
/// all before it, in the same transaction: entries that somebody else appended have no signature, and are never signed over.
public final class WitnessedStore: Store {
    private let inner: any Store
    /// The gateway's id, which begins the logs' origins.
    let gateway: String
    private let key: Curve25519.Signing.PrivateKey
    private let now: @Sendable () -> Instant
    private let alarm: @Sendable (String) -> Void
    private let turn = Turn()
    private let ledger: Mutex<Ledger>
    /// Why nothing is written any more; nil as long as it may be.
    private let broken = Mutex<String?>(nil)

    private init(
        _ inner: any Store, _ ledger: Ledger, gateway: String, key: Curve25519.Signing.PrivateKey,
        now: @escaping @Sendable () -> Instant, alarm: @escaping @Sendable (String) -> Void
    ) {
        self.inner = inner
        self.gateway = gateway
        self.key = key
        self.now = now
        self.alarm = alarm
        self.ledger = Mutex(ledger)
    }

    /// Takes up a store, proved to be what an earlier run left.
    ///
    /// - Parameters:
    ///   - checkpoints: signed checkpoints kept elsewhere, which the logs must agree with.
    ///   - alarm: told of what somebody else altered.
    /// - Throws: ``StoreError`` `altered`, with everything found.
    public static func open(
        _ inner: any Store, gateway: String, key: Curve25519.Signing.PrivateKey, checkpoints: [String] = [],
        now: @escaping @Sendable () -> Instant, alarm: @escaping @Sendable (String) -> Void
    ) async throws -> WitnessedStore {
        var proof = LogProof(gateway: gateway, key: key.publicKey, notes: checkpoints)
        let records: [StoredRecord]
        do {
            for log in LogName.allCases { try await proof.read(log, of: inner) }
            records = try await inner.records()
        } catch let error as StoreError where error.code == .corrupt {
            throw StoreError(.altered, (proof.problems + [error.message]).joined(separator: "\n"))
        }
        let (sequence, digests) = proof.fold.end()
        let problems = proof.problems + proof.fold.problems + RecordFold.differences(records, digests)
        guard problems.isEmpty else { throw StoreError(.altered, problems.joined(separator: "\n")) }
        let ledger = Ledger(
            sequence: sequence, trees: proof.trees, records: records, statements: proof.statements, decisions: proof.decisions)
        return WitnessedStore(inner, ledger, gateway: gateway, key: key, now: now, alarm: alarm)
    }

    // MARK: Writing

    @discardableResult
    public func commit(_ writes: [Write], entries: [LogEntry]) async throws -> [LogPosition] {
        // What takes long to write is written before its turn.
        let written = try entries.map { try $0.inParts }
        let isUrgent = writes.contains(where: \.isEssential) || entries.contains(where: \.isEssential)
        // A batch once begun is not cut short by whoever asked for it going away: nobody would know what became of it.
        return try await Running.task { try await self.inTurn(writes, written, isUrgent) }.value
    }

    private func inTurn(_ writes: [Write], _ entries: [[LogEntry]], _ isUrgent: Bool) async throws -> [LogPosition] {
        await turn.take(isUrgent: isUrgent)
        defer { turn.pass() }
        if let reason = broken.withLock({ $0 }) { throw StoreError(.altered, reason) }
        let batch = try ledger.withLock { ledger in
            try ledger.batch(writes, entries) { number in
                try LogEntry(.state, id: "state-\(number)", time: now()).inParts
            }
        }
        let heads = try batch.trees.sorted { $0.key.rawValue < $1.key.rawValue }.map { log, tree in
            Write.putHead(log, note: try signed(log, tree).note, size: tree.size)
        }
        do { try await inner.commit(writes + heads, entries: batch.entries) } catch {
            try await checkNothingCame(of: error)
            // By all that the gateway wrote, the conditions held.
            if (error as? StoreError)?.code == .conflict || error is GrantRefusal { throw altered("a record of this batch") }
            throw error
        }
        ledger.withLock { $0.take(batch) }
        return batch.positions
    }

    /// A batch that failed for any reason but its own conditions may still have reached the disk. Where that can't be asked now,
    /// the next batch's condition on the log's size tells.
    private func checkNothingCame(of error: any Error) async throws {
        if error is GrantRefusal || (error as? StoreError)?.code == .conflict { return }
        for log in LogName.allCases {
            let expected = ledger.withLock { $0.trees[log]?.size ?? 0 }
            guard let size = try? await inner.logSize(log), size != expected else { continue }
            throw fail("the \(log.rawValue) log has \(size) entries and not \(expected); start the gateway again")
        }
    }

    private func fail(_ reason: String) -> StoreError {
        broken.withLock { $0 = $0 ?? reason }
        alarm(reason)
        return StoreError(.altered, reason)
    }

    private func signed(_ log: LogName, _ tree: TreeEdge) throws -> SignedCheckpoint {
        let checkpoint = Checkpoint(origin: Journal.origin(log, gateway: gateway), size: tree.size, root: tree.root)
        return try SignedCheckpoint(checkpoint, key: key)
    }

    /// The signed checkpoint of a log as the gateway wrote it.
    func checkpoint(_ log: LogName) throws -> SignedCheckpoint {
        try signed(log, ledger.withLock { $0.trees[log] ?? TreeEdge() })
    }

    /// The signed checkpoints of all logs as they stand.
    public func checkpoints() throws -> [LogName: String] {
        var notes: [LogName: String] = [:]
        for log in LogName.allCases { notes[log] = try checkpoint(log).note }
        return notes
    }

    /// Makes a lock count in this process from now on, whether or not it can be stored.
    func hold(_ lock: Lock) { ledger.withLock { $0.hold(lock) } }

    /// Locks in force that are not stored.
    var unstoredLocks: [Lock] { ledger.withLock { $0.unstored } }

    /// A change that somebody refused gets no grant any more, whether or not the refusal can be stored.
    ///
    /// - Parameter id: of the statement's entry.
    /// - Throws: ``StoreError`` conflict when the statement was handed in before.
    func hold(refusalOf change: String, entry id: String) throws {
        try ledger.withLock { try $0.hold(refusalOf: change, entry: id) }
    }

    /// Takes back what did not count.
    func release(refusalOf change: String, entry id: String) {
        ledger.withLock { $0.release(refusalOf: change, entry: id) }
    }

    // MARK: Reading what was written

    /// What was read is not what the ledger holds: altered, or written this very moment.
    private struct Mismatch: Error {
        let what: String
    }

    private func altered(_ what: String) -> StoreError {
        alarm("\(what) in the store is not what the gateway wrote; it is not used")
        return StoreError(.altered, "\(what) is not what was written")
    }

    /// Reads and compares; where the two differ, once more while nothing is being written. What can't be read was altered too.
    private func settled<T>(_ attempt: (_ isLast: Bool) async throws -> T) async throws -> T {
        do { return try await attempt(false) } catch is Mismatch {
        } catch let error as StoreError where error.code == .corrupt {}
        await turn.take()
        defer { turn.pass() }
        do { return try await attempt(true) } catch let mismatch as Mismatch { throw altered(mismatch.what) } catch let error
            as StoreError
            where error.code == .corrupt
        { throw altered(error.message) }
    }

    private func isOurs(_ record: StoredRecord) -> Bool { ledger.withLock { $0.holds(record) } }

    /// The value, if it is what was written under its key; nil when nothing was.
    private func check<T>(_ value: T?, _ key: String, _ record: (T) -> StoredRecord) throws -> T? {
        guard let value else {
            guard ledger.withLock({ !$0.knows(key) }) else { throw Mismatch(what: key) }
            return nil
        }
        guard isOurs(record(value)), record(value).key == key else { throw Mismatch(what: key) }
        return value
    }

    /// Those that are what was written. Others are told of and left out: one altered record must not stop the rest.
    ///
    /// - Parameter belongs: whether it is one of those asked for: it was found by what stands beside it.
    private func checked<T>(
        _ values: [T], isLast: Bool, where belongs: (T) -> Bool, _ record: (T) -> StoredRecord
    ) throws -> [T] {
        try values.filter { value in
            if isOurs(record(value)), belongs(value) { return true }
            guard isLast else { throw Mismatch(what: record(value).key) }
            _ = altered(record(value).key)
            return false
        }
    }

    public func change(_ id: String) async throws -> Change? {
        try await settled { _ in try check(try await inner.change(id), "change/\(id)") { .change($0) } }
    }

    public func changes(in states: Set<Change.State>, limit: Int, after: String?) async throws -> [Change] {
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
                let ours = try checked(found, isLast: isLast, where: { states.contains($0.state) }) { .change($0) }
                return (ours, found.count == limit ? found.last?.id : nil)
            }
        }
        var last: Change?
        if let after { last = try await change(after) }
        let newest = ledger.withLock { $0.open(in: states) }
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

    /// Every change in these states.
    ///
    /// - Throws: ``StoreError`` `altered` when one is missing, or not what was written.
    func every(in states: Set<Change.State>) async throws -> [Change] {
        try await settled { _ in
            let found = try await inner.changes(in: states, limit: .max)
            for change in found where !isOurs(.change(change)) { throw Mismatch(what: "change/\(change.id)") }
            let expected = ledger.withLock { ledger in states.reduce(0) { $0 + ledger.counts[$1, default: 0] } }
            guard Set(found.map(\.id)).count == expected, found.allSatisfy({ states.contains($0.state) }) else {
                throw Mismatch(what: "the list of changes")
            }
            return found
        }
    }

    /// The state of a change that may still go on, whatever the store says; nil of any other.
    func openState(of change: String) -> Change.State? { ledger.withLock { $0.open[change]?.state } }

    /// The changes that wait, oldest first.
    func waiting() -> [WaitingChange] { ledger.withLock { $0.waiting() } }

    func waiting(ofTask task: String) -> [WaitingChange] { ledger.withLock { $0.waiting { $0.task == task } } }

    /// The change that waits and asks for the same.
    func waiting(like sameness: Authority.Digest) -> String? { ledger.withLock { $0.alike[sameness] } }

    func waitingCount(of requester: PrincipalID) -> Int { ledger.withLock { $0.waitingOf[requester, default: 0] } }

    func waitingCount(forDelegator person: String) -> Int {
        ledger.withLock { $0.waitingFor[person, default: 0] }
    }

    /// Whether there is such a task, whatever the store says.
    func knows(task id: String) -> Bool { ledger.withLock { $0.knows("task/\(id)") } }

    /// The last decision on a change that may still go on.
    func decision(on change: String) -> Ledger.Decided? { ledger.withLock { $0.open[change]?.decision } }

    public func overdue(at now: Instant, limit: Int) async throws -> [Change] {
        try await settled { isLast in
            try checked(try await inner.overdue(at: now, limit: limit), isLast: isLast, where: { $0.expires <= now }) {
                .change($0)
            }
        }
    }

    public func task(_ id: String) async throws -> Task? {
        try await settled { _ in try check(try await inner.task(id), "task/\(id)") { .task($0) } }
    }

    public func task(forToken token: String) async throws -> Task? {
        try await settled { _ in
            let task = try await inner.task(forToken: token)
            _ = try check(task, StoredRecord.token(token)) { .token(token, task: $0.id) }
            return try task.flatMap { try check($0, "task/\($0.id)") { .task($0) } }
        }
    }

    public func approvals(of change: String) async throws -> [SignedApproval] {
        try await settled { isLast in
            let found = try await inner.approvals(of: change)
            return try checked(found, isLast: isLast, where: { $0.statement.change == change }) { .approval($0) }
        }
    }

    public func openLeases() -> [LeaseReference] {
        ledger.withLock { $0.leases.values.sorted { ($0.expires, $0.id) < ($1.expires, $1.id) } }
    }

    /// The lease of a change that may still go on, ended or not.
    public func lease(of change: String) -> LeaseReference? { ledger.withLock { $0.leaseOf[change] } }

    public func locks() -> (locks: [Lock], epoch: Int64) {
        ledger.withLock { ledger in (ledger.locks.keys.sorted().compactMap { ledger.locks[$0] }, ledger.epoch) }
    }

    public func idempotency(principal: String, key: String) async throws -> IdempotencyRecord? {
        try await settled { _ in
            try check(
                try await inner.idempotency(principal: principal, key: key), StoredRecord.idempotency(principal, key)
            ) { .idempotency($0) }
        }
    }

    public func records() async throws -> [StoredRecord] { try await inner.records() }

    // MARK: The logs

    public func head(_ log: LogName) async throws -> String? { try await inner.head(log) }

    public func logSize(_ log: LogName) async throws -> Int64 { ledger.withLock { $0.trees[log]?.size ?? 0 } }

    /// A single entry is proved to be in the log; of several only their number.
    public func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] {
        guard range.count == 1 else { return try await inner.entries(log, in: range) }
        return try await settled { _ in
            let entries = try await inner.entries(log, in: range)
            guard let bytes = entries.first else { return [] }
            let checkpoint = try checkpoint(log).checkpoint
            guard range.lowerBound < checkpoint.size else { throw Mismatch(what: "\(log.rawValue)/\(range.lowerBound)") }
            let proof = try await Nodes(of: log, in: inner).proof(range.lowerBound, checkpoint.size)
            guard
                Verification.inclusion(
                    leaf: .leaf(bytes), index: range.lowerBound, size: checkpoint.size, proof: proof, root: checkpoint.root)
            else { throw Mismatch(what: "\(log.rawValue)/\(range.lowerBound)") }
            return entries
        }
    }

    /// The audit path of an entry in the tree of that size, from the stored nodes: whoever uses it checks it.
    func inclusion(of index: Int64, in log: LogName, size: Int64) async throws -> [Hash] {
        try await Nodes(of: log, in: inner).proof(index, size)
    }

    public func position(ofEntry id: String) async throws -> LogPosition? { try await inner.position(ofEntry: id) }

    public func positions(linkedTo id: String) async throws -> [LogPosition] { try await inner.positions(linkedTo: id) }

    public func isLinked(_ position: LogPosition, to id: String) async throws -> Bool {
        try await inner.isLinked(position, to: id)
    }

    public func logCounts() async throws -> LogCounts { try await inner.logCounts() }

    public func node(_ log: LogName, level: Int, index: Int64) async throws -> [UInt8]? {
        try await inner.node(log, level: level, index: index)
    }
}
