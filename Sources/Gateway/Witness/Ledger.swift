import Authority
import TransparencyLog

/// What the gateway itself has written, as far as it must be known to tell what somebody else did: the logs' trees, a digest of
/// every record, and the few records that decide what may go on. In memory, so that nobody who writes the store can change it.
struct Ledger: Sendable {
    /// Half a SHA-256: nobody finds another record for it.
    private struct Short: Hashable, Sendable {
        let high: UInt64
        let low: UInt64

        init(_ digest: Digest) {
            let digits = Array(digest.hex.utf8.prefix(32))
            func value(_ part: ArraySlice<UInt8>) -> UInt64 { UInt64(String(decoding: part, as: UTF8.self), radix: 16) ?? 0 }
            (high, low) = (value(digits[0..<16]), value(digits[16..<32]))
        }

        init(key: String) { self.init(Digest(of: Array(key.utf8))) }
    }

    private(set) var sequence: Int64 = 0
    private(set) var trees: [LogName: LogTree] = Dictionary(
        uniqueKeysWithValues: LogName.allCases.map { ($0, LogTree()) })
    private var digests: [Short: Short] = [:]
    /// A change that may still go on.
    struct Open: Sendable {
        let state: Change.State
        let wait: Change.Wait
        let created: Instant
        let requester: PrincipalID
        let delegator: String?
        let task: String
        let system: String
        var decision: Decided?

        init(_ change: Change, _ decision: Decided?) {
            (state, wait, created, requester) = (change.state, change.wait, change.created, change.requester)
            (delegator, task, system) = (change.task.delegator, change.task.id, change.system)
            self.decision = decision
        }
    }

    /// The last decision on a change: where it is logged, and who may approve by it.
    struct Decided: Sendable {
        let position: LogPosition
        let eligible: [String]

        init(_ position: LogPosition, _ record: DecisionRecord?) {
            self.position = position
            eligible = record?.decided.eligible ?? []
        }
    }

    private(set) var open: [String: Open] = [:]
    /// The change that waits, by what it asks for.
    private(set) var alike: [Digest: String] = [:]
    /// How many changes wait for people, of each requester and for each delegator.
    private(set) var waitingOf: [PrincipalID: Int] = [:]
    private(set) var waitingFor: [String: Int] = [:]
    /// How many changes there are in each state.
    private(set) var counts: [Change.State: Int] = [:]
    /// Leases not known to have ended.
    private(set) var leases: [String: LeaseReference] = [:]
    /// The lease of each change that may still go on.
    private(set) var leaseOf: [String: LeaseReference] = [:]
    /// The refusals of each change, stored or not, by the ids of their entries.
    private var refused: [String: Set<String>] = [:]
    private(set) var locks: [String: Lock] = [:]
    /// The tasks that go on, and which token opened each: they are asked for with every request.
    private(set) var tasks: [String: Task] = [:]
    private(set) var tokens: [String: String] = [:]
    private(set) var epoch: Int64 = 0
    /// Of the policies in force: grants are given by these only. Nil until they are adopted.
    private var policies: Digest?

    /// What an earlier run left, proved against its log.
    ///
    /// - Parameters:
    ///   - statements: the ids of the entries of signed statements.
    ///   - decisions: the last on each change.
    init(
        sequence: Int64, trees: [LogName: LogTree], records: [StoredRecord], statements: [String],
        decisions: [String: Decided]
    ) {
        self.sequence = sequence
        self.trees = trees
        for record in records { set(record) }
        for lease in records.compactMap({ if case .lease(let lease, _) = $0 { lease } else { nil } })
        where open[lease.change] != nil { leaseOf[lease.change] = lease }
        for id in statements { note("entry/\(id)") }
        for (change, decided) in decisions { open[change]?.decision = decided }
    }

    private mutating func note(_ key: String) { digests[Short(key: key)] = Short(key: key) }

    /// Whether the record is what was written last under its key.
    func holds(_ record: StoredRecord) -> Bool { digests[Short(key: record.key)] == Short(record.digest) }

    func knows(_ key: String) -> Bool { digests[Short(key: key)] != nil }

    // MARK: Batches

    /// What one member makes of the ledger, and of the logs.
    struct Part: Sendable {
        let entries: [(position: LogPosition, written: WrittenEntry)]
        /// Tiles that are kept anew, by log.
        let tiles: [LogName: [Tile]]
        fileprivate let trees: [LogName: LogTree]
        fileprivate let changes: [Change]
        /// The entries of signed statements among them: each is good once.
        fileprivate let statements: [String]
        /// The decisions on changes among them.
        fileprivate let decisions: [(change: String, decided: Decided)]

        fileprivate enum Change: Sendable {
            case set(StoredRecord)
            case moved(StoredRecord, from: Authority.Change.State)
            case gone(StoredRecord)
            /// A lock that was never stored.
            case drop(Lock)
            case inForce(Digest)
        }
    }

