import Authority
import Foundation
import Storage
import StoreConformance
import TestSupport
import Testing

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
}
