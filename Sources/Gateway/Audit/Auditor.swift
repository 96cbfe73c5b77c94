public import Authority
public import TransparencyLog

/// Verifies the logs with nothing but their public keys and checkpoints kept elsewhere.
public struct Auditor: Sendable {
    /// What executions are proved by, as the log says: whoever has the log's key and the store could put in others.
    public struct Basis: Sendable {
        /// The people with their keys, and the policies.
        public enum Kind: String, Sendable { case registry, policies }

        public let kind: Kind
        public let digest: Digest
        /// The id of the entry from which on it counts.
        public let entry: String
    }

    public struct Report: Sendable {
        public var sizes: [LogName: Int64] = [:]
        /// Of the logs that an earlier version left.
        public var closed: [LogName: Int64] = [:]
        public var checkpoints = 0
        public var replayed = 0
        /// Executions proved back to an intent, a permit and the signatures it counted.
        public var proved = 0
        /// The people and policies that they are proved by, oldest first.
        public var bases: [Basis] = []
        /// The logs of which no checkpoint was given: removal from their end would go unseen.
        public var unwitnessed: [LogName] = []
        /// Everything found wrong.
        public var problems: [String] = []

        public var isWhole: Bool { problems.isEmpty && unwitnessed.isEmpty }
    }

    private let store: any Store
    private let keys: [LogKey]
    private let page: Int64 = 64

    /// - Parameter keys: the logs' public keys; a log that goes on from a closed one is signed with the same.
    public init(store: any Store, keys: [LogKey]) {
        self.store = store
        self.keys = LogKey.withSuccessors(keys)
    }

    /// Recomputes every tree from its entries, compares with what is stored of it and with each checkpoint, follows every link,
    /// and makes every decision again: of the logs that are written, and before them of those that an earlier version left.
    ///
    /// - Parameters:
    ///   - notes: signed checkpoints; each log needs at least one that was kept where the gateway can't write.
    ///   - progress: told how many entries have been read.
    ///   - replaying: whether every decision is made again, too.
    public func verify(_ notes: [String], replaying: Bool = true, progress: (Int64) -> Void = { _ in }) async throws -> Report {
        var report = Report()
        let checkpoints = read(notes, &report)
        var reading = EntryReading(replaying: replaying)
        var closer: LogAudit?
        if let closed = try await store.closedLogs() {
            var audit = LogAudit(.closed(closed), "", keys, checkpoints)
            try await audit.follow(&reading, page: page, progress)
            report.problems += audit.problems
            report.closed = audit.sizes
            closer = audit
        }
        var audit = LogAudit(.store(store), closer == nil ? "" : ".2", keys, checkpoints)
        audit.closing = closer?.ends
        try await audit.follow(&reading, page: page, progress)
        report.problems += audit.problems + reading.end()
        report.sizes = audit.sizes
        // A log that goes on from a closed one holds its last checkpoint, and so witnesses it.
        report.unwitnessed = audit.unwitnessed.filter { (audit.sizes[$0] ?? 0) > 0 || closer?.unwitnessed.contains($0) != false }
        try await checkRecords(&reading.fold, &report)
        report.replayed = reading.replayed
        report.proved = reading.proved
        report.bases = reading.bases
        return report
    }

    /// The store's records are those that the log tells of.
    private func checkRecords(_ fold: inout RecordFold, _ report: inout Report) async throws {
        report.problems += try await SnapshotAudit(store: store, keys: keys).problems { [fold] in fold.digests(after: $0) }
        let (_, digests) = fold.end()
        report.problems += fold.problems
        do { report.problems += RecordFold.differences(try await store.everyRecord(), digests) } catch let error as StoreError {
            report.problems.append(error.message)
        }
    }

    private func read(_ notes: [String], _ report: inout Report) -> [Checkpoint] {
        notes.compactMap { note in
            for key in keys {
                if let signed = SignedCheckpoint(note: note, key: key) {
                    report.checkpoints += 1
                    return signed.checkpoint
                }
            }
            report.problems.append("a checkpoint is not signed by any of the keys given")
            return nil
        }
    }
}
