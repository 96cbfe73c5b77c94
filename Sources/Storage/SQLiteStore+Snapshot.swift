package import Authority
import Foundation
import GRDB

extension SQLiteStore {
    package func snapshot() async throws -> StoredSnapshot? {
        try await read { db in
            // A store of an earlier version that nothing has written since has none.
            guard try db.tableExists("snapshot"), let row = try Row.fetchOne(db, sql: "SELECT * FROM snapshot") else {
                return nil
            }
            let parts = try Row.fetchAll(db, sql: "SELECT * FROM record_hashes").map { part in
                (part["part"] as Int, Array(part["hashes"] as Data))
            }
            return StoredSnapshot(
                note: row["note"], document: Array(row["document"] as Data),
                hashes: Dictionary(parts, uniquingKeysWith: { $1 }))
        }
    }

    package func buckets(_ numbers: [Int]) async throws -> [Int: [UInt8]] {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT members FROM record_bucket WHERE number = ?")
            var buckets: [Int: [UInt8]] = [:]
            for number in numbers {
                buckets[number] = try Data.fetchOne(statement, arguments: [number]).map(Array.init)
            }
            return buckets
        }
    }

    package func bucketCount() async throws -> Int {
        try await read { db in
            guard try db.tableExists("record_bucket") else { return 0 }
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM record_bucket") ?? 0
        }
    }

    package func keep(_ snapshot: StoredSnapshot, buckets: [Int: [UInt8]]) async throws {
        guard reserve?.hold() != false else { throw StoreError(.full, "there is no room for a snapshot") }
        let pages = 2 * buckets.count + snapshot.hashes.count + snapshot.document.count / 4096
        try await write(entries: pages / Checkpointer.perEntry) { db in
            for (number, members) in buckets.sorted(by: { $0.key < $1.key }) {
                if members.isEmpty {
                    try db.run("DELETE FROM record_bucket WHERE number = ?", [number])
                } else {
                    try db.run("INSERT OR REPLACE INTO record_bucket VALUES (?, ?)", [number, Data(members)])
                }
            }
            for (part, hashes) in snapshot.hashes.sorted(by: { $0.key < $1.key }) {
                try db.run("INSERT OR REPLACE INTO record_hashes VALUES (?, ?)", [part, Data(hashes)])
            }
            try db.run("INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)", [snapshot.note, Data(snapshot.document)])
        }
    }

    package func forgetSnapshot() async throws {
        do { try await deleteSnapshot() } catch let error as StoreError where error.code == .full {
            reserve?.release()
            try await deleteSnapshot()
        }
    }

    private func deleteSnapshot() async throws {
        try await write { db in
            for table in ["snapshot", "record_hashes", "record_bucket"] { try db.execute(sql: "DELETE FROM \(table)") }
        }
    }
}
