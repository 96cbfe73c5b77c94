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
}
