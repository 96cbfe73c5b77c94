import DirectoryKit
import GRDB

/// One row of the directory, with what belongs to it.
struct Entry: DirectoryMember {
    let id: String
    let isGroup: Bool
    let name: String
    let isEnabled: Bool
    let version: Int64
    let lastLease: String?
    let createdByLease: String?

    init(_ row: Row) {
        id = row["id"]
        isGroup = row["kind"] == "group"
        name = row["name"]
        isEnabled = row["enabled"]
        version = row["version"]
        lastLease = row["lastLease"]
        createdByLease = row["createdByLease"]
    }

    var revision: String { "\(version)" }

    /// The entry of that name or id.
    static func find(_ name: String, _ db: Database) throws -> Entry? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM entry WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC"), arguments: [name]
        ).map(
            Entry.init)
    }

    static func all(_ sql: String, _ arguments: StatementArguments, _ db: Database) throws -> [Entry] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map(Entry.init)
    }

    func groups(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN member m ON m.\"group\" = e.id WHERE m.member = ? ORDER BY e.id", [id], db)
    }

    func members(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN member m ON m.member = e.id WHERE m.\"group\" = ? ORDER BY e.id", [id], db)
    }

    /// - Parameter member: its id.
    func has(member: String, _ db: Database) throws -> Bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM member WHERE \"group\" = ? AND member = ?)"
        return try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: [id, member]) ?? false
    }

    func attributes(_ db: Database) throws -> [String: [String]] {
        let rows = try Row.fetchAll(db.cachedStatement(sql: "SELECT name, value FROM attribute WHERE entry = ?"), arguments: [id])
        return Dictionary(rows.map { ($0["name"] as String, [$0["value"] as String]) }, uniquingKeysWith: { $1 })
    }

    func labels(_ db: Database) throws -> Set<String> {
        Set(try String.fetchAll(db.cachedStatement(sql: "SELECT label FROM label WHERE entry = ?"), arguments: [id]))
    }

    /// Every member, direct or through nested groups, by id.
    func below(_ db: Database) throws -> [Entry] {
        let sql = """
            WITH RECURSIVE below(id) AS (
                SELECT member FROM member WHERE "group" = ?1
                UNION SELECT m.member FROM member m JOIN below b ON m."group" = b.id)
            SELECT e.* FROM entry e JOIN below b ON b.id = e.id ORDER BY e.id
            """
        return try Self.all(sql, [id], db)
    }
}
