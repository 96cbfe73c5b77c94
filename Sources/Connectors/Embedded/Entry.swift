import Authority
import Cedar
import FoundationEssentials
import GRDB
import StrictJSON

/// One row of the directory, with what belongs to it.
struct Entry {
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

    var uid: EntityUID {
        let catalogue = EmbeddedDirectory.directoryCatalogue
        return EntityUID(type: isGroup ? catalogue.groupType : catalogue.userType, id: ExactString(id))
    }

    /// How the entry is written as a member's value.
    var reference: String { "\(name) (\(id))" }

    /// The entry of that name or id.
    static func find(_ name: String, _ db: Database) throws -> Entry? {
        try Row.fetchOne(db, sql: "SELECT * FROM entry WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC", arguments: [name]).map(
            Entry.init)
    }

    static func require(_ name: String, isGroup: Bool? = nil, _ db: Database) throws -> Entry {
        guard let entry = try find(name, db), isGroup.map({ $0 == entry.isGroup }) ?? true else {
            throw ConnectorError(.notFound, "\(name) is not in the directory")
        }
        return entry
    }

    static func all(_ sql: String, _ arguments: StatementArguments, _ db: Database) throws -> [Entry] {
        try Row.fetchAll(db, sql: sql, arguments: arguments).map(Entry.init)
    }

    func groups(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN member m ON m.\"group\" = e.id WHERE m.member = ? ORDER BY e.id", [id], db)
    }

    func members(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN member m ON m.member = e.id WHERE m.\"group\" = ? ORDER BY e.id", [id], db)
    }

    func has(member: Entry, _ db: Database) throws -> Bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM member WHERE \"group\" = ? AND member = ?)"
        return try Bool.fetchOne(db, sql: sql, arguments: [id, member.id]) ?? false
    }

    func attributes(_ db: Database) throws -> [String: [String]] {
        let rows = try Row.fetchAll(db, sql: "SELECT name, value FROM attribute WHERE entry = ?", arguments: [id])
        var attributes = Dictionary(rows.map { ($0["name"] as String, [$0["value"] as String]) }, uniquingKeysWith: { $1 })
        attributes["name"] = [name]
        if !isGroup { attributes["enabled"] = [isEnabled ? "true" : "false"] }
        return attributes
    }

    func labels(_ db: Database) throws -> Set<String> {
        Set(try String.fetchAll(db, sql: "SELECT label FROM label WHERE entry = ?", arguments: [id]))
    }

    // MARK: As policy sees it

    /// The entry and every group above it. Labels come down: what is in a protected group is protected.
    func facts(in system: String, _ db: Database) throws -> [Entity] {
        var above: [String: (entry: Entry, parents: [Entry], labels: Set<String>)] = [:]
        var waiting = [self]
        while let next = waiting.popLast() {
            guard above[next.id] == nil else { continue }
            let parents = try next.groups(db)
            above[next.id] = (next, parents, try next.labels(db))
            waiting += parents
        }
        let (groups, own) = (above.mapValues { $0.parents.map(\.id) }, above.mapValues(\.labels))
        return try above.keys.sorted().compactMap { id in
            try above[id].map {
                try $0.entry.entity(
                    in: system, parents: $0.parents, labels: InheritedLabels.of(id, parents: groups, own: own), db)
            }
        }
    }

    private func entity(in system: String, parents: [Entry], labels: Set<String>, _ db: Database) throws -> Entity {
        var attributes: [ExactString: Value] = [
            "name": .string(ExactString(name)), "labels": .set(Set(labels.map { .string(ExactString($0)) })),
            "kind": .string(isGroup ? "group" : "user"),
        ]
        for (name, values) in try self.attributes(db) where EmbeddedDirectory.directoryCatalogue.sensitivity(of: name) != .secret
        {
            attributes[ExactString(name)] = values.first.map { .string(ExactString($0)) }
        }
        attributes["enabled"] = isGroup ? nil : .bool(isEnabled)
        return Entity(uid, attributes: attributes, parents: Set(parents.map(\.uid) + [.system(system)]))
    }

    func record(in system: String, isDirect: Bool = true, _ db: Database) throws -> EntryRecord {
        EntryRecord(
            uid: uid, name: name, attributes: try attributes(db), isDirect: isDirect, facts: try facts(in: system, db))
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
