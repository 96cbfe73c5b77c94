package import Authority
import Foundation
import GRDB
import StrictJSON

extension SQLiteStore {
    package func change(_ id: String) async throws -> Change? {
        try await read { db in try one(db, "SELECT json FROM change WHERE id = ?", [id], Change.init(json:)) }
    }

    package func changes(in states: Set<Change.State>, limit: Int, after: String?) async throws -> [Change] {
        try await read { db in
            let names = states.map(\.rawValue).sorted()
            let marks = databaseQuestionMarks(count: names.count)
            let start = after == nil ? "" : "AND (created, id) < (SELECT created, id FROM change WHERE id = ?)"
            let sql = "SELECT json FROM change WHERE state IN (\(marks)) \(start) ORDER BY created DESC, id DESC LIMIT \(limit)"
            return try all(db, sql, StatementArguments(names + [after].compactMap { $0 }), Change.init(json:))
        }
    }

    package func overdue(at now: Instant, limit: Int) async throws -> [Change] {
        try await read { db in
            let sql = """
                SELECT json FROM change WHERE state IN ('proposed', 'approved') AND expires <= ?
                    ORDER BY expires, id LIMIT \(limit)
                """
            // One that can't be read must not keep the others from ending; whoever reads it is told.
            return try Data.fetchAll(db.cachedStatement(sql: sql), arguments: [now.milliseconds]).compactMap { blob in
                try? Change(json: JSONReader.read(blob, limits: .init(bytes: Self.longestRecord, fractions: false)))
            }
        }
    }

    package func task(_ id: String) async throws -> Task? {
        try await read { db in try one(db, "SELECT json FROM task WHERE id = ?", [id], Task.init(json:)) }
    }

    package func task(forToken token: String) async throws -> Task? {
        try await read { db in try one(db, "SELECT json FROM task WHERE token = ?", [token], Task.init(json:)) }
    }

    package func approvals(of change: String) async throws -> [SignedApproval] {
        try await read { db in
            try all(db, "SELECT json FROM approval WHERE change = ? ORDER BY rowid", [change], SignedApproval.init(json:))
        }
    }

    package func openLeases() async throws -> [LeaseReference] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM lease WHERE ended IS NULL ORDER BY rowid").map(LeaseReference.init(row:))
        }
    }

    package func lease(of change: String) async throws -> LeaseReference? {
        try await read { db in
            let sql = "SELECT * FROM lease WHERE change = ? ORDER BY rowid DESC"
            return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [change]).map(LeaseReference.init(row:))
        }
    }

    package func locks() async throws -> (locks: [Lock], epoch: Int64) {
        try await read { db in
            let locks = try Row.fetchAll(db, sql: "SELECT * FROM lock ORDER BY key").map(Lock.init(row:))
            guard let epoch = try Int64.fetchOne(db, sql: "SELECT value FROM epoch WHERE name = 'locks'") else {
                throw StoreError(.corrupt, "the locks' epoch is missing")
            }
            return (locks, epoch)
        }
    }

    package func idempotency(principal: String, key: String) async throws -> IdempotencyRecord? {
        try await read { db in
            let sql = "SELECT * FROM idempotency WHERE principal = ? AND key = ?"
            return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [principal, key]).map { row in
                guard let digest = Digest(hex: row["request"]) else { throw StoreError(.corrupt, "an idempotency record") }
                return IdempotencyRecord(principal: principal, key: key, request: digest, change: row["change"])
            }
        }
    }

    package func damage() async throws -> [String] {
        try await read { db in
            let found = try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            let dangling = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map { row in
                "a row of the table \(row["table"] as String? ?? "") refers to one that is not there"
            }
            return found + dangling
        }
    }

    func one<T>(_ db: Database, _ sql: String, _ arguments: StatementArguments, _ decode: (JSONValue) throws -> T) throws
        -> T?
    {
        try all(db, sql, arguments, decode).first
    }

    func all<T>(_ db: Database, _ sql: String, _ arguments: StatementArguments, _ decode: (JSONValue) throws -> T) throws
        -> [T]
    {
        try Data.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { blob in
            do { return try decode(try JSONReader.read(blob, limits: .init(bytes: Self.longestRecord, fractions: false))) } catch
            {
                throw StoreError(.corrupt, "a stored record can't be read: \(error)")
            }
        }
    }
}

extension LeaseReference {
    init(row: Row) {
        self.init(
            id: row["id"], change: row["change"], system: row["system"], account: row["account"],
            expires: Instant(milliseconds: row["expires"]))
    }
}

extension Lock {
    init(row: Row) throws {
        guard let scope = Lock.Scope(rawValue: row["scope"]) else { throw StoreError(.corrupt, "a lock of unknown scope") }
        self.init(scope: scope, subject: row["subject"], by: row["by"], at: Instant(milliseconds: row["at"]))
        guard key == row["key"] else { throw StoreError(.corrupt, "the lock \(key) says two things of itself") }
    }
}
