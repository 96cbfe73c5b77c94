import Authority
import Foundation
import GRDB
import TransparencyLog

/// The logs' entries and the nodes of their trees. Called inside a transaction.
enum LogTable {
    /// - Returns: where the entry stands; its parts, if it has any, stand before it.
    static func append(_ entry: LogEntry, _ db: Database) throws -> LogPosition {
        let entries = try entry.inParts
        for part in entries.dropLast() { _ = try appendOne(part, db) }
        return try appendOne(entries[entries.count - 1], db)
    }

    private static func appendOne(_ entry: LogEntry, _ db: Database) throws -> LogPosition {
        let bytes = entry.bytes
        let size = try size(entry.log, db)
        try db.execute(
            sql: "INSERT INTO log_entry VALUES (?, ?, ?, ?)", arguments: [entry.log.rawValue, size, entry.id, Data(bytes)])
        for target in Set(entry.links.values).sorted() {
            try db.execute(sql: "INSERT INTO log_link VALUES (?, ?, ?)", arguments: [target, entry.log.rawValue, size])
        }
        for (node, hash) in try MerkleTree.append(.leaf(bytes), size: size, read: { try read($0, entry.log, db) }) {
            try db.execute(
                sql: "INSERT INTO log_node VALUES (?, ?, ?, ?)",
                arguments: [entry.log.rawValue, node.level, node.index, Data(hash.bytes)])
        }
        return LogPosition(log: entry.log, index: size)
    }

    static func size(_ log: LogName, _ db: Database) throws -> Int64 {
        let sql = "SELECT coalesce(max(position) + 1, 0) FROM log_entry WHERE log = ?"
        return try Int64.fetchOne(db, sql: sql, arguments: [log.rawValue]) ?? 0
    }

    static func node(_ log: LogName, level: Int, index: Int64, _ db: Database) throws -> [UInt8]? {
        let sql = "SELECT hash FROM log_node WHERE log = ? AND level = ? AND position = ?"
        return try Data.fetchOne(db, sql: sql, arguments: [log.rawValue, level, index]).map(Array.init)
    }

    private static func read(_ id: TreeNodeID, _ log: LogName, _ db: Database) throws -> Hash {
        guard let bytes = try node(log, level: id.level, index: id.index, db), let hash = Hash(bytes: bytes) else {
            throw StoreError(.corrupt, "a node of the \(log.rawValue) log is missing: level \(id.level), index \(id.index)")
        }
        return hash
    }
}
