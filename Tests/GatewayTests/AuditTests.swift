import Authority
import Foundation
import GRDB
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing
import TransparencyLog

@Suite("The auditor")
struct AuditTests {
    /// A store with some history, its checkpoints, and as many copies as are asked for.
    private func history() async throws -> (GatewayFixture, [String]) {
        let world = try await GatewayFixture()
        for title in ["A", "B", "C"] {
            _ = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": .string(title)])
        }
        _ = try await world.submit("user.read", ["user": "cleo.aas"])
        _ = try await world.submit("group.add-member", ["group": "domain-admins", "member": "ivo.petrov"])
        return (world, try world.checkpoints())
    }

    /// Verifies a copy of the store after `tamper` had its way with it.
    private func problems(_ world: GatewayFixture, _ notes: [String], _ tamper: @escaping @Sendable (Database) throws -> Void)
        async throws -> [String]
    {
        let copy = world.folder.appendingPathComponent("copy-\(UUID().uuidString).sqlite").path
        let source = try DatabaseQueue(path: world.folder.appendingPathComponent("exequatur.sqlite").path)
        try await source.writeWithoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [copy]) }
        let queue = try DatabaseQueue(path: copy)
        try await queue.write(tamper)
        try queue.close()
        return try await Auditor(store: try SQLiteStore(reading: copy), keys: world.keys).verify(notes).problems
    }

    /// What somebody with the whole file would do after an edit: make the stored tree fit.
    private func rebuildTree(_ log: LogName, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM log_tile WHERE log = ?", arguments: [log.rawValue])
        var tree = LogTree()
        let entries = try Data.fetchAll(
            db, sql: "SELECT bytes FROM log_entry WHERE log = ? ORDER BY position", arguments: [log.rawValue])
        for entry in entries {
            for tile in tree.append(.leaf(entry)) {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO log_tile VALUES (?, ?, ?, ?)",
                    arguments: [log.rawValue, tile.id.level, tile.id.index, Data(tile.bytes)])
            }
        }
    }

    @Test("An untouched store is whole, and every decision comes out the same")
    func whole() async throws {
        let (world, notes) = try await history()
        defer { world.close() }
        let report = try await Auditor(store: world.store, keys: world.keys).verify(notes)
        #expect(report.problems == [] && report.checkpoints == 3 && report.replayed > 5)
        #expect(try await problems(world, notes) { _ in } == [])
    }

    @Test(
        "Any single entry edited, removed or cut off is found, though the stored tree is made to fit",
        arguments: LogName.allCases, ["edit", "remove", "truncate", "swap"])
    func tampering(log: LogName, how: String) async throws {
        let (world, notes) = try await history()
        defer { world.close() }
        let size = try await world.store.logSize(log)
        #expect(size > 2)
        for position in 0..<size {
            let found = try await problems(world, notes) { db in
                try tamper(how, log, position, size, db)
                try rebuildTree(log, db)
            }
            #expect(!found.isEmpty, "\(log.rawValue) \(position) \(how)")
        }
    }

    private func tamper(_ how: String, _ log: LogName, _ position: Int64, _ size: Int64, _ db: Database) throws {
        let place: StatementArguments = [log.rawValue, position]
        switch how {
        case "edit":
            var bytes = Array(
                try #require(
                    try Data.fetchOne(db, sql: "SELECT bytes FROM log_entry WHERE log = ? AND position = ?", arguments: place)))
            bytes[bytes.count / 2] ^= 1
            try db.execute(sql: "UPDATE log_entry SET bytes = ? WHERE log = ? AND position = ?", arguments: [Data(bytes)] + place)
        case "remove":
            try db.execute(sql: "DELETE FROM log_entry WHERE log = ? AND position = ?", arguments: place)
            for next in (position + 1)..<max(size, position + 2) where next < size {
                try db.execute(
                    sql: "UPDATE log_entry SET position = position - 1 WHERE log = ? AND position = ?",
                    arguments: [log.rawValue, next])
            }
        case "truncate": try db.execute(sql: "DELETE FROM log_entry WHERE log = ? AND position >= ?", arguments: place)
        default:
            let other = (position + 1) % size
            for (from, to) in [(position, -1), (other, position), (-1, other)] {
                try db.execute(
                    sql: "UPDATE log_entry SET position = ? WHERE log = ? AND position = ?", arguments: [to, log.rawValue, from])
            }
        }
    }

    @Test("A checkpoint of another key, and none at all, are reported")
    func checkpoints() async throws {
        let (world, notes) = try await history()
        defer { world.close() }
        let stranger = try await GatewayFixture()
        defer { stranger.close() }
        let auditor = Auditor(store: world.store, keys: world.keys)
        #expect(try await auditor.verify([]).unwitnessed.count == 3)
        let foreign = try stranger.gateway.journal.checkpoint(.actions)
        #expect(try await !auditor.verify(notes + [foreign]).problems.isEmpty)
    }

    @Test("A receipt is pending until a checkpoint is published, then proves what it says by itself")
    func receipts() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        try world.gateway.journal.publish()
        let answer = try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "A"])
        let pending = try #require(answer.receipt)
        #expect(pending.inclusion == nil)
        try world.gateway.journal.publish()
        let id = try #require(answer.change)
        let change = try await world.gateway.submissions.change(id, of: .workload(Fixture.workload()))
        let receipt = try #require(try await world.gateway.submissions.status(of: change).receipt)
        #expect(receipt.entry == pending.entry)
        let inclusion = try #require(receipt.inclusion)
        let note = try #require(SignedCheckpoint(note: inclusion.checkpoint, key: world.keys[2]))
        func hash(_ hex: String) -> Hash? {
            let digits = Array(hex)
            return Hash(
                bytes: stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
            )
        }
        let (proof, entry) = (inclusion.proof.compactMap(hash), receipt.entry)
        #expect(
            Verification.inclusion(
                leaf: .leaf(entry.utf8), index: inclusion.index, size: note.checkpoint.size, proof: proof,
                root: note.checkpoint.root))
        let body = try #require(try JSONReader.read(entry)["body"])
        #expect(body["change"]?.string == id && body["state"] == "executed" && body["terms"]?.string == change.digest.hex)
        #expect(body["objects"] == nil && body["lease"] == nil, "a receipt shows its holder nothing that policy may withhold")
    }

    @Test(
        "Hidden, absent, denied and obstructed requests write as many entries to each log",
        arguments: [
            [("user.read", ["user": "farah.noor"]), ("user.read", ["user": "no.body"])],
            [("group.read", ["group": "domain-admins"]), ("group.read", ["group": "no-group"])],
            [
                ("user.disable", ["user": "farah.noor"]), ("user.disable", ["user": "no.body"]),
                ("user.create", ["user": "ada.berg", "displayName": "x", "surname": "x"]),
                ("group.add-member", ["group": "domain-admins", "member": "ivo.petrov"]),
                ("group.add-member", ["group": "vpn-users", "member": "farah.noor"]),
                ("group.add-member", ["group": "vpn-users", "member": "no.body"]),
                ("user.set-title", ["user": "kai.nilsen", "value": "Dispatcher"]),
            ],
        ] as [[(String, JSONValue)]])
    func growth(requests: [(String, JSONValue)]) async throws {
        let hiding =
            GatewayFixture.policy + """
                forbid (principal is Exequatur::Workload, action in Exequatur::Action::"read", resource)
                    when { resource has labels && resource.labels.contains("tier-0") };
                """
        let world = try await GatewayFixture(policy: hiding)
        defer { world.close() }
        _ = try await world.task()
        var grown: Set<[Int64]> = []
        for (operation, input) in requests {
            let before = try await world.sizes()
            _ = try await world.submit(operation, input)
            let after = try await world.sizes()
            grown.insert(zip(before, after).map { $1 - $0 })
        }
        #expect(grown.count == 1, "\(grown)")
    }
}
