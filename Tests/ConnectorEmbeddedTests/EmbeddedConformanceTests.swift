import ConnectorConformance
import Foundation
import GRDB
import TestSupport
import Testing

@testable import ConnectorEmbedded

@Suite("The embedded directory")
struct EmbeddedConformanceTests {
    @Test("conforms", arguments: ConnectorConformance.allCases)
    func conforms(check: ConnectorConformance) async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let directory = try EmbeddedDirectory(
            system: "corp", path: folder.appendingPathComponent("corp.sqlite").path, now: { TestClock().now })
        try await directory.seedDemoCompany()
        try await check.run(
            on: .init(
                connector: directory, user: "ivo.petrov", other: "kai.nilsen", group: "engineering", outer: "vpn-users",
                label: "tier-0",
                labelled: "svc-backup"))
    }

    @Test("What it did is synced before it says so, whatever the library would have")
    func synced() async throws {
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let directory = try EmbeddedDirectory(
            system: "corp", path: folder.appendingPathComponent("corp.sqlite").path, now: { TestClock().now })
        let level = try await directory.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(level == 2, "FULL")
    }
}
