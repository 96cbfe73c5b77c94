import Authority
import Foundation
import GRDB
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import TestSupport
import Testing
import TransparencyLog

/// Logs as each version left them: what was written once is read, verified and replayed for ever. `EXEQUATUR_GOLDEN=FOLDER swift test
/// --filter GoldenLogTests` writes the one of the version that writes now.
@Suite("Logs that earlier versions left")
struct GoldenLogTests {
    /// Every version that wrote logs since the first that keeps its promise.
    static let versions: [Int64] = [2]

    private func folder(_ version: Int64) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(version)")
    }

    /// A copy, so that nothing is written beside what is committed.
    private func opened<T>(_ version: Int64, _ body: (SQLiteStore, [LogKey], [String]) async throws -> T) async throws -> T {
        let (source, copy) = (folder(version), try Fixture.folder())
        defer { try? FileManager.default.removeItem(at: copy) }
        let file = copy.appendingPathComponent("exequatur.sqlite")
        try FileManager.default.copyItem(at: source.appendingPathComponent("exequatur.sqlite"), to: file)
        func lines(_ name: String) throws -> String {
            try String(contentsOf: source.appendingPathComponent(name), encoding: .utf8)
        }
        let keys = try lines("log.vkey").split(separator: "\n").compactMap { LogKey(text: String($0)) }
        let notes = (try JSONReader.read(try lines("checkpoints.json")).array ?? []).compactMap(\.string)
        return try await body(try SQLiteStore(path: file.path), keys, notes)
    }

    @Test("Its trees, links, decisions and executions hold", arguments: versions)
    func verifies(version: Int64) async throws {
        let report = try await opened(version) { try await Auditor(store: $0, keys: $1).verify($2) }
        #expect(report.problems == [])
        #expect(report.unwitnessed.isEmpty)
        #expect(report.replayed > 10, "\(report.replayed)")
        #expect(report.proved >= 3, "\(report.proved)")
    }

    @Test("Each of its entries is read as what it says, of every kind there was", arguments: versions)
    func reads(version: Int64) async throws {
        var kinds: Set<LogRecord.Kind> = []
        try await opened(version) { store, _, _ in
            for log in LogName.allCases {
                for bytes in try await store.entries(log, in: 0..<store.logSize(log)) {
                    let entry = try LoggedEntry(bytes: bytes)
                    #expect(entry.version == version)
                    let record = try entry.record()
                    kinds.insert(entry.kind)
                    guard version == LogRecord.version else { continue }
                    // The version that is written is written today as it was then.
                    var again = LogEntry(record, id: entry.id, time: entry.time, links: entry.links)
                    again.records = entry.records
                    #expect(again.bytes == bytes, "\(entry.id)")
                }
            }
        }
        // A part is a piece of a long body: too long to be kept here.
        #expect(Set(LogRecord.Kind.allCases).subtracting(kinds) == [.part])
    }

    // MARK: Writing one

    @Test("A log with an entry of every kind", .enabled(if: ProcessInfo.processInfo.environment["EXEQUATUR_GOLDEN"] != nil))
    func write() async throws {
        let target = URL(fileURLWithPath: try #require(ProcessInfo.processInfo.environment["EXEQUATUR_GOLDEN"]))
            .appendingPathComponent("\(LogRecord.version)")
        let world = try await GatewayFixture()
        defer { world.close() }
        try await live(in: world)
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        let file = target.appendingPathComponent("exequatur.sqlite")
        try? FileManager.default.removeItem(at: file)
        let queue = try DatabaseQueue(path: world.folder.appendingPathComponent("exequatur.sqlite").path)
        try await queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [file.path]) }
        func put(_ lines: String, _ name: String) throws {
            try lines.write(to: target.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try put(world.keys.map(\.text).joined(separator: "\n"), "log.vkey")
        try put(
            JSONWriter.canonicalText(.array(try world.checkpoints().map(JSONValue.string))), "checkpoints.json")
    }

    private func live(in world: GatewayFixture) async throws {
        let (lena, olga) = (Fixture.person("lena", teams: ["leads"]), Fixture.person("olga", teams: ["desk"]))
        let evidence = Evidence(prompt: "please", justification: "Ticket 1", classification: "low")
        _ = try await world.submit("user.read", ["user": "cleo.aas"])
        _ = try await world.submit("user.read", ["user": "no.body"])
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Captain"], evidence: evidence, key: "k")
        let adding: JSONValue = ["group": "operations", "member": "ivo.petrov"]
        let waiting = try #require(try await world.submit("group.add-member", adding, evidence: evidence).change)
        _ = try await world.gateway.desk.why(waiting, for: lena)
        try await world.say(.approve, on: waiting, by: "lena")
        let proposed = try #require(try await world.submit("user.disable", ["user": "milo.dahl"]).change)
        _ = try await world.gateway.approvals.adopt(proposed, by: lena)
        let refused = try #require(
            try await world.submit("group.add-member", ["group": "operations", "member": "nora.lie"]).change)
        try await world.say(.refuse, on: refused, by: "lena")
        let reset = try #require(try await world.submit("user.reset-password", ["user": "kai.nilsen"]).change)
        _ = try await world.gateway.desk.takeSecret(of: reset, by: lena)
        _ = try await world.gateway.locks.place(.operation, "corp/user.disable/u-1001", by: olga)
        try await world.gateway.locks.lift(.operation, "corp/user.disable/u-1001", by: lena)
        world.meddler.play(.unreachable)
        _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Mate"])
        world.meddler.play(.none)
        try await world.change("UPDATE entry SET enabled = 0, version = version + 1 WHERE name = 'gus.holm'")
        try await world.gateway.reachWatch.reread("corp")
        world.meddler.play(.moreThanDeclared)
        _ = try await world.submit("user.set-title", ["user": "eli.strand", "value": "Clerk"])
        world.meddler.play(.none)
        try await world.gateway.adopt(world.gateway.policies)
        let lease = LeaseReference(id: "lease-left", change: waiting, system: "corp", account: "none", expires: world.clock.now)
        try await world.witnessed.commit([.putLease(lease)], entries: [])
        await world.gateway.sweep()
        try await world.gateway.queue.end(world.task())
    }
}
