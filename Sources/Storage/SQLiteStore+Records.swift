public import Authority
import Foundation
import GRDB
import StrictJSON

extension SQLiteStore {
    public func records() async throws -> [StoredRecord] {
        try await read { db in
            try changes(db) + tasks(db) + approvals(db) + leases(db) + others(db)
        }
    }

    private func rows<T>(_ db: Database, _ table: String, _ decode: (Row) throws -> T) throws -> [T] {
        try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { row in
            do { return try decode(row) } catch let error as StoreError { throw error } catch {
                throw StoreError(.corrupt, "a row of the table \(table) can't be read: \(error)")
            }
        }
    }

    private func json(_ row: Row) throws -> JSONValue {
        let bytes: Data = row["json"]
        return try JSONReader.read(bytes, limits: .init(bytes: Self.longestRecord, fractions: false))
    }

    /// Refuses a row whose columns and whose JSON differ.
    private func agree(_ isSo: Bool, _ what: String) throws {
        guard isSo else { throw StoreError(.corrupt, "the stored \(what) says two things of itself") }
    }

    private func changes(_ db: Database) throws -> [StoredRecord] {
        try rows(db, "change") { row in
            let change = try Change(json: json(row))
            let agrees =
                row["id"] == change.id && row["state"] == change.state.rawValue
                && row["created"] == change.created.milliseconds && row["expires"] == change.expires.milliseconds
                && row["same"] == change.sameness.hex
            return agrees ? .change(change) : .garbled(key: StoredRecord.change(change).key)
        }
    }

    private func tasks(_ db: Database) throws -> [StoredRecord] {
        try rows(db, "task") { row -> [StoredRecord] in
            let task = try Task(json: json(row))
            try agree(row["id"] == task.id, "task \(task.id)")
            return [.task(task), .token(row["token"], task: task.id)]
        }.flatMap { $0 }
    }

    private func approvals(_ db: Database) throws -> [StoredRecord] {
        try rows(db, "approval") { row in
            let approval = try SignedApproval(json: json(row))
            let said = approval.statement
            try agree(
                row["nonce"] == said.nonce && row["change"] == said.change && row["person"] == said.approver
                    && row["verdict"] == said.verdict.rawValue,
                "approval \(said.nonce)")
            return .approval(approval)
        }
    }

    private func leases(_ db: Database) throws -> [StoredRecord] {
        try rows(db, "lease") { row in
            let ended: Int64? = row["ended"]
            return .lease(LeaseReference(row: row), ended: ended.map(Instant.init(milliseconds:)))
        }
    }

    private func others(_ db: Database) throws -> [StoredRecord] {
        try rows(db, "lock") { .lock(try Lock(row: $0)) }
            + rows(db, "epoch") { row in
                try agree(row["name"] == "locks", "epoch")
                return .epoch(row["value"])
            }
            + rows(db, "intent") { row in
                guard let digest = Digest(hex: row["digest"]) else { throw StoreError(.corrupt, "an intent's digest") }
                return .intent(change: row["change"], digest: digest, expires: Instant(milliseconds: row["expires"]))
            }
            + rows(db, "idempotency") { row in
                guard let digest = Digest(hex: row["request"]) else { throw StoreError(.corrupt, "an idempotency record") }
                return .idempotency(
                    IdempotencyRecord(principal: row["principal"], key: row["key"], request: digest, change: row["change"]))
            }
    }
}
