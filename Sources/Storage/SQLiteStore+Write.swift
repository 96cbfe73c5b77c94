public import Authority
import Foundation
import GRDB
import StrictJSON

extension SQLiteStore {
    @discardableResult
    public func commit(_ writes: [Write], entries: [LogEntry]) async throws -> [LogPosition] {
        let isEssential = writes.contains(where: \.isEssential) || entries.contains(where: \.isEssential)
        guard isEssential || reserve?.hold() != false else {
            throw StoreError(
                .full,
                "the disk is full, or has less than \(2 * DiskReserve.size >> 20) MiB free: only what ends or stops something is written"
            )
        }
        do { return try await attempt(writes, entries) } catch let error as StoreError where error.code == .full && isEssential {
            reserve?.release()
            return try await attempt(writes, entries)
        }
    }

    private func attempt(_ writes: [Write], _ entries: [LogEntry]) async throws -> [LogPosition] {
        try await write { db in
            for write in writes { try perform(write, db) }
            let positions = try entries.map { try LogTable.append($0, db) }
            for case .putHead(let log, _, let expected) in writes {
                let size = try LogTable.size(log, db)
                guard size == expected else {
                    throw StoreError(
                        .altered, "the \(log.rawValue) log would have \(size) entries, and not the \(expected) signed")
                }
            }
            return positions
        }
    }

    private func perform(_ write: Write, _ db: Database) throws {
        switch write {
        case .insertChange(let change):
            try db.execute(
                sql: "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    change.id, change.state.rawValue, change.created.milliseconds, try blob(change.json),
                    change.expires.milliseconds, change.sameness.hex,
                ])
        case .updateChange(let change, let from): try update(change, from: from, db)
        case .insertTask(let task, let token):
            try db.execute(sql: "INSERT INTO task VALUES (?, ?, ?)", arguments: [task.id, token, try blob(task.json)])
        case .updateTask(let task):
            try db.execute(sql: "UPDATE task SET json = ? WHERE id = ?", arguments: [try blob(task.json), task.id])
            try requireOne(db, "task \(task.id) is not there")
        case .insertApproval(let approval):
            let statement = approval.statement
            try db.execute(
                sql: "INSERT INTO approval VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    statement.nonce, statement.change, statement.approver, statement.verdict.rawValue, try blob(approval.json),
                ])
        case .replaceApproval(let old, let approval):
            try db.execute(
                sql: "UPDATE approval SET nonce = ?, json = ? WHERE nonce = ?",
                arguments: [approval.statement.nonce, try blob(approval.json), old.statement.nonce])
            try requireOne(db, "approval \(old.statement.nonce) is not there")
        case .insertIdempotency(let record):
            try db.execute(
                sql: "INSERT INTO idempotency VALUES (?, ?, ?, ?)",
                arguments: [record.principal, record.key, record.request.hex, record.change])
        case .putLease, .endLease: try performLease(write, db)
        case .placeLock, .liftLock: try performLock(write, db)
        case .recordIntent(let intent, let change): try record(intent, change, db)
        case .putHead(let log, let note, _):
            try db.execute(
                sql: "INSERT INTO head VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET note = excluded.note",
                arguments: [log.rawValue, note])
        case .voidDecisions: try db.execute(sql: "UPDATE epoch SET value = value + 1 WHERE name = 'locks'")
        }
    }

    private func record(_ intent: Intent, _ change: Change, _ db: Database) throws {
        let epoch = try Int64.fetchOne(db, sql: "SELECT value FROM epoch WHERE name = 'locks'")
        guard epoch == intent.epochs.locks else { throw GrantRefusal.stale }
        let known = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM intent WHERE change = ?)", arguments: [change.id])
        guard known == false else { throw GrantRefusal.alreadyGranted }
        let begun = try change.after(.began)
        try db.execute(
            sql: "UPDATE change SET state = ?, json = ? WHERE id = ? AND state = ?",
            arguments: [begun.state.rawValue, try blob(begun.json), change.id, change.state.rawValue])
        try requireOne(db, "change \(change.id) is no longer \(change.state.rawValue)")
        try db.execute(
            sql: "INSERT INTO intent VALUES (?, ?, ?)",
            arguments: [intent.change, intent.digest.hex, intent.expires.milliseconds])
        try perform(.putLease(intent.lease), db)
    }

    private func performLease(_ write: Write, _ db: Database) throws {
        if case .putLease(let lease) = write {
            try db.execute(
                sql: "INSERT INTO lease VALUES (?, ?, ?, ?, ?, NULL)",
                arguments: [lease.id, lease.change, lease.system, lease.account, lease.expires.milliseconds])
        } else if case .endLease(let id, let now) = write {
            try db.execute(sql: "UPDATE lease SET ended = ? WHERE id = ? AND ended IS NULL", arguments: [now.milliseconds, id])
        }
    }

    /// Every change of a lock moves the epoch, and so voids the decisions made before it.
    private func performLock(_ write: Write, _ db: Database) throws {
        if case .placeLock(let lock) = write {
            try db.execute(
                sql: """
                    INSERT INTO lock VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET by = excluded.by, at = excluded.at
                    WHERE by IS NOT excluded.by OR at IS NOT excluded.at
                    """,
                arguments: [lock.key, lock.scope.rawValue, lock.subject, lock.by, lock.at.milliseconds])
        } else if case .liftLock(let key) = write {
            try db.execute(sql: "DELETE FROM lock WHERE key = ?", arguments: [key])
        }
        if db.changesCount > 0 { try db.execute(sql: "UPDATE epoch SET value = value + 1 WHERE name = 'locks'") }
    }

    private func update(_ change: Change, from: Change, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE change SET state = ?, json = ?, same = ? WHERE id = ? AND state = ? AND json = ?",
            arguments: [
                change.state.rawValue, try blob(change.json), change.sameness.hex, from.id, from.state.rawValue,
                try blob(from.json),
            ])
        try requireOne(db, "change \(change.id) is no longer what it was")
    }

    private func requireOne(_ db: Database, _ message: String) throws {
        guard db.changesCount == 1 else { throw StoreError(.conflict, message) }
    }

    private func blob(_ json: JSONValue) throws -> Data {
        let bytes = JSONWriter.canonical(json)
        guard bytes.count <= Self.longestRecord else {
            throw StoreError(.tooLarge, "a record of \(bytes.count) bytes; at most \(Self.longestRecord) are stored")
        }
        return Data(bytes)
    }
}
