import Authority
import Foundation
import GRDB
import StoreConformance
import TestSupport
import Testing

@testable import Storage

@Suite("The SQLite store")
struct SQLiteStoreTests {
    @Test("conforms", arguments: StoreConformance.allCases)
    func conforms(check: StoreConformance) async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        try await check.run(on: try SQLiteStore(path: folder.appendingPathComponent("s.sqlite").path))
    }

    @Test("Left properly, its file alone is all of it")
    func closed() async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let (path, copy) = (folder.appendingPathComponent("s.sqlite").path, folder.appendingPathComponent("copy.sqlite").path)
        let store = try SQLiteStore(path: path)
        let lock = Lock(scope: .workload, subject: "agent", by: "olga", at: Fixture.now)
        try await Scribe(store).commit([.placeLock(lock)], entries: [])
        try await store.close()
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        #expect(try await SQLiteStore(reading: copy).locks().locks == [lock])
    }

    @Test("Somebody who reads for long sees one moment, and holds up nobody who commits")
    func longReader() async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("s.sqlite").path
        let store = try SQLiteStore(path: path)
        try await store.keep(StoredSnapshot(note: "first", document: [], hashes: [:]), buckets: [1: [1]])
        let reader = try SQLiteStore(reading: path)
        // More than the write-ahead log may have before it is begun anew, which the reader keeps from being done.
        for round in 0..<12 {
            let members = [UInt8](repeating: UInt8(round), count: 3_000)
            let buckets = Dictionary(uniqueKeysWithValues: (0..<2_000).map { ($0, members) })
            try await store.keep(StoredSnapshot(note: "\(round)", document: [], hashes: [:]), buckets: buckets)
        }
        #expect(try await store.snapshot()?.note == "11")
        #expect(try await reader.snapshot()?.note == "first")
        #expect(try await reader.bucketCount() == 1)
    }

    @Test("Every commit is synced before it is acknowledged, whatever the library would have")
    func synced() async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore(path: folder.appendingPathComponent("s.sqlite").path)
        let level = try await store.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(level == 2, "FULL")
    }
}
