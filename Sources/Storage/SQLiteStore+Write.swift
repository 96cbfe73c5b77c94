package import Authority
import Foundation
import GRDB
import StrictJSON

extension SQLiteStore {
    package func commit(_ batch: StoreBatch) async throws {
        guard batch.isEssential || reserve?.hold() != false else {
            throw StoreError(
                .full,
                "the disk is full, or has less than \(2 * DiskReserve.size >> 20) MiB free: only what ends or stops something is written"
            )
        }
        do { try await attempt(batch) } catch let error as StoreError where error.code == .full && batch.isEssential {
            reserve?.release()
            try await attempt(batch)
        }
    }

    private func attempt(_ batch: StoreBatch) async throws {
        try await write(entries: batch.entries.count) { db in
            for (member, writes) in batch.members.enumerated() {
                try naming(member) { for write in writes { try perform(write, db) } }
            }
            for log in batch.logs {
                let size = try LogTables(store: self, prefix: "").size(log.name, db)
                guard size == log.before else {
                    throw StoreError(.altered, "the \(log.name.rawValue) log has \(size) entries, and not \(log.before)")
                }
            }
            for entry in batch.entries { try naming(entry.member) { try LogTable.append(entry, db) } }
            for log in batch.logs { try LogTable.put(log, db) }
        }
    }

    /// Says whose condition it is that does not hold.
    private func naming(_ member: Int, _ body: () throws -> Void) throws {
        do { try body() } catch {
            let reason = Self.translate(error)
            let code = (reason as? StoreError)?.code
            guard reason is GrantRefusal || [.conflict, .corrupt, .tooLarge].contains(code) else { throw error }
            throw BatchConflict(member: member, reason)
        }
    }

    private func perform(_ write: Write, _ db: Database) throws {
        switch write {
        case .insertChange(let change):
            try db.run(
                "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)",
                [
                    change.id, change.state.rawValue, change.created.milliseconds, try blob(change.json),
                    change.expires.milliseconds, change.sameness.hex,
                ])
        case .updateChange(let change, let from): try update(change, from: from, db)
        case .insertTask(let task, let token):
            try db.run("INSERT INTO task VALUES (?, ?, ?)", [task.id, token, try blob(task.json)])
        case .updateTask(let task):
            try db.run("UPDATE task SET json = ? WHERE id = ?", [try blob(task.json), task.id])
            try requireOne(db, "task \(task.id) is not there")
        case .insertApproval(let approval):
            let statement = approval.statement
            try db.run(
                "INSERT INTO approval VALUES (?, ?, ?, ?, ?)",
                [
                    statement.nonce, statement.change, statement.approver, statement.verdict.rawValue, try blob(approval.json),
                ])
        case .replaceApproval(let old, let approval):
            try db.run(
                "UPDATE approval SET nonce = ?, json = ? WHERE nonce = ?",
                [approval.statement.nonce, try blob(approval.json), old.statement.nonce])
            try requireOne(db, "approval \(old.statement.nonce) is not there")
        case .insertIdempotency(let record):
            try db.run(
                "INSERT INTO idempotency VALUES (?, ?, ?, ?)", [record.principal, record.key, record.request.hex, record.change])
        case .putLease, .endLease: try performLease(write, db)
        case .placeLock, .liftLock: try performLock(write, db)
        case .recordIntent(let intent, let change): try record(intent, change, db)
        case .voidDecisions: try db.run("UPDATE epoch SET value = value + 1 WHERE name = 'locks'", [])
        }
    }

    private func record(_ intent: Intent, _ change: Change, _ db: Database) throws {
        let epoch = try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM epoch WHERE name = 'locks'"))
        guard epoch == intent.epochs.locks else { throw GrantRefusal.stale }
        let known = try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM intent WHERE change = ?)"), arguments: [change.id])
        guard known == false else { throw GrantRefusal.alreadyGranted }
        let begun = try change.after(.began)
        try db.run(
            "UPDATE change SET state = ?, json = ? WHERE id = ? AND state = ?",
            [begun.state.rawValue, try blob(begun.json), change.id, change.state.rawValue])
        try requireOne(db, "change \(change.id) is no longer \(change.state.rawValue)")
        try db.run("INSERT INTO intent VALUES (?, ?, ?)", [intent.change, intent.digest.hex, intent.expires.milliseconds])
        try perform(.putLease(intent.lease), db)
    }

    private func performLease(_ write: Write, _ db: Database) throws {
        if case .putLease(let lease) = write {
            try db.run(
                "INSERT INTO lease VALUES (?, ?, ?, ?, ?, NULL)",
                [lease.id, lease.change, lease.system, lease.account, lease.expires.milliseconds])
        } else if case .endLease(let id, let now) = write {
            try db.run("UPDATE lease SET ended = ? WHERE id = ? AND ended IS NULL", [now.milliseconds, id])
        }
    }

    /// Every change of a lock moves the epoch, and so voids the decisions made before it.
    private func performLock(_ write: Write, _ db: Database) throws {
        if case .placeLock(let lock) = write {
            try db.run(
                """
                INSERT INTO lock VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET by = excluded.by, at = excluded.at
                WHERE by IS NOT excluded.by OR at IS NOT excluded.at
                """, [lock.key, lock.scope.rawValue, lock.subject, lock.by, lock.at.milliseconds])
        } else if case .liftLock(let key) = write {
            try db.run("DELETE FROM lock WHERE key = ?", [key])
        }
        if db.changesCount > 0 { try db.run("UPDATE epoch SET value = value + 1 WHERE name = 'locks'", []) }
    }

    private func update(_ change: Change, from: Change, _ db: Database) throws {
        try db.run(
            "UPDATE change SET state = ?, json = ?, same = ? WHERE id = ? AND state = ? AND json = ?",
            [
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