    /// Works out what a member comes to, after all before it. Its first entry tells what becomes of the records, and gives every
    /// statement its place in the order of batches; `state` makes one where there is none.
    ///
    /// - Throws: ``StoreError`` conflict when a condition does not hold by what was written; ``GrantRefusal``.
    func part(_ writes: [Write], _ entries: [WrittenEntry], state: (Int64) throws -> WrittenEntry) throws -> Part {
        let changes = try changes(of: writes)
        let statements = entries.map(\.entry).filter { $0.kind == .approval }.map(\.id)
        for id in statements where knows("entry/\(id)") {
            throw StoreError(.conflict, "the statement \(id) was handed in before")
        }
        var entries = entries
        if !changes.isEmpty || !statements.isEmpty {
            if entries.isEmpty { entries = [try state(sequence + 1)] }
            entries[0] = try entries[0].telling(
                of: RecordChanges(sequence: sequence + 1, digests: changes.compactMap(\.digest)))
        }
        var (placed, trees, tiles): ([(position: LogPosition, written: WrittenEntry)], [LogName: LogTree], [LogName: [Tile]]) =
            ([], [:], [:])
        for entry in entries {
            let log = entry.entry.log
            var tree = trees[log] ?? self.trees[log] ?? LogTree()
            placed.append((LogPosition(log: log, index: tree.size), entry))
            tiles[log, default: []] += tree.append(.leaf(entry.bytes))
            trees[log] = tree
        }
        let decisions = placed.compactMap { position, entry -> (String, Decided)? in
            guard case .decision(let record) = entry.entry.record, let change = entry.entry.links["change"] else { return nil }
            return (change, Decided(position, record))
        }
        return Part(
            entries: placed, tiles: tiles, trees: trees, changes: changes, statements: statements, decisions: decisions)
    }

    /// What comes after is after this.
    mutating func take(_ part: Part) {
        trees.merge(part.trees) { $1 }
        for id in part.statements { note("entry/\(id)") }
        if !part.changes.isEmpty || !part.statements.isEmpty { sequence += 1 }
        for change in part.changes {
            switch change {
            case .set(let record): set(record)
            case .moved(let record, let state):
                counts[state, default: 0] -= 1
                set(record)
            case .gone(let record):
                digests[Short(key: record.key)] = nil
                // One placed anew meanwhile stays.
                if case .lock(let lock) = record, locks[lock.key] == lock { locks[lock.key] = nil }
            case .drop(let lock): if locks[lock.key] == lock { locks[lock.key] = nil }
            case .inForce(let digest): policies = digest
            }
        }
        for (change, decided) in part.decisions { open[change]?.decision = decided }
    }

    /// Locks that could not be stored yet.
    var unstored: [Lock] { locks.keys.sorted().compactMap { locks[$0] }.filter { !holds(.lock($0)) } }

    /// A lock counts from now on, stored or not.
    mutating func hold(_ lock: Lock) { locks[lock.key] = lock }

    /// - Throws: ``StoreError`` conflict when the statement was handed in before.
    mutating func hold(refusalOf change: String, entry id: String) throws(StoreError) {
        guard !knows("entry/\(id)") else { throw StoreError(.conflict, "the statement \(id) was handed in before") }
        if open[change] != nil { refused[change, default: []].insert(id) }
    }

    mutating func release(refusalOf change: String, entry id: String) { refused[change]?.remove(id) }

    static let openStates: Set<Change.State> = [.proposed, .approved, .executing]

    static let waitingStates: Set<Change.State> = [.proposed, .approved]

    /// The changes that wait, or may yet wait again, and are such; oldest first.
    func waiting(_ isSuch: (Open) -> Bool = { _ in true }) -> [WaitingChange] {
        open.filter { Self.waitingStates.contains($0.value.state) && isSuch($0.value) }
            .sorted { ($0.value.created, $0.key) < ($1.value.created, $1.key) }
            .map { WaitingChange(id: $0.key, system: $0.value.system) }
    }

    /// The open changes in these states, newest first.
    func open(in states: Set<Change.State>) -> [(id: String, created: Instant)] {
        open.filter { states.contains($0.value.state) }.map { (id: $0.key, created: $0.value.created) }
            .sorted { ($0.created, $0.id) > ($1.created, $1.id) }
    }

    private mutating func set(_ record: StoredRecord) {
        digests[Short(key: record.key)] = Short(record.digest)
        switch record {
        case .change(let change):
            let isOpen = Self.openStates.contains(change.state)
            count(open[change.id], -1)
            open[change.id] = isOpen ? Open(change, open[change.id]?.decision) : nil
            count(open[change.id], 1)
            let sameness = change.sameness
            if Self.waitingStates.contains(change.state) {
                alike[sameness] = change.id
            } else if alike[sameness] == change.id {
                alike[sameness] = nil
            }
            counts[change.state, default: 0] += 1
            if !isOpen {
                leaseOf[change.id] = nil
                refused[change.id] = nil
            }
        case .lease(let lease, let ended):
            leases[lease.id] = ended == nil ? lease : nil
            if ended == nil { leaseOf[lease.change] = lease }
        case .approval(let approval): note(Self.word(approval))
        case .task(let task): tasks[task.id] = task.ended == nil ? task : nil
        case .token(let token, let task): tokens[token] = task
        case .lock(let lock): locks[lock.key] = lock
        case .epoch(let value): epoch = value
        default: break
        }
    }

