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
    private let inner: any Store
    /// The gateway's id, which begins the logs' origins.
    let gateway: String
    private let key: Curve25519.Signing.PrivateKey
    /// Whether the logs go on from closed ones.
    private let isSuccessor: Bool
    private let now: @Sendable () -> Instant
    private let alarm: @Sendable (String) -> Void
    /// Held while something is written, and by who must read while nothing is.
    private let turn = Turn()
    private let queue = CommitQueue()
    private let ledger: Mutex<Ledgers>
    /// The entries that could not be written and nobody waited for: what links to them is not written, either. No more than were
    /// under way when that began.
    private let unwritten = Mutex<[String: any Error]>([:])
    /// Whether the last batch could not be written: then everybody waits.
    private let isFailing = Mutex(false)
    /// Why nothing is written any more; nil as long as it may be.
    private let broken = Mutex<String?>(nil)
    /// Told when the store can't be relied on in this process any more: what is on disk is known to who reads it anew.
    private let stop: @Sendable (String) -> Void

    /// What is on disk, which everybody goes by; and what will be once the batch that is being written is.
    private struct Ledgers: Sendable {
        var known: Ledger
        var next: Ledger
    }

    private init(
        _ inner: any Store, _ ledger: Ledger, gateway: String, key: Curve25519.Signing.PrivateKey, isSuccessor: Bool,
        now: @escaping @Sendable () -> Instant, alarm: @escaping @Sendable (String) -> Void,
        stop: @escaping @Sendable (String) -> Void
    ) {
        self.inner = inner
        self.gateway = gateway
        self.key = key
        self.isSuccessor = isSuccessor
        self.now = now
        self.alarm = alarm
        self.stop = stop
        self.ledger = Mutex(Ledgers(known: ledger, next: ledger))
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
        var proof = LogProof(gateway: gateway, key: key.publicKey, notes: checkpoints)
        let (records, closed): ([StoredRecord], (any ClosedLogs)?)
        do {
            closed = try await inner.closedLogs()
            if let closed { try await proof.read(closed) }
            try await proof.read(inner, isSuccessor: closed != nil)
            records = try await inner.records()
        } catch let error as StoreError where error.code == .corrupt {
            throw StoreError(.altered, (proof.problems + [error.message]).joined(separator: "\n"))
        }
        let (sequence, digests) = proof.fold.end()
        let problems = proof.problems + proof.fold.problems + RecordFold.differences(records, digests)
        guard problems.isEmpty else { throw StoreError(.altered, problems.joined(separator: "\n")) }
        let ledger = Ledger(
            sequence: sequence, trees: proof.trees, records: records, statements: proof.statements, decisions: proof.decisions)
        let store = WitnessedStore(
            inner, ledger, gateway: gateway, key: key, isSuccessor: closed != nil, now: now, alarm: alarm, stop: stop)
        try await store.succeed(proof.toSucceed)
        return store
    }

    /// Begins logs that go on from closed ones.
    private func succeed(_ checkpoints: [LogName: Checkpoint]) async throws {
        guard !checkpoints.isEmpty else { return }
        let entries = try LogName.allCases.compactMap { log in
            try checkpoints[log].map {
                LogEntry(
                    .succession(log, checkpoint: try SignedCheckpoint($0, key: key).note), id: "succession-\(log.rawValue)",
                    time: now())
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
        // What takes long to write is written before its turn.
        let written = try entries.map { try $0.written() }
        // What was handed in is not cut short by whoever did it going away: nobody would know what became of it.
        return try await withCheckedThrowingContinuation { continuation in
            do { try hand(.init(writes: writes, entries: written) { continuation.resume(with: $0) }) } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    public func commit(_ intent: Intent, of change: Change, entry: LogEntry) async throws {
        try await commit([.recordIntent(intent, of: change)], entries: [entry])
    }

    /// Has entries written, and does not wait, unless the last batch found no room or could not be written. What is handed in
    /// later, links to them and is as essential, is on disk after them or not at all.
    func add(_ entries: [LogEntry]) async throws {
        guard !isFailing.withLock({ $0 }) else {
            try await commit([], entries: entries)
            return
        }
        try hand(.init(writes: [], entries: try entries.map { try $0.written() }, done: nil))
    }

    /// Waits until an entry is on disk that nobody waited for.
    ///
    /// - Throws: why it is not.
    func settle(_ id: String) async throws {
        _ = try await withCheckedThrowingContinuation { continuation in
            do {
                try hand(.init(writes: [], entries: [], after: [id]) { continuation.resume(with: $0) })
            } catch { continuation.resume(throwing: error) }
        }
    }

    private func hand(_ member: CommitQueue.Member) throws(StoreError) {
        guard let isFirst = queue.add(member) else { throw StoreError(.unavailable, "too much waits to be written") }
        // On no executor of who happens to come first: what waits is everybody's.
        if isFirst { _Concurrency.Task.detached(priority: .high) { await self.write() } }
    }

    private func write() async {
        while true {
            let members = queue.next()
            guard !members.isEmpty else { return }
            await turn.take()
            await write(members)
            turn.pass()
        }
    }

    /// Writes what it can of these, and tells each what became of it.
    private func write(_ members: [CommitQueue.Member]) async {
        var members = members
        while !members.isEmpty {
            if let reason = broken.withLock({ $0 }) { return fail(members, StoreError(.altered, reason)) }
            let (batch, parts) = assemble(&members)
            guard let batch else { return }
            do { try await inner.commit(batch) } catch let conflict as BatchConflict {
                forget()
                let code = (conflict.reason as? StoreError)?.code
                // By all that the gateway wrote, its conditions held.
                let isKnown = code == .corrupt || code == .tooLarge
                fail([members.remove(at: conflict.member)], isKnown ? conflict.reason : altered("a record of this batch"))
                continue
            } catch let error as StoreError where error.code == .full {
                forget()
                let essential = batch.isEssential ? [] : members.filter(\.isEssential)
                fail(batch.isEssential ? members : members.filter { !$0.isEssential }, error)
                members = essential
                continue
            } catch let error as StoreError where error.code == .altered || error.code == .doubtful {
                return fail(members, end(error.message))
            } catch {
                forget()
                return fail(members, error)
            }
            isFailing.withLock { $0 = false }
            ledger.withLock { ledgers in for part in parts { ledgers.known.take(part) } }
            for (member, part) in zip(members, parts) { member.done?(.success(part.entries.map(\.position))) }
            return
        }
    }

    /// Puts the members into one batch, in order. Whose conditions don't hold is told so and left out, with whoever links to it.
    private func assemble(_ members: inout [CommitQueue.Member]) -> (StoreBatch?, [Ledger.Part]) {
        var (kept, failed): ([CommitQueue.Member], [(CommitQueue.Member, any Error)]) = ([], [])
        var lost = unwritten.withLock { $0 }
        var parts: [Ledger.Part] = []
        let trees = ledger.withLock { ledgers in
            for member in members {
                do {
                    if let error = member.reason(among: lost) { throw error }
                    let part = try ledgers.next.part(member.writes, member.entries) { number in
                        try LogEntry(.state, id: "state-\(number)", time: now()).written()
                    }
                    ledgers.next.take(part)
                    parts.append(part)
                    kept.append(member)
                } catch {
                    failed.append((member, error))
                    for id in member.ids { lost[id] = error }
                }
            }
            return (ledgers.known.trees, ledgers.next.trees)
        }
        members = kept
        for (member, error) in failed { fail([member], error) }
        guard !kept.isEmpty else { return (nil, []) }
        do {
            let entries = parts.enumerated().flatMap { number, part in
                part.entries.map { StoreBatch.Entry(position: $0.position, $0.written, member: number) }
            }
            let logs = try LogName.allCases.compactMap { log -> StoreBatch.Log? in
                let (before, after) = (trees.0[log] ?? LogTree(), trees.1[log] ?? LogTree())
                guard after.size > before.size else { return nil }
                // Of a tile that several changed, the last is all of it.
                let tiles = Dictionary(parts.flatMap { $0.tiles[log] ?? [] }.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
                return StoreBatch.Log(
                    log, tiles: tiles.values.sorted { ($0.id.level, $0.id.index) < ($1.id.level, $1.id.index) },
                    head: try signed(log, after).note, before: before.size)
            }
            let isEssential = kept.allSatisfy(\.isEssential)
            return (
                StoreBatch(members: kept.map(\.writes), entries: entries, logs: logs, isEssential: isEssential), parts
            )
        } catch {
            forget()
            fail(kept, error)
            return (nil, [])
        }
    }

    /// Nothing of what was being written came about.
    private func forget() {
        isFailing.withLock { $0 = true }
        ledger.withLock { $0.next = $0.known }
    }

    private func fail(_ members: [CommitQueue.Member], _ error: any Error) {
        for member in members {
            if let done = member.done {
                done(.failure(error))
            } else {
                unwritten.withLock { unwritten in for id in member.ids { unwritten[id] = error } }
            }
        }
    }

    /// Nothing is written by this process any more.
    private func end(_ reason: String) -> StoreError {
        broken.withLock { $0 = $0 ?? reason }
        alarm(reason)
        stop(reason)
        return StoreError(.altered, reason)
    }

    private func signed(_ log: LogName, _ tree: LogTree) throws -> SignedCheckpoint {
        let checkpoint = Checkpoint(
            origin: Journal.origin(log, gateway: gateway, isSuccessor: isSuccessor), size: tree.size, root: tree.root)
        return try SignedCheckpoint(checkpoint, key: key)
    }

    /// The signed checkpoint of a log as the gateway wrote it.
    func checkpoint(_ log: LogName) throws -> SignedCheckpoint {
        try signed(log, ledger.withLock { $0.known.trees[log] ?? LogTree() })
    }

    /// The signed checkpoints of all logs as they stand.
    public func checkpoints() throws -> [LogName: String] {
        var notes: [LogName: String] = [:]
        for log in LogName.allCases { notes[log] = try checkpoint(log).note }
        return notes
    }

    /// Lets go of what is known of tasks that are over.
    func forgetTasks() {
        let now = now()
        ledger.withLock {
            $0.known.forgetTasks(over: now)
            $0.next.forgetTasks(over: now)
        }
    }

    /// Makes a lock count in this process from now on, whether or not it can be stored.
    func hold(_ lock: Lock) {
        ledger.withLock {
            $0.known.hold(lock)
            $0.next.hold(lock)
        }
    }

    /// Locks in force that are not stored.
    var unstoredLocks: [Lock] { ledger.withLock { $0.known.unstored } }

    /// A change that somebody refused gets no grant any more, whether or not the refusal can be stored.
    ///
    /// - Parameter id: of the statement's entry.
    /// - Throws: ``StoreError`` conflict when the statement was handed in before.
    func hold(refusalOf change: String, entry id: String) throws {
        try ledger.withLock {
            try $0.known.hold(refusalOf: change, entry: id)
            try $0.next.hold(refusalOf: change, entry: id)
        }
    }

    /// Takes back what did not count.
    func release(refusalOf change: String, entry id: String) {
        ledger.withLock {
            $0.known.release(refusalOf: change, entry: id)
            $0.next.release(refusalOf: change, entry: id)
        }
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

    private func isOurs(_ record: StoredRecord) -> Bool { ledger.withLock { $0.known.holds(record) } }

    /// The value, if it is what was written under its key; nil when nothing was.
    private func check<T>(_ value: T?, _ key: String, _ record: (T) -> StoredRecord) throws -> T? {
        guard let value else {
            guard ledger.withLock({ !$0.known.knows(key) }) else { throw Mismatch(what: key) }
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
                let ours = try checked(found, isLast: isLast, where: { states.contains($0.state) }) { .change($0) }
                return (ours, found.count == limit ? found.last?.id : nil)
            }
        }
        var last: Change?
        if let after { last = try await change(after) }
        let newest = ledger.withLock { $0.known.open(in: states) }
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
            let expected = ledger.withLock { ledger in states.reduce(0) { $0 + ledger.known.counts[$1, default: 0] } }
            guard Set(found.map(\.id)).count == expected, found.allSatisfy({ states.contains($0.state) }) else {
                throw Mismatch(what: "the list of changes")
            }
            return found
        }
    }

    /// The state of a change that may still go on, whatever the store says; nil of any other.
    func openState(of change: String) -> Change.State? { ledger.withLock { $0.known.open[change]?.state } }

    /// The changes that wait, oldest first.
    func waiting() -> [WaitingChange] { ledger.withLock { $0.known.waiting() } }

    func waiting(ofTask task: String) -> [WaitingChange] { ledger.withLock { $0.known.waiting { $0.task == task } } }

    /// The change that waits and asks for the same.
    func waiting(like sameness: Authority.Digest) -> String? { ledger.withLock { $0.known.alike[sameness] } }

    func waitingCount(of requester: PrincipalID) -> Int { ledger.withLock { $0.known.waitingOf[requester, default: 0] } }

    func waitingCount(forDelegator person: String) -> Int {
        ledger.withLock { $0.known.waitingFor[person, default: 0] }
    }

    /// Whether there is such a task, whatever the store says.
    func knows(task id: String) -> Bool { ledger.withLock { $0.known.knows("task/\(id)") } }

    /// The last decision on a change that may still go on.
    func decision(on change: String) -> Ledger.Decided? { ledger.withLock { $0.known.open[change]?.decision } }

    public func overdue(at now: Instant, limit: Int) async throws -> [Change] {
        try await settled { isLast in
            try checked(try await inner.overdue(at: now, limit: limit), isLast: isLast, where: { $0.expires <= now }) {
                .change($0)
            }
        }
    }

    public func task(_ id: String) async throws -> Task? {
        if let task = ledger.withLock({ $0.known.tasks[id] }) { return task }
        return try await settled { _ in try check(try await inner.task(id), "task/\(id)") { .task($0) } }
    }

    public func task(forToken token: String) async throws -> Task? {
        let known = ledger.withLock { ledgers in ledgers.known.tokens[token].flatMap { ledgers.known.tasks[$0] } }
        if let known { return known }
        return try await settled { _ in
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
        ledger.withLock { $0.known.leases.values.sorted { ($0.expires, $0.id) < ($1.expires, $1.id) } }
    }

    /// The lease of a change that may still go on, ended or not.
    public func lease(of change: String) -> LeaseReference? { ledger.withLock { $0.known.leaseOf[change] } }

    public func locks() -> (locks: [Lock], epoch: Int64) {
        ledger.withLock { ledgers in
            (ledgers.known.locks.keys.sorted().compactMap { ledgers.known.locks[$0] }, ledgers.known.epoch)
        }
    }

    public func idempotency(principal: String, key: String) async throws -> IdempotencyRecord? {
        try await settled { _ in
            try check(
                try await inner.idempotency(principal: principal, key: key), StoredRecord.idempotency(principal, key)
            ) { .idempotency($0) }
        }
    }

    // MARK: The logs

    public func logSize(_ log: LogName) async throws -> Int64 { ledger.withLock { $0.known.trees[log]?.size ?? 0 } }

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
        let tree = ledger.withLock { $0.known.trees[log] ?? LogTree() }
        return try await TreeReader(log, tree, in: inner).inclusion(of: index, size: size)
    }

    public func position(ofEntry id: String) async throws -> LogPosition? { try await inner.position(ofEntry: id) }

    public func positions(linkedTo id: String) async throws -> [LogPosition] { try await inner.positions(linkedTo: id) }

    /// The first so many hashes of a tile, as they were written.
    func tile(_ id: TileID, of log: LogName, width: Int) async throws -> Tile {
        let tree = ledger.withLock { $0.known.trees[log] ?? LogTree() }
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
