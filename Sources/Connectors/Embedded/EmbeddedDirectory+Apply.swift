public import Authority
import Crypto
import DirectoryKit
import FoundationEssentials
import GRDB
import StrictJSON

/// The right to one step: a row that names operation, target and input, checked when the step is done.
struct EmbeddedLease: Lease {
    let reference: LeaseReference
}

extension EmbeddedDirectory {
    public func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        LeaseReference(id: id, change: change, system: system, account: "lease/\(id)", expires: expires)
    }

    public func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        let (operation, input) = (grant.operation, JSONWriter.canonicalText(grant.input.json))
        let plan = grant.plan
        try await write { db in
            let target = try desk(db).native(plan).target
            try db.run(
                "INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?)",
                [reference.id, reference.change, operation, target, input, reference.expires.milliseconds])
        }
        return EmbeddedLease(reference: reference)
    }

    public func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied {
        let (name, input, decided, id) = (grant.operation, grant.input, grant.plan, lease.reference.id)
        guard let operation = catalogue[name] else { throw ConnectorError(.invalid, "no operation \(name)") }
        return try await write { db in
            try checkLease(id, name, input, decided, db)
            let fresh: Plan
            do { fresh = try desk(db).plan(operation, input) } catch {
                throw ConnectorError(.conflict, "the target changed: \(error)")
            }
            guard fresh.version == decided.version, fresh.touched == decided.touched, fresh.obstacle == nil else {
                throw ConnectorError(.conflict, "the target changed since it was planned on")
            }
            return Applied(try perform(input, fresh, lease: id, db))
        }
    }

    private func checkLease(_ id: String, _ operation: String, _ input: Input, _ plan: Plan, _ db: Database) throws {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM lease WHERE id = ? AND operation = ? AND target = ? AND input = ? AND expires > ?)"
        let arguments: StatementArguments = [
            id, operation, try desk(db).native(plan).target, JSONWriter.canonicalText(input.json), now().milliseconds,
        ]
        guard try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: arguments) == true else {
            throw ConnectorError(.refused, "the lease is not good for this step")
        }
    }

    private func perform(_ input: Input, _ plan: Plan, lease: String, _ db: Database) throws -> Disclosure? {
        var disclosure: Disclosure?
        let native = try desk(db).native(plan)
        let target = native.target
        if plan.isCreation { try create(input, lease, db) }
        for value in plan.touched where value.before != value.after && !plan.isCreation {
            switch value.attribute {
            case "member": try setMember(target, native.other, adding: !value.after.isEmpty, db)
            case "enabled":
                try db.run("UPDATE entry SET enabled = ? WHERE id = ?", [value.after == ["true"], target])
            case TouchedValue.whole:
                try db.run("DELETE FROM entry WHERE id = ?", [target])
                try db.run("INSERT INTO removal VALUES (?, ?)", [lease, target])
            case "userPassword": disclosure = try setPassword(target, plan.targetName, db)
            default: try setAttribute(target, value.attribute, value.after.first, db)
            }
        }
        try db.run(
            "UPDATE entry SET version = version + 1, lastLease = ? WHERE id = ? OR name = ?", [lease, target, target])
        return disclosure
    }

    private func create(_ input: Input, _ lease: String, _ db: Database) throws {
        let id = "u-" + UUID().uuidString.lowercased()
        try db.run(
            "INSERT INTO entry (id, kind, name, createdByLease) VALUES (?, 'user', ?, ?)", [id, input["user"], lease])
        for name in ["displayName", "surname", "mail"] { try setAttribute(id, name, input[name], db) }
    }

    private func setMember(_ group: String, _ member: String?, adding: Bool, _ db: Database) throws {
        guard let member else { throw ConnectorError(.invalid, "the plan names no member") }
        let sql = adding ? "INSERT INTO member VALUES (?, ?)" : "DELETE FROM member WHERE \"group\" = ? AND member = ?"
        try db.run(sql, [group, member])
    }

    private func setAttribute(_ entry: String, _ name: String, _ value: String?, _ db: Database) throws {
        try db.run("DELETE FROM attribute WHERE entry = ? AND name = ?", [entry, name])
        guard let value else { return }
        try db.run("INSERT INTO attribute VALUES (?, ?, ?)", [entry, name, value])
    }

    /// Stores a salted hash; the password itself leaves only in the disclosure.
    private func setPassword(_ entry: String, _ name: String, _ db: Database) throws -> Disclosure {
        let password = ReadablePassword.make { .random(in: 0...255) }
        let salt = (0..<16).map { _ in UInt8.random(in: 0...255) }
        let hash = Data(SHA256.hash(data: Array(password.utf8) + salt) + salt).base64EncodedString()
        try setAttribute(entry, "userPassword", "{SSHA256}" + hash, db)
        return Disclosure(label: "new password of \(name)", value: password)
    }

    public func revoke(_ reference: LeaseReference) async throws(ConnectorError) {
        try await write { db in try db.run("DELETE FROM lease WHERE id = ?", [reference.id]) }
    }

    public func leftovers() async throws(ConnectorError) -> [LeaseReference] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT id, change, expires FROM lease ORDER BY id").map { row in
                let id: String = row["id"]
                return LeaseReference(
                    id: id, change: row["change"], system: system, account: "lease/\(id)",
                    expires: Instant(milliseconds: row["expires"]))
            }
        }
    }
}
