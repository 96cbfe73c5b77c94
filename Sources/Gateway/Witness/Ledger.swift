import Authority
import TransparencyLog

/// What the gateway itself has written, as far as it must be known to tell what somebody else did: the logs' trees, the digests of
/// records, and the few records that decide what may go on. In memory, so that nobody who writes the store can change it.
struct Ledger: Sendable {
    private(set) var sequence: Int64 = 0
    private(set) var trees: [LogName: LogTree] = Dictionary(
        uniqueKeysWithValues: LogName.allCases.map { ($0, LogTree()) })
    private(set) var map: RecordMap
    /// How many entries, and how many records in memory, there were when a snapshot was tried last.
    private var tried: (entries: Int64, records: Int) = (0, 0)
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
    /// The changes of which nobody knows whether they came about.
    private(set) var lost: Set<String> = []
    /// Leases not known to have ended.
    private(set) var leases: [String: LeaseReference] = [:]
    /// The lease of each change that may still go on.
    private(set) var leaseOf: [String: LeaseReference] = [:]
    /// The refusals of each change, stored or not, by the ids of their entries.
    private(set) var refused: [String: Set<String>] = [:]
    private(set) var locks: [String: Lock] = [:]
    /// Those of them, or that were there before them, that are on disk.
    private(set) var storedLocks: [String: Lock] = [:]
    /// The tasks that go on, and which token opened each: they are asked for with every request.
    private(set) var tasks: [String: Task] = [:]
    private(set) var tokens: [String: String] = [:]
    private(set) var epoch: Int64 = 0
    /// Of the policies in force: grants are given by these only. Nil until they are adopted.
    private(set) var policies: Digest?

    /// What an earlier run left, proved against its log.
    ///
    /// - Parameters:
    ///   - map: of everything, or of nothing yet where `records` are all there are.
    ///   - settled: how many entries the logs had at the last snapshot.
    ///   - records: at least those that decide what may go on.
    ///   - decisions: the last on each change.
    init(
        sequence: Int64, trees: [LogName: LogTree], map: RecordMap, settled: Int64, records: [StoredRecord],
        decisions: [String: Decided]
    ) {
        (self.sequence, self.trees, self.map) = (sequence, trees, map)
        tried = (settled, 0)
        for record in records { note(record) }
        for case .lease(let lease, _) in records where open[lease.change] != nil { leaseOf[lease.change] = lease }
        for (change, decided) in decisions { open[change]?.decision = decided }
    }

    /// The keys that must be known of to tell whether the conditions of these hold.
    static func keys(of writes: [Write], _ entries: [WrittenEntry]) -> Set<String> {
        Set(writes.flatMap(\.keys) + statements(among: entries).map(statementKey))
    }

    /// The ids of the entries of signed statements: each is good once.
    private static func statements(among entries: [WrittenEntry]) -> [String] {
        entries.map(\.entry).filter { $0.kind == .approval }.map(\.id)
    }

    static func statementKey(_ id: String) -> String { "entry/\(id)" }

    /// Whether the record is what was written last under its key.
    func holds(_ record: StoredRecord, _ fetched: RecordMap.Fetched) throws(StoreError) -> Bool {
        try map.digest(.init(key: record.key), fetched) == RecordMap.Short(record.digest)
    }

    func knows(_ key: String, _ fetched: RecordMap.Fetched) throws(StoreError) -> Bool {
        try map.digest(.init(key: key), fetched) != nil
    }

    // MARK: Snapshots

    /// How many entries there are of all logs together.
    private var size: Int64 { trees.values.reduce(0) { $0 + $1.size } }

    /// Whether so much came since the last snapshot that it is time for another.
    var isSnapshotDue: Bool {
        size - tried.entries >= SnapshotKeeper.entries || map.recentCount - tried.records >= SnapshotKeeper.records
    }

    /// A snapshot was tried.
    ///
    /// - Parameter map: as it is when one was kept.
    mutating func settle(_ map: RecordMap?) {
        if let map { self.map = map }
        tried = (size, self.map.recentCount)
    }

    /// The keys of the records that decide what may go on.
    var openKeys: [String] {
        let changes = (Array(open.keys) + lost).map { "change/\($0)" }
        let leases = (Array(leases.keys) + leaseOf.values.map(\.id)).map(StoredRecord.lease)
        let tasks =
            self.tasks.keys.map { "task/\($0)" } + tokens.filter { self.tasks[$0.value] != nil }.keys.map(StoredRecord.token)
        return Set(changes + leases + tasks + storedLocks.keys.map(StoredRecord.lock) + [StoredRecord.epoch(0).key]).sorted()
    }

    // MARK: Batches

    /// What one member makes of the ledger, and of the logs.
    struct Part: Sendable {
        let entries: [(position: LogPosition, written: WrittenEntry)]
        /// Tiles that are kept anew, by log.
        let tiles: [LogName: [Tile]]
        fileprivate let trees: [LogName: LogTree]
        let changes: [Change]
        let digests: [RecordMap.Change]
        /// The decisions on changes among them.
        fileprivate let decisions: [(change: String, decided: Decided)]

        enum Change: Sendable {
            case set(StoredRecord)
            case gone(StoredRecord)
            /// A lock that was never stored.
            case drop(Lock)
            case inForce(Digest)
        }
    }