    /// Lets go of tasks that are over: what is stored of them is read when somebody asks.
    mutating func forgetTasks(over now: Instant) {
        tasks = tasks.filter { $0.value.isOpen(at: now) }
        tokens = tokens.filter { tasks[$0.value] != nil }
    }

    private mutating func count(_ change: Open?, _ step: Int) {
        guard let change, change.state == .proposed, change.wait != .nothing else { return }
        waitingOf[change.requester, default: 0] += step
        if let delegator = change.delegator { waitingFor[delegator, default: 0] += step }
    }

    // MARK: What writes do

    private func changes(of writes: [Write]) throws -> [Part.Change] {
        var (changes, epoch): ([Part.Change], Int64) = ([], epoch)
        for write in writes {
            switch write {
            case .placeLock(let lock) where !holds(.lock(lock)):
                changes.append(.set(.lock(lock)))
                epoch += 1
            case .liftLock(let key):
                guard let lock = locks[key] else { continue }
                guard knows(StoredRecord.lock(lock).key) else {
                    changes.append(.drop(lock))
                    continue
                }
                changes.append(.gone(.lock(lock)))
                epoch += 1
            case .voidDecisions(let policies):
                changes.append(.inForce(policies))
                epoch += 1
            case .replaceApproval(let old, let approval):
                try require(.approval(old))
                changes += [.gone(.approval(old)), .set(try new(.approval(approval)))]
            case .updateChange(let change, let old):
                try require(.change(old))
                changes.append(.moved(.change(change), from: old.state))
            case .recordIntent(let intent, let change): changes += try records(of: intent, change)
            default: changes += try records(of: write).map { .set($0) }
            }
        }
        return epoch == self.epoch ? changes : changes + [.set(.epoch(epoch))]
    }

    private func records(of write: Write) throws -> [StoredRecord] {
        switch write {
        case .insertChange(let change):
            guard alike[change.sameness] == nil else {
                throw StoreError(.conflict, "a change that asks for the same waits already")
            }
            return [try new(.change(change))]
        case .insertTask(let task, let token): return [try new(.task(task)), try new(.token(token, task: task.id))]
        case .updateTask(let task): return [.task(task)]
        case .insertApproval(let approval):
            guard !knows(Self.word(approval)) else {
                throw StoreError(.conflict, "this person has given that verdict on the change")
            }
            return [try new(.approval(approval))]
        case .putLease(let lease): return [try new(.lease(lease, ended: nil))]
        case .endLease(let id, let now): return leases[id].map { [.lease($0, ended: now)] } ?? []
        case .insertIdempotency(let record): return [try new(.idempotency(record))]
        case .placeLock, .liftLock, .voidDecisions, .replaceApproval, .updateChange, .recordIntent: return []
        }
    }

    private func records(of intent: Intent, _ change: Change) throws -> [Part.Change] {
        guard intent.epochs.locks == epoch, intent.epochs.policies == policies else { throw GrantRefusal.stale }
        guard !knows(StoredRecord.intent(change.id)) else { throw GrantRefusal.alreadyGranted }
        // Its plan is the fresh one by now: the state says whether it may begin.
        guard open[change.id]?.state == change.state else {
            throw StoreError(.conflict, "change \(change.id) is no longer \(change.state.rawValue)")
        }
        guard refused[change.id, default: []].isEmpty else { throw StoreError(.conflict, "the change was refused") }
        return [
            .moved(.change(try change.after(.began)), from: change.state),
            .set(.intent(change: change.id, digest: intent.digest, expires: intent.expires)),
            .set(try new(.lease(intent.lease, ended: nil))),
        ]
    }

    /// What each person may say of a change once.
    private static func word(_ approval: SignedApproval) -> String {
        let statement = approval.statement
        return "word/\(statement.change) \(statement.approver) \(statement.verdict.rawValue)"
    }

    private func new(_ record: StoredRecord) throws -> StoredRecord {
        guard !knows(record.key) else { throw StoreError(.conflict, "\(record.key) is there already") }
        return record
    }

    /// What is replaced is what was written last.
    private func require(_ record: StoredRecord) throws {
        guard holds(record) else { throw StoreError(.conflict, "\(record.key) is no longer what it was") }
    }
}

extension Ledger.Part.Change {
    /// The record's digest after the batch; nil for one that is gone.
    fileprivate var digest: (key: String, digest: Digest?)? {
        switch self {
        case .set(let record), .moved(let record, _): (record.key, record.digest)
        case .gone(let record): (record.key, nil)
        case .drop, .inForce: nil
        }
    }
}
