import Authority
import Crypto
import StrictJSON
import TransparencyLog

/// Takes up what an earlier run left, proved against its logs: from the last snapshot on, or where there is none that fits, from
/// their beginning.
struct StoreStart {
    /// What was taken up.
    struct Found: Sendable {
        let ledger: Ledger
        /// Whether the logs go on from closed ones.
        let isSuccessor: Bool
        /// The checkpoints of closed logs that have no successor yet.
        var toSucceed: [LogName: Checkpoint] = [:]
        /// Nil where everything was read.
        var resumed: Resumed?
        /// Whether there was a snapshot, whatever it was worth.
        var hadSnapshot = false
    }

    /// What the graph goes on from.
    struct Resumed: Sendable {
        let reach: JSONValue?
        /// The changes that something became of since.
        let changes: [String]
    }

    let store: any Store
    let gateway: String
    let key: Curve25519.Signing.PublicKey
    let notes: [String]

    /// - Throws: ``StoreError`` `altered`, with everything found.
    func take() async throws -> Found {
        let closed = try await store.closedLogs()
        let stored = try? await store.snapshot()
        if let stored, let found = await resume(stored, isSuccessor: closed != nil) { return found }
        var found = try await readAll(closed)
        found.hadSnapshot = stored != nil
        return found
    }

    // MARK: From a snapshot

    /// - Returns: nil when anything does not fit: then the logs say what.
    private func resume(_ stored: StoredSnapshot, isSuccessor: Bool) async -> Found? {
        guard let snapshot = Snapshot(stored, key: LogKey(name: Snapshot.origin(gateway), key: key)),
            let map = RecordMap(hashes: stored.hashes, root: snapshot.records, counts: snapshot.counts)
        else { return nil }
        do { return try await resume(snapshot, map, isSuccessor: isSuccessor) } catch { return nil }
    }

    private func resume(_ snapshot: Snapshot, _ map: RecordMap, isSuccessor: Bool) async throws -> Found? {
        var trees: [LogName: LogTree] = [:]
        for (log, end) in snapshot.logs {
            guard let tree = try await TreeReader.tree(of: log, size: end.size, in: store), "\(tree.root)" == end.root else {
                return nil
            }
            trees[log] = tree
        }
        var proof = LogProof(gateway: gateway, key: key, notes: notes, after: snapshot.sequence)
        try await proof.read(store, isSuccessor: isSuccessor, after: trees)
        let (sequence, digests) = proof.fold.end()
        guard proof.problems.isEmpty, proof.fold.problems.isEmpty else { return nil }
        let keys = Set(snapshot.open).union(digests.keys)
        let records = try await store.records(keys.sorted())
        let now = try await self.map(map, digests, records, proof.statements)
        guard try await isThat(keys, records, now) else { return nil }
        let ledger = Ledger(
            sequence: sequence, trees: proof.trees, map: now, settled: snapshot.logs.values.reduce(0) { $0 + $1.size },
            records: records, decisions: snapshot.decisions.merging(proof.decisions) { $1 })
        guard try await store.locks().locks.allSatisfy({ ledger.storedLocks[$0.key] == $0 }) else { return nil }
        let changes = digests.keys.filter { $0.hasPrefix("change/") }.map { String($0.dropFirst("change/".count)) }
        return Found(
            ledger: ledger, isSuccessor: isSuccessor, resumed: Resumed(reach: snapshot.reach, changes: changes.sorted()))
    }

    /// The map after what the logs tell of since the snapshot.
    private func map(
        _ map: RecordMap, _ digests: [String: Authority.Digest?], _ records: [StoredRecord], _ statements: [String]
    ) async throws -> RecordMap {
        var map = map
        let told = digests.map { (key: $0.key, digest: $0.value.map(RecordMap.Short.init)) }
        let changes = told + Ledger.notes(on: records.filter { digests[$0.key] != nil }, statements)
        let numbers = map.needed(for: changes.map(\.key))
        let fetched = map.check(try await store.buckets(numbers), of: numbers)
        for (key, digest) in changes {
            let short = RecordMap.Short(key: key)
            map.take(
                RecordMap.Change(
                    key: short, kind: Ledger.kind(ofKey: key), digest: digest, wasThere: try map.digest(short, fetched) != nil))
        }
        return map
    }

    /// Whether the records are those that the map has under these keys.
    private func isThat(_ keys: Set<String>, _ records: [StoredRecord], _ map: RecordMap) async throws -> Bool {
        let numbers = map.needed(for: keys)
        let fetched = map.check(try await store.buckets(numbers), of: numbers)
        let found = Dictionary(records.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        return try keys.allSatisfy { key in
            let digest = try map.digest(.init(key: key), fetched)
            guard let record = found[key] else { return digest == nil }
            return digest == RecordMap.Short(record.digest) || digest == nil && record.isFirstEpoch
        }
    }

    // MARK: From the beginning

    private func readAll(_ closed: (any ClosedLogs)?) async throws -> Found {
        var proof = LogProof(gateway: gateway, key: key, notes: notes)
        let records: [StoredRecord]
        do {
            if let closed { try await proof.read(closed) }
            try await proof.read(store, isSuccessor: closed != nil)
            records = try await store.everyRecord()
        } catch let error as StoreError where error.code == .corrupt {
            throw StoreError(.altered, (proof.problems + [error.message]).joined(separator: "\n"))
        }
        let (sequence, digests) = proof.fold.end()
        let problems = proof.problems + proof.fold.problems + RecordFold.differences(records, digests)
        guard problems.isEmpty else { throw StoreError(.altered, problems.joined(separator: "\n")) }
        let ledger = Ledger(
            sequence: sequence, trees: proof.trees, map: RecordMap(of: records, proof.statements), settled: 0,
            records: records,
            decisions: proof.decisions)
        return Found(ledger: ledger, isSuccessor: closed != nil, toSucceed: proof.toSucceed)
    }
}

extension StoredRecord {
    /// The one record that is there before any entry tells of it.
    var isFirstEpoch: Bool { digest == StoredRecord.epoch(0).digest && key == StoredRecord.epoch(0).key }
}
