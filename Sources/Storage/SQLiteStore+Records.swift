package import Authority
import Foundation
import GRDB
import StrictJSON

extension SQLiteStore {
    package func records(of kind: StoredRecord.Kind, after: String?, limit: Int) async throws -> RecordPage {
        try await read { db in
            // From the first, whatever its number: somebody else may have chosen it.
            let found =
                if let place = after.flatMap(Int64.init) {
                    try Self.rows(db, kind, "rowid > ? ORDER BY rowid LIMIT ?", [place, limit])
                } else {
                    try Self.rows(db, kind, "true ORDER BY rowid LIMIT ?", [limit])
                }
            return RecordPage(
                records: found.flatMap(\.records), next: found.count == limit ? found.last.map { String($0.rowid) } : nil)
        }
    }

    package func records(_ keys: [String]) async throws -> [StoredRecord] {
        try await read { db in
            try keys.flatMap { key in try Self.records(db, key).filter { $0.key == key }.prefix(1) }
        }
    }

    private static func records(_ db: Database, _ key: String) throws -> [StoredRecord] {
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.count > 1 ? parts[1] : ""
        func found(_ kind: StoredRecord.Kind, _ column: String) throws -> [StoredRecord] {
            do { return try rows(db, kind, "\(column) = ?", [name]).flatMap(\.records) } catch let error as StoreError
                where error.code == .corrupt
            { return [.garbled(key: key)] }
        }
        switch parts[0] {
        case "change": return try found(.change, "id")
        case "task": return try found(.task, "id")
        case "token": return try found(.task, "token")
        case "approval": return try found(.approval, "nonce")
        case "lease": return try found(.lease, "id")
        case "lock": return try found(.lock, "key")
        case "epoch": return try rows(db, .epoch, "name = ?", ["locks"]).flatMap(\.records)
        case "intent": return try found(.intent, "change")
        case "idempotency":
            // Either part of the key may have spaces in it.
            return try name.indices.filter { name[$0] == " " }.flatMap { space in
                try rows(
                    db, .idempotency, "principal = ? AND key = ?",
                    [String(name[..<space]), String(name[name.index(after: space)...])]
                ).flatMap(\.records)
            }
        default: return []
        }
    }

    private static func rows(_ db: Database, _ kind: StoredRecord.Kind, _ condition: String, _ arguments: StatementArguments)
        throws -> [(rowid: Int64, records: [StoredRecord])]
    {
        let statement = try db.cachedStatement(sql: "SELECT *, rowid AS place FROM \(kind.rawValue) WHERE \(condition)")
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            do { return (row["place"], try decode(row, kind)) } catch let error as StoreError { throw error } catch {
                throw StoreError(.corrupt, "a row of the table \(kind.rawValue) can't be read: \(error)")
            }
        }
    }

    private static func decode(_ row: Row, _ kind: StoredRecord.Kind) throws -> [StoredRecord] {
        switch kind {
        case .change: return [try change(row)]
        case .task:
            let task = try Task(json: json(row))
            try agree(row["id"] == task.id, "task \(task.id)")
            return [.task(task), .token(row["token"], task: task.id)]
        case .approval: return [try approval(row)]
        case .lease:
            let ended: Int64? = row["ended"]
            return [.lease(LeaseReference(row: row), ended: ended.map(Instant.init(milliseconds:)))]
        case .lock: return [.lock(try Lock(row: row))]
        case .epoch:
            try agree(row["name"] == "locks", "epoch")
            return [.epoch(row["value"])]
        case .intent:
            guard let digest = Digest(hex: row["digest"]) else { throw StoreError(.corrupt, "an intent's digest") }
            return [.intent(change: row["change"], digest: digest, expires: Instant(milliseconds: row["expires"]))]
        case .idempotency:
            guard let digest = Digest(hex: row["request"]) else { throw StoreError(.corrupt, "an idempotency record") }
            return [
                .idempotency(
                    IdempotencyRecord(principal: row["principal"], key: row["key"], request: digest, change: row["change"]))
            ]
        }
    }

    private static func json(_ row: Row) throws -> JSONValue {
        let bytes: Data = row["json"]
        return try JSONReader.read(bytes, limits: .init(bytes: longestRecord, fractions: false))
    }

    /// Refuses a row whose columns and whose JSON differ.
    private static func agree(_ isSo: Bool, _ what: String) throws {
        guard isSo else { throw StoreError(.corrupt, "the stored \(what) says two things of itself") }
    }

    private static func change(_ row: Row) throws -> StoredRecord {
        let change = try Change(json: json(row))
        let agrees =
            row["id"] == change.id && row["state"] == change.state.rawValue
            && row["created"] == change.created.milliseconds && row["expires"] == change.expires.milliseconds
            && row["same"] == change.sameness.hex
        return agrees ? .change(change) : .garbled(key: StoredRecord.change(change).key)
    }

    private static func approval(_ row: Row) throws -> StoredRecord {
        let approval = try SignedApproval(json: json(row))
        let said = approval.statement
        try agree(
            row["nonce"] == said.nonce && row["change"] == said.change && row["person"] == said.approver
                && row["verdict"] == said.verdict.rawValue,
            "approval \(said.nonce)")
        return .approval(approval)
    }
}