    /// Works out what a member comes to, after all before it. Its first entry tells what becomes of the records, and gives every
    /// statement its place in the order of batches; `state` makes one where there is none.
    ///
    /// - Parameter fetched: what is needed for ``keys(of:_:)``.
    /// - Throws: ``StoreError`` conflict when a condition does not hold by what was written; ``GrantRefusal``.
    func part(
        _ writes: [Write], _ entries: [WrittenEntry], _ fetched: RecordMap.Fetched, state: (Int64) throws -> WrittenEntry
    ) throws -> Part {
        let changes = try changes(of: writes, fetched)
        let statements = Self.statements(among: entries)
        for id in statements where try knows(Self.statementKey(id), fetched) {
            throw StoreError(.conflict, "the statement \(id) was handed in before")
        }
        let digests = try digests(changes, statements, fetched)
        var entries = entries
        if !digests.isEmpty {
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
            entries: placed, tiles: tiles, trees: trees, changes: changes, digests: digests, decisions: decisions)
    }

    /// What becomes of the map: of the records, of the statements, and of what each person may say of a change once.
    private func digests(_ changes: [Part.Change], _ statements: [String], _ fetched: RecordMap.Fetched) throws -> [RecordMap
        .Change]
    {
        var known: [RecordMap.Short: Bool] = [:]
        let records = changes.flatMap { change -> [(key: String, digest: RecordMap.Short?)] in
            guard let (key, digest) = change.digest else { return [] }
            let record = (key, digest.map(RecordMap.Short.init))
            guard case .set(.approval(let approval)) = change else { return [record] }
            return [record, Self.noted(Self.word(approval))]
        }
        return try (records + statements.map { Self.noted(Self.statementKey($0)) }).map { key, digest in
            let short = RecordMap.Short(key: key)
            let wasThere = try known[short] ?? isThere(key) ?? (map.digest(short, fetched) != nil)
            known[short] = digest != nil
            return RecordMap.Change(key: short, kind: Self.kind(ofKey: key), digest: digest, wasThere: wasThere)
        }
    }

    /// Whether a record is there that stops others: known without the store, so that nobody who writes it holds up a lock. Nil of
    /// any other.
    private func isThere(_ key: String) -> Bool? {
        if key == StoredRecord.epoch(0).key { return epoch > 0 }
        return Self.kind(ofKey: key) == "lock" ? storedLocks[String(key.dropFirst("lock/".count))] != nil : nil
    }

    /// What is known to be there beside the records: what each person may say of a change once, and the statements' entries.
    static func notes(on records: [StoredRecord], _ statements: [String]) -> [(key: String, digest: RecordMap.Short?)] {
        let words = records.compactMap { if case .approval(let approval) = $0 { word(approval) } else { nil } }
        return (words + statements.map(statementKey)).map(noted)
    }

    /// Of what is only known to be there.
    static func noted(_ key: String) -> (key: String, digest: RecordMap.Short?) { (key, RecordMap.Short(key: key)) }

    static func kind(ofKey key: String) -> String { String(key.prefix { $0 != "/" }) }

    /// What comes after is after this.
    mutating func take(_ part: Part) {
        trees.merge(part.trees) { $1 }
        for change in part.digests { map.take(change) }
        if !part.digests.isEmpty { sequence += 1 }
        for change in part.changes {
            switch change {
            case .set(let record): note(record)
            case .gone(let record):
                guard case .lock(let lock) = record else { continue }
                storedLocks[lock.key] = nil
                // One placed anew meanwhile stays.
                if locks[lock.key] == lock { locks[lock.key] = nil }
            case .drop(let lock): if locks[lock.key] == lock { locks[lock.key] = nil }
            case .inForce(let digest): policies = digest
            }
        }
        for (change, decided) in part.decisions { open[change]?.decision = decided }
    }

    /// Locks that could not be stored yet.
    var unstored: [Lock] { locks.keys.sorted().compactMap { locks[$0] }.filter { storedLocks[$0.key] != $0 } }

    /// A lock counts from now on, stored or not.
    mutating func hold(_ lock: Lock) { locks[lock.key] = lock }

    /// A change that may still go on was refused, stored or not.
    mutating func hold(refusalOf change: String, entry id: String) {
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

    /// Takes a record's part in what may go on.
    private mutating func note(_ record: StoredRecord) {
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
            if change.state == .indeterminate { lost.insert(change.id) } else { lost.remove(change.id) }
            if !isOpen {
                leaseOf[change.id] = nil
                refused[change.id] = nil
            }
        case .lease(let lease, let ended):
            leases[lease.id] = ended == nil ? lease : nil
            if ended == nil { leaseOf[lease.change] = lease }
        case .task(let task): tasks[task.id] = task.ended == nil ? task : nil
        case .token(let token, let task): tokens[token] = task
        case .lock(let lock): (locks[lock.key], storedLocks[lock.key]) = (lock, lock)
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
}

extension Ledger.Part.Change {
    /// The record's digest after the batch; nil for one that is gone.
    fileprivate var digest: (key: String, digest: Digest?)? {
        switch self {
        case .set(let record): (record.key, record.digest)
        case .gone(let record): (record.key, nil)
        case .drop, .inForce: nil
        }
    }
}
