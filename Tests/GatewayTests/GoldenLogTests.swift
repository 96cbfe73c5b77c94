import Authority
import Crypto
import Foundation
import GRDB
import Gateway
import GatewayWorld
import Storage
import StrictJSON
import Synchronization
import TestSupport
import Testing
import TransparencyLog

/// Logs as each version left them: what was written once is read, verified and replayed for ever. `EXEQUATUR_GOLDEN=FOLDER swift test
/// --filter GoldenLogTests` writes the one of the version that writes now.
@Suite("Logs that earlier versions left")
struct GoldenLogTests {
    /// Every version that wrote logs since the first that keeps its promise.
    static let versions: [Int64] = [2, 3]

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
            let closed = try await store.closedLogs()
            #expect((closed == nil) == (version == LogRecord.version))
            let logs: any StoredLogs = closed ?? store
            for log in LogName.allCases {
                for bytes in try await logs.entries(log, in: 0..<logs.logSize(log)) {
                    let entry = try LoggedEntry(bytes: bytes)
                    #expect(entry.version == version)
                    let record = try entry.record()
                    kinds.insert(entry.kind)
                    guard version == LogRecord.version else { continue }
                    #expect(JSONWriter.canonical(try JSONReader.read(bytes)) == bytes, "\(entry.id) is canonical")
                    // The version that is written is written today as it was then.
                    let again = try LogEntry(record, id: entry.id, time: entry.time, links: entry.links).written()
                    #expect(try entry.records.map { try again.telling(of: $0) }?.bytes ?? again.bytes == bytes, "\(entry.id)")
                }
            }
        }
        // A part is a piece of a long body, too long to be kept here; and only logs that go on from others begin with one's end.
        #expect(Set(LogRecord.Kind.allCases).subtracting(kinds) == [.part, .succession])
    }

    @Test("A store that an earlier version left is taken up by its key: its logs are closed, and new ones go on from them")
    func succession() async throws {
        let key = Curve25519.Signing.PrivateKey()
        let folder = try Fixture.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("exequatur.sqlite").path
        try FileManager.default.copyItem(atPath: self.folder(2).appendingPathComponent("exequatur.sqlite").path, toPath: path)
        // Signed anew: the key of then is in nobody's hands.
        let shorter = try await signed(path, key, without: 1)
        let old = try await resigned(path, key)
        let alarms = Mutex<[String]>([])
        func open(_ notes: [String]) async throws -> WitnessedStore {
            try await WitnessedStore.open(
                try SQLiteStore(path: path), gateway: "test", key: key, checkpoints: notes, now: { Fixture.now },
                alarm: { alarm in alarms.withLock { $0.append(alarm) } })
        }
        let store = try await open(old)
        #expect(try store.checkpoints().values.allSatisfy { $0.split(separator: "\n")[0].hasSuffix(".2") })
        try await store.commit([], entries: [LogEntry(.alarm(AlarmRecord("x")), id: "new", time: Fixture.now)])
        let new = try store.checkpoints().values.sorted()
        #expect(try await open(new).checkpoints() == store.checkpoints(), "and again, by its new checkpoints")

        let keys = LogName.allCases.map { LogKey(name: Journal.origin($0, gateway: "test"), key: key.publicKey) }
        func report(_ notes: [String]) async throws -> Auditor.Report {
            try await Auditor(store: try SQLiteStore(reading: path), keys: keys).verify(notes)
        }
        let whole = try await report(new)
        #expect(whole.problems == [] && whole.unwitnessed == [])
        #expect(whole.closed.values.reduce(0, +) > 50 && whole.sizes[.requests] == 1 && whole.replayed > 10)
        #expect(try await report(old + new).problems == [])

        // A checkpoint of each closed log that was signed once, before it was closed.
        let earlier = LogName.allCases.map { log in
            "DELETE FROM closed_log_entry WHERE log = '\(log.rawValue)' AND position >= (SELECT max(position) FROM closed_log_entry "
                + "WHERE log = '\(log.rawValue)'); UPDATE closed_head SET note = '\(shorter[log] ?? "")' WHERE log = '\(log.rawValue)'"
        }
        for tampering in earlier + [
            "DELETE FROM closed_log_entry WHERE rowid = (SELECT max(rowid) FROM closed_log_entry WHERE log = 'actions')",
            "UPDATE closed_log_entry SET bytes = CAST('{}' AS BLOB) WHERE log = 'requests' AND position = 1",
            "DROP TABLE closed_log_entry", "DELETE FROM log_entry WHERE log = 'requests'", "DELETE FROM closed_head",
        ] {
            try await DatabaseQueue(path: path).writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [path + ".copy"])
            }
            defer { try? FileManager.default.removeItem(atPath: path + ".copy") }
            let queue = try DatabaseQueue(path: path + ".copy")
            try await queue.write { try $0.execute(sql: tampering) }
            try queue.close()
            let found = try await Auditor(store: try SQLiteStore(reading: path + ".copy"), keys: keys).verify(new)
            #expect(!found.problems.isEmpty, "\(tampering)")
            await #expect(throws: StoreError.self, "\(tampering)") {
                let store = try await WitnessedStore.open(
                    try SQLiteStore(path: path + ".copy"), gateway: "test", key: key, checkpoints: new, now: { Fixture.now },
                    alarm: { _ in })
                _ = try await store.checkEverything(pause: {})
            }
        }
    }

    /// Signs the heads of a store of version 2 with this key.
    ///
    /// - Returns: the checkpoints.
    private func resigned(_ path: String, _ key: Curve25519.Signing.PrivateKey) async throws -> [String] {
        let notes = try await signed(path, key)
        try await DatabaseQueue(path: path).write { db in
            for (log, note) in notes {
                try db.execute(sql: "UPDATE head SET note = ? WHERE log = ?", arguments: [note, log.rawValue])
            }
        }
        return notes.values.sorted()
    }

    /// The checkpoints of a store of version 2, signed with this key.
    ///
    /// - Parameter last: so many entries are not in it.
    private func signed(_ path: String, _ key: Curve25519.Signing.PrivateKey, without last: Int = 0) async throws -> [LogName:
        String]
    {
        try await DatabaseQueue(path: path).read { db in
            try LogName.allCases.reduce(into: [:]) { notes, log in
                var tree = TreeEdge()
                let entries = try Data.fetchAll(
                    db, sql: "SELECT bytes FROM log_entry WHERE log = ? ORDER BY position", arguments: [log.rawValue])
                for entry in entries.dropLast(last) { tree.grow(.leaf(entry)) }
                let checkpoint = Checkpoint(origin: Journal.origin(log, gateway: "test"), size: tree.size, root: tree.root)
                notes[log] = try SignedCheckpoint(checkpoint, key: key).note
            }
        }
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
