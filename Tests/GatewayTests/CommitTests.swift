import Authority
import Crypto
import Foundation
import GatewayWorld
import Storage
import StrictJSON
import Synchronization
import TestSupport
import Testing
import TransparencyLog

@testable import Gateway

@Suite("Writing together")
struct CommitTests {
    private let folder = try? Fixture.folder()
    private let key = Curve25519.Signing.PrivateKey()

    private final class Reasons: Sendable {
        private let all = Mutex<[String]>([])
        func add(_ reason: String) { all.withLock { $0.append(reason) } }
        var count: Int { all.withLock { $0.count } }
    }

    private func opened() async throws -> (store: WitnessedStore, gate: StoreGate, stops: Reasons) {
        let path = try #require(folder).appendingPathComponent("store.sqlite").path
        let (gate, stops) = (StoreGate(try SQLiteStore(path: path)), Reasons())
        let store = try await WitnessedStore.open(
            gate, gateway: "g", key: key, now: { Fixture.now }, alarm: { _ in }, stop: { stops.add($0) })
        return (store, gate, stops)
    }

    private static func code(_ body: () async throws -> [LogPosition]) async -> StoreError.Code? {
        do {
            _ = try await body()
            return nil
        } catch { return (error as? StoreError)?.code }
    }

    private func entry(_ id: String, after other: String? = nil) -> LogEntry {
        LogEntry(.opening(by: id), id: id, time: Fixture.now, links: other.map { ["request": $0] } ?? [:])
    }

    private func lock(_ subject: String) -> Lock { Lock(scope: .workload, subject: subject, by: "olga", at: Fixture.now) }

    /// Waits until so much was handed to the store.
    private func wait(_ gate: StoreGate, for count: Int) async throws {
        while gate.batches.count < count { try await _Concurrency.Task.sleep(for: .milliseconds(2)) }
    }

    @Test(
        "What comes while a batch is being written is the next, whole and in the order of asking, but who stops something goes first"
    )
    func together() async throws {
        let (store, gate, _) = try await opened()
        gate.shut()
        async let first = store.commit([], entries: [entry("first")])
        try await wait(gate, for: 1)
        for number in 0..<5 { try await store.add([entry("a\(number)")]) }
        async let last = store.commit([], entries: [entry("last")])
        async let locked = store.commit([.placeLock(lock("agent"))], entries: [entry("lock")])
        try await _Concurrency.Task.sleep(for: .milliseconds(50))
        #expect(store.locks().locks.isEmpty, "nothing counts before it is on disk")
        gate.open()
        #expect(try await (first + locked + last).map(\.index) == [0, 1, 7])
        #expect(gate.batches.map(\.members.count) == [1, 7])
        #expect(gate.batches[1].entries.map(\.written.entry.id) == ["lock", "a0", "a1", "a2", "a3", "a4", "last"])
        #expect(store.locks().locks.count == 1)
        try await verified(store, gate)
    }

    private func verified(_ store: WitnessedStore, _ gate: StoreGate) async throws {
        let keys = LogName.allCases.map { LogKey(name: Journal.origin($0, gateway: "g"), key: key.publicKey) }
        let report = try await Auditor(store: gate, keys: keys).verify(try store.checkpoints().values.sorted())
        #expect(report.problems == [])
    }

    @Test("Of those who share a batch only the one whose condition does not hold fails, with what links to it")
    func conflict() async throws {
        let (store, gate, stops) = try await opened()
        let record = IdempotencyRecord(principal: "a", key: "k", request: Digest(of: "x"), change: "chg-1")
        try await store.commit([.insertIdempotency(record)], entries: [entry("taken")])
        gate.shut()
        async let first = store.commit([], entries: [entry("first")])
        try await wait(gate, for: 2)
        async let refused = Self.code { try await store.commit([.insertIdempotency(record)], entries: [entry("refused")]) }
        try await _Concurrency.Task.sleep(for: .milliseconds(20))
        async let follows = Self.code { try await store.commit([], entries: [entry("follows", after: "refused")]) }
        async let other = store.commit([], entries: [entry("other", after: "taken")])
        try await _Concurrency.Task.sleep(for: .milliseconds(20))
        gate.open()
        #expect(try await first.map(\.index) == [1])
        #expect(await [refused, follows] == [.conflict, .conflict])
        #expect(try await other.map(\.index) == [2])
        #expect(stops.count == 0)
        try await verified(store, gate)
    }

    @Test("A full disk fails all but what ends or stops something, and nothing of them is left behind")
    func full() async throws {
        let (store, gate, stops) = try await opened()
        gate.shut()
        async let first = Self.code { try await store.commit([], entries: [entry("first")]) }
        try await wait(gate, for: 1)
        async let other = Self.code { try await store.commit([], entries: [entry("other")]) }
        async let locked = store.commit([.placeLock(lock("agent"))], entries: [entry("lock")])
        try await _Concurrency.Task.sleep(for: .milliseconds(30))
        gate.fail(with: StoreError(.full, "full"), StoreError(.full, "full"))
        gate.open()
        // The first was alone in its batch.
        #expect(await first == .full)
        let results = (await other, try await locked)
        #expect(results.0 == .full && results.1.map(\.index) == [0])
        #expect(store.locks().locks.count == 1 && stops.count == 0)
        try await verified(store, gate)
    }

    @Test("What followed from an entry that could not be written is not written, though nobody waited for it")
    func unwritten() async throws {
        let (store, gate, _) = try await opened()
        gate.fail(with: StoreError(.full, "full"))
        try await store.add([entry("request")])
        try await wait(gate, for: 1)
        while gate.batches.count < 1 { await _Concurrency.Task.yield() }
        try await _Concurrency.Task.sleep(for: .milliseconds(20))
        await #expect(throws: StoreError.self) { try await store.commit([], entries: [entry("decision", after: "request")]) }
        let error = await #expect(throws: StoreError.self) { try await store.settle("request") }
        #expect(error?.code == .full)
        #expect(try await store.commit([], entries: [entry("other")]).map(\.index) == [0])
        try await store.add([entry("another")])
        try await store.settle("another")
        #expect(try await store.logSize(.actions) == 2)
    }

    @Test("After a write of which nobody knows what came, nothing more is written, and the process is told to stop")
    func doubtful() async throws {
        let (store, gate, stops) = try await opened()
        try await store.commit([], entries: [entry("first")])
        gate.fail(with: StoreError(.doubtful, "the disk failed"))
        for number in 0..<2 {
            await #expect(throws: StoreError.self) { try await store.commit([], entries: [entry("later-\(number)")]) }
        }
        #expect(stops.count == 1 && gate.batches.count == 2, "it is not tried again")
        // Who reads it anew goes on from what is there.
        let again = try await WitnessedStore.open(gate, gateway: "g", key: key, now: { Fixture.now }) { _ in }
        #expect(try await again.commit([], entries: [entry("after")]).map(\.index) == [1])
    }
}
