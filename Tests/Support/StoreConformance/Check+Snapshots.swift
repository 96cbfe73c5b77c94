import Authority
import TestSupport
import Testing

extension Check {
    /// One record of each kind, but for intents; tasks have two.
    private func writeOfEach() async throws -> [StoredRecord] {
        let change = try change()
        let lease = LeaseReference(id: "l1", change: "chg-1", system: "corp", account: "cn=l1", expires: Fixture.now)
        let lock = Lock(scope: .workload, subject: "agent", by: "olga", at: Fixture.now)
        let kept = IdempotencyRecord(principal: "a b", key: "k  c", request: digest, change: "chg-1")
        let approval = statement("a", "olga")
        try await scribe.commit([.insertChange(change), .insertTask(Fixture.task(), token: "tok")], entries: [])
        try await scribe.commit([.insertApproval(approval), .putLease(lease), .insertIdempotency(kept)], entries: [])
        try await scribe.commit([.endLease("l1", at: Fixture.now), .placeLock(lock)], entries: [])
        return [
            .change(change), .task(Fixture.task()), .token("tok", task: Fixture.task().id), .approval(approval),
            .lease(lease, ended: Fixture.now), .lock(lock), .epoch(1), .idempotency(kept),
        ]
    }

    func records() async throws {
        let written = try await writeOfEach()
        let digests = Dictionary(uniqueKeysWithValues: written.map { ($0.key, $0.digest) })
        let found = try await store.records(written.map(\.key) + ["change/no", "token/no", "idempotency/a b", "what"])
        #expect(Dictionary(found.map { ($0.key, $0.digest) }, uniquingKeysWith: { $1 }) == digests)
        #expect(found.count == written.count)
        #expect(Set(try await store.everyRecord().map(\.key)) == Set(written.map(\.key)))
        for number in 2..<8 { try await scribe.commit([.insertChange(try change("chg-\(number)"))], entries: []) }
        var (pages, after): ([[String]], String?) = ([], nil)
        repeat {
            let page = try await store.records(of: .change, after: after, limit: 3)
            pages.append(page.records.map(\.key))
            after = page.next
        } while after != nil
        #expect(pages.flatMap { $0 } == (1..<8).map { "change/chg-\($0)" } && pages.allSatisfy { $0.count <= 3 })
    }

    func snapshots() async throws {
        #expect(try await store.snapshot()?.note == nil)
        #expect(try await store.buckets([7]).isEmpty)
        func keep(_ note: String, _ hashes: [Int: [UInt8]], _ buckets: [Int: [UInt8]]) async throws {
            try await store.keep(StoredSnapshot(note: note, document: Array(note.utf8), hashes: hashes), buckets: buckets)
        }
        try await keep("one", [0: [1], 4095: [2]], [7: [7], 65_535: [8, 9]])
        try await keep("two", [4095: [3]], [7: [], 8: [1]])
        let snapshot = try #require(try await store.snapshot())
        #expect(snapshot.note == "two" && snapshot.document == Array("two".utf8))
        #expect(snapshot.hashes == [0: [1], 4095: [3]])
        #expect(try await store.buckets([6, 7, 8, 65_535]) == [8: [1], 65_535: [8, 9]], "an empty one is none")
        #expect(try await store.bucketCount() == 2)
        try await store.forgetSnapshot()
        #expect(try await store.snapshot()?.note == nil)
        #expect(try await store.bucketCount() == 0)
    }
}
