package import Authority
import Foundation
import GRDB
package import TransparencyLog

/// The tables of the logs. Called inside a transaction.
enum LogTable {
    static func append(_ entry: StoreBatch.Entry, _ db: Database) throws {
        let (position, written) = (entry.position, entry.written)
        let log = position.log.rawValue
        try db.run("INSERT INTO log_entry VALUES (?, ?, ?, ?)", [log, position.index, written.entry.id, Data(written.bytes)])
        for target in Set(written.entry.links.values).sorted() {
            try db.run("INSERT INTO log_link VALUES (?, ?, ?)", [target, log, position.index])
        }
        guard let (digest, bytes) = written.blob else { return }
        try db.run("INSERT INTO log_blob VALUES (?, ?) ON CONFLICT DO NOTHING", [digest.hex, Data(bytes)])
    }

    static func put(_ log: StoreBatch.Log, _ db: Database) throws {
        for tile in log.tiles {
            try db.run(
                "INSERT INTO log_tile VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes",
                [log.name.rawValue, tile.id.level, tile.id.index, Data(tile.bytes)])
        }
        try db.run(
            "INSERT INTO head VALUES (?, ?) ON CONFLICT DO UPDATE SET note = excluded.note", [log.name.rawValue, log.head])
    }
}

/// The logs in the tables of this name: those that are written, or those that were closed.
struct LogTables: StoredLogs, ClosedLogs {
    let store: SQLiteStore
    let prefix: String

    func size(_ log: LogName, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT coalesce(max(position) + 1, 0) FROM \(prefix)log_entry WHERE log = ?"),
            arguments: [log.rawValue]) ?? 0
    }

    func logSize(_ log: LogName) async throws -> Int64 { try await store.read { db in try size(log, db) } }

    func head(_ log: LogName) async throws -> String? {
        try await store.read { db in
            try String.fetchOne(db, sql: "SELECT note FROM \(prefix)head WHERE log = ?", arguments: [log.rawValue])
        }
    }

    func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] {
        try await store.read { db in
            let sql = "SELECT bytes FROM \(prefix)log_entry WHERE log = ? AND position >= ? AND position < ? ORDER BY position"
            let arguments: StatementArguments = [log.rawValue, range.lowerBound, range.upperBound]
            return try Data.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map(Array.init)
        }
    }

    func position(ofEntry id: String) async throws -> LogPosition? {
        try await store.read { db in
            try positions(db, "SELECT log, position FROM \(prefix)log_entry WHERE id = ?", [id]).first
        }
    }

    func positions(linkedTo id: String) async throws -> [LogPosition] {
        try await store.read { db in
            let sql = """
                SELECT log, position, rowid FROM \(prefix)log_entry WHERE id = ?1
                UNION
                SELECT e.log, e.position, e.rowid FROM \(prefix)log_link l
                    JOIN \(prefix)log_entry e ON e.log = l.log AND e.position = l.position WHERE l.target = ?1
                ORDER BY 3
                """
            return try positions(db, sql, [id])
        }
    }

    private func positions(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [LogPosition] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { row in
            guard let log = LogName(rawValue: row["log"]) else { throw StoreError(.corrupt, "an entry of an unknown log") }
            return LogPosition(log: log, index: row["position"])
        }
    }

    func isLinked(_ position: LogPosition, to id: String) async throws -> Bool {
        try await store.read { db in
            let sql = "SELECT EXISTS (SELECT 1 FROM \(prefix)log_link WHERE target = ? AND log = ? AND position = ?)"
            let arguments: StatementArguments = [id, position.log.rawValue, position.index]
            return try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: arguments) ?? false
        }
    }

    func logCounts() async throws -> LogCounts {
        try await store.read { db in
            func count(_ table: String) throws -> Int64 { try Int64.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
            let isClosed = store.isOld || !prefix.isEmpty
            return LogCounts(
                entries: try count("\(prefix)log_entry"), links: try count("\(prefix)log_link"),
                tree: try count(isClosed ? "\(prefix)log_node" : "log_tile"), blobs: isClosed ? 0 : try count("log_blob"),
                heads: try count("\(prefix)head"))
        }
    }

    func node(_ log: LogName, level: Int, index: Int64) async throws -> [UInt8]? {
        try await store.read { db in
            let sql = "SELECT hash FROM \(prefix)log_node WHERE log = ? AND level = ? AND position = ?"
            let arguments: StatementArguments = [log.rawValue, level, index]
            return try Data.fetchOne(db.cachedStatement(sql: sql), arguments: arguments).map(Array.init)
        }
    }
}

/// Logs that are not begun yet.
private struct NoLogs: StoredLogs {
    func head(_ log: LogName) async throws -> String? { nil }
    func logSize(_ log: LogName) async throws -> Int64 { 0 }
    func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] { [] }
    func position(ofEntry id: String) async throws -> LogPosition? { nil }
    func positions(linkedTo id: String) async throws -> [LogPosition] { [] }
    func isLinked(_ position: LogPosition, to id: String) async throws -> Bool { false }
    func logCounts() async throws -> LogCounts { LogCounts(entries: 0, links: 0, tree: 0, blobs: 0, heads: 0) }
}

extension SQLiteStore {
    /// Of a store of an earlier version, that one's logs are closed, and none are there yet that go on from them.
    private var logs: any StoredLogs { isOld ? NoLogs() : LogTables(store: self, prefix: "") }

    package func head(_ log: LogName) async throws -> String? { try await logs.head(log) }
    package func logSize(_ log: LogName) async throws -> Int64 { try await logs.logSize(log) }
    package func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] {
        try await logs.entries(log, in: range)
    }
    package func position(ofEntry id: String) async throws -> LogPosition? { try await logs.position(ofEntry: id) }
    package func positions(linkedTo id: String) async throws -> [LogPosition] { try await logs.positions(linkedTo: id) }
    package func isLinked(_ position: LogPosition, to id: String) async throws -> Bool {
        try await logs.isLinked(position, to: id)
    }
    package func logCounts() async throws -> LogCounts { try await logs.logCounts() }

    package func tiles(_ ids: [TileID], of log: LogName) async throws -> [TileID: Tile] {
        guard !isOld else { return [:] }
        return try await read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT hashes FROM log_tile WHERE log = ? AND level = ? AND position = ?")
            var tiles: [TileID: Tile] = [:]
            for id in ids {
                let bytes = try Data.fetchOne(statement, arguments: [log.rawValue, id.level, id.index])
                guard let bytes else { continue }
                guard let tile = Tile(id: id, bytes: Array(bytes)) else {
                    throw StoreError(.corrupt, "a tile of the \(log.rawValue) log can't be read")
                }
                tiles[id] = tile
            }
            return tiles
        }
    }

    package func blob(_ digest: Digest) async throws -> [UInt8]? {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT bytes FROM log_blob WHERE digest = ?")
            return try Data.fetchOne(statement, arguments: [digest.hex]).map(Array.init)
        }
    }

    package func closedLogs() async throws -> (any ClosedLogs)? {
        if isOld { return LogTables(store: self, prefix: "") }
        return try await read { try $0.tableExists("closed_log_entry") } ? LogTables(store: self, prefix: "closed_") : nil
    }
}

extension Database {
    /// Executes a statement that is compiled once for each connection.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
