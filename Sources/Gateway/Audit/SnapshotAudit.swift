import Authority
import TransparencyLog

/// Holds the snapshot that a store keeps against what its log tells.
struct SnapshotAudit {
    let store: any Store
    let keys: [LogKey]

    /// - Parameter digests: what every record had after the batch of that number.
    /// - Returns: what is wrong.
    func problems(_ digests: (Int64) -> [String: Digest]) async throws -> [String] {
        guard let stored = try await store.snapshot() else {
            return try await store.bucketCount() == 0 ? [] : ["the store has buckets of digests and no snapshot"]
        }
        let key = keys.compactMap { key in
            // Signed with the key of the logs, under a name of its own.
            key.name.split(separator: "/").dropLast().last.map { LogKey(name: Snapshot.origin(String($0)), key: key.key) }
        }.first { SignedCheckpoint(note: stored.note, key: $0) != nil }
        guard let key, let snapshot = Snapshot(stored, key: key) else { return ["the snapshot is not what the gateway signed"] }
        guard let map = RecordMap(hashes: stored.hashes, root: snapshot.records, counts: snapshot.counts) else {
            return ["the hashes of the store's digests are not those of the snapshot"]
        }
        let numbers = map.buckets
        guard try await store.bucketCount() == numbers.count else { return ["the store has other buckets than the snapshot"] }
        var fetched: [Int: [UInt8]] = [:]
        for start in stride(from: 0, to: numbers.count, by: 256) {
            fetched.merge(try await store.buckets(Array(numbers[start..<min(start + 256, numbers.count)]))) { $1 }
        }
        return differences(map, map.check(fetched, of: numbers), digests(snapshot.sequence))
    }

    private func differences(_ map: RecordMap, _ fetched: RecordMap.Fetched, _ digests: [String: Digest]) -> [String] {
        guard fetched.isWhole else { return ["a bucket of the store's digests is not what was written"] }
        let wrong = digests.filter { key, digest in
            (try? map.digest(.init(key: key), fetched)) != RecordMap.Short(digest)
        }
        let counted = StoredRecord.Kind.allCases.reduce(0) { $0 + map.count(of: $1) }
        guard counted == digests.count else {
            return ["the snapshot has \(counted) records, and the log tells of \(digests.count)"]
        }
        return wrong.keys.sorted().map { "\($0) in the snapshot is not what the log says" }
    }
}
