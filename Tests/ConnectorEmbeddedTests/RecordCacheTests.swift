import Authority
import Foundation
import GRDB
import StrictJSON
import TestSupport
import Testing

@testable import ConnectorEmbedded

@Suite("Entries kept as they were read")
struct RecordCacheTests {
    @Test("Whoever writes to the file, the next read shows it, and what is gone is gone")
    func current() async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("corp.sqlite").path
        let directory = try EmbeddedDirectory(system: "corp", path: path, now: { Fixture.now })
        try await directory.seedDemoCompany()
        let operation = try #require(directory.catalogue["user.read"])
        func title() async throws -> [String]? {
            try await directory.read(operation, try Input(["user": "kai.nilsen"], for: operation)).attributes["title"]
        }
        func set(_ title: String) -> @Sendable (Database) throws -> Void {
            { db in
                try db.execute(
                    sql:
                        "UPDATE attribute SET value = ? WHERE name = 'title' AND entry = (SELECT id FROM entry WHERE name = 'kai.nilsen')",
                    arguments: [title])
            }
        }
        let first = try await title()
        #expect(try await title() == first)
        let other = try DatabaseQueue(path: path)
        for round in 0..<3 {
            try await other.write(set("by another \(round)"))
            #expect(try await title() == ["by another \(round)"])
            try await directory.write(set("by itself \(round)"))
            #expect(try await title() == ["by itself \(round)"])
        }
        try await other.write { try $0.execute(sql: "DELETE FROM entry WHERE name = 'kai.nilsen'") }
        await #expect(throws: ConnectorError.self) { try await title() }
    }
}
