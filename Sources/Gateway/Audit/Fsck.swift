public import Authority
public import TransparencyLog

/// Says whether a store is whole, whatever happened to the gateway that wrote it, and what the next start has to settle.
///
/// All that ``Auditor`` finds, what the database finds wrong with itself, and whether records agree with one another: nothing was
/// done without an intent, and nothing that came to an end has none in the log.
public struct Fsck: Sendable {
    public struct Report: Sendable {
        public let logs: Auditor.Report
        /// What is wrong beside what is wrong with the logs.
        public let problems: [String]
        /// What was under way and is settled by the next start: nothing is wrong with that.
        public let unsettled: [String]

        public var isWhole: Bool { logs.problems.isEmpty && problems.isEmpty }
    }

    private let store: any Store
    private let keys: [LogKey]

    public init(store: any Store, keys: [LogKey]) { (self.store, self.keys) = (store, keys) }

    /// - Parameters:
    ///   - notes: signed checkpoints, such as those published last.
    ///   - progress: told how many entries have been read.
    /// - Throws: ``StoreError`` when the store can't be read at all.
    public func examine(_ notes: [String], progress: (Int64) -> Void = { _ in }) async throws -> Report {
        let damage = try await store.damage()
        let logs = try await Auditor(store: store, keys: keys).verify(notes, replaying: false, progress: progress)
        var problems = damage
        var unsettled: [String] = []
        do {
            let records = Records(try await store.everyRecord())
            problems += records.problems
            for change in records.ended where try await !hasOutcome(change) {
                problems.append("change \(change.id) is \(change.state.rawValue), and no entry says how it came to that")
            }
            unsettled = records.unsettled
        } catch let error as StoreError where error.code == .corrupt { problems.append(error.message) }
        return Report(logs: logs, problems: problems, unsettled: unsettled)
    }

    private func hasOutcome(_ change: Change) async throws -> Bool {
        var all: [any StoredLogs] = [store]
        if let closed = try await store.closedLogs() { all.append(closed) }
        for logs in all {
            for position in try await logs.positions(linkedTo: change.id) where position.log == .actions {
                let bytes = try await logs.entries(.actions, in: position.index..<(position.index + 1)).first
                if try bytes.map({ try LoggedEntry(bytes: $0).kind == .outcome }) == true { return true }
            }
        }
        return false
    }
}

/// The records, as they belong together.
private struct Records {
    private var changes: [String: Change] = [:]
    private var intents: Set<String> = []
    private var leases: [String: [(id: String, isOpen: Bool)]] = [:]
    /// The changes that other records speak of.
    private var named: [(record: String, change: String)] = []

    init(_ records: [StoredRecord]) {
        for record in records {
            switch record {
            case .change(let change): changes[change.id] = change
            case .intent(let change, _, _): intents.insert(change)
            case .lease(let lease, let ended): leases[lease.change, default: []].append((lease.id, ended == nil))
            case .approval(let approval): named.append((record.key, approval.statement.change))
            case .idempotency(let kept): named.append((record.key, kept.change))
            case .task, .token, .lock, .epoch, .garbled: continue
            }
        }
        named += intents.map { (StoredRecord.intent($0), $0) }
        named += leases.flatMap { change, leases in leases.map { (StoredRecord.lease($0.id), change) } }
    }

    private static let begun: Set<Change.State> = [.executing, .executed, .rolledBack, .indeterminate]
    private static let neverBegun: Set<Change.State> = [.proposed, .approved, .withdrawn, .expired, .void]

    /// The changes that came to an end.
    var ended: [Change] {
        changes.values.filter { ![.proposed, .approved, .executing].contains($0.state) }.sorted { $0.id < $1.id }
    }

    var problems: [String] {
        var problems = named.filter { changes[$0.change] == nil }.map { "\($0.record) is about \($0.change), which is no change" }
        for change in changes.values {
            let (hasIntent, hasLease) = (intents.contains(change.id), leases[change.id] != nil)
            if Self.begun.contains(change.state), !hasIntent || !hasLease {
                problems.append("change \(change.id) is \(change.state.rawValue) without an intent and a lease")
            }
            if Self.neverBegun.contains(change.state), hasIntent || hasLease {
                problems.append("change \(change.id) is \(change.state.rawValue), and has an intent or a lease")
            }
        }
        return problems.sorted()
    }

    var unsettled: [String] {
        let executing = changes.values.filter { $0.state == .executing }.map { "change \($0.id) was being carried out" }
        let open = leases.values.flatMap { $0 }.filter(\.isOpen).map { "lease \($0.id) is not known to have ended" }
        return executing.sorted() + open.sorted()
    }
}
