package import Authority
import Synchronization
package import TransparencyLog

/// A store that keeps batches waiting, and fails when it is told to.
package final class StoreGate: Store {
    struct State {
        var isClosed = false
        var batches: [StoreBatch] = []
        var failures: [any Error] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        var read: [LogName: Int64] = [:]
    }

    private let inner: any Store
    private let state = Mutex(State())

    package init(_ inner: any Store) { self.inner = inner }

    package var batches: [StoreBatch] { state.withLock { $0.batches } }
    /// The first entry of each log that was asked for since ``forget()``.
    package var firstRead: [LogName: Int64] { state.withLock { $0.read } }
    package func forget() { state.withLock { $0.read = [:] } }
    package func shut() { state.withLock { $0.isClosed = true } }
    package func fail(with errors: (any Error)...) { state.withLock { $0.failures = errors } }

    package func open() {
        let waiting = state.withLock { state in
            state.isClosed = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    package func commit(_ batch: StoreBatch) async throws {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                state.batches.append(batch)
                if state.isClosed { state.waiting.append(continuation) }
                return !state.isClosed
            }
            if isFree { continuation.resume() }
        }
        let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
        try await inner.commit(batch)
    }

    package func change(_ id: String) async throws -> Change? { try await inner.change(id) }
    package func changes(in states: Set<Change.State>, limit: Int, after: String?) async throws -> [Change] {
        try await inner.changes(in: states, limit: limit, after: after)
    }
    package func overdue(at now: Instant, limit: Int) async throws -> [Change] { try await inner.overdue(at: now, limit: limit) }
    package func task(_ id: String) async throws -> Authority.Task? { try await inner.task(id) }
    package func task(forToken token: String) async throws -> Authority.Task? { try await inner.task(forToken: token) }
    package func approvals(of change: String) async throws -> [SignedApproval] { try await inner.approvals(of: change) }
    package func openLeases() async throws -> [LeaseReference] { try await inner.openLeases() }
    package func lease(of change: String) async throws -> LeaseReference? { try await inner.lease(of: change) }
    package func locks() async throws -> (locks: [Lock], epoch: Int64) { try await inner.locks() }
    package func idempotency(principal: String, key: String) async throws -> IdempotencyRecord? {
        try await inner.idempotency(principal: principal, key: key)
    }
    package func records(_ keys: [String]) async throws -> [StoredRecord] { try await inner.records(keys) }
    package func records(of kind: StoredRecord.Kind, after: String?, limit: Int) async throws -> RecordPage {
        try await inner.records(of: kind, after: after, limit: limit)
    }
    package func damage() async throws -> [String] { try await inner.damage() }
    package func snapshot() async throws -> StoredSnapshot? { try await inner.snapshot() }
    package func buckets(_ numbers: [Int]) async throws -> [Int: [UInt8]] { try await inner.buckets(numbers) }
    package func bucketCount() async throws -> Int { try await inner.bucketCount() }
    package func keep(_ snapshot: StoredSnapshot, buckets: [Int: [UInt8]]) async throws {
        try await inner.keep(snapshot, buckets: buckets)
    }
    package func close() async throws { try await inner.close() }
    package func forgetSnapshot() async throws { try await inner.forgetSnapshot() }
    package func tiles(_ ids: [TileID], of log: LogName) async throws -> [TileID: Tile] { try await inner.tiles(ids, of: log) }
    package func blob(_ digest: Authority.Digest) async throws -> [UInt8]? { try await inner.blob(digest) }
    package func closedLogs() async throws -> (any ClosedLogs)? { try await inner.closedLogs() }
    package func head(_ log: LogName) async throws -> String? { try await inner.head(log) }
    package func logSize(_ log: LogName) async throws -> Int64 { try await inner.logSize(log) }
    package func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] {
        state.withLock { $0.read[log] = min($0.read[log] ?? .max, range.lowerBound) }
        return try await inner.entries(log, in: range)
    }
    package func position(ofEntry id: String) async throws -> LogPosition? { try await inner.position(ofEntry: id) }
    package func positions(linkedTo id: String) async throws -> [LogPosition] { try await inner.positions(linkedTo: id) }
    package func isLinked(_ position: LogPosition, to id: String) async throws -> Bool {
        try await inner.isLinked(position, to: id)
    }
    package func logCounts() async throws -> LogCounts { try await inner.logCounts() }
}
