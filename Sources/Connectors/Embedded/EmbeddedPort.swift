import Authority
import DirectoryKit
import GRDB
import Reach
import StrictJSON

/// What a plan on the embedded directory is about: the rows, by id, or by name for one that is to be created.
struct EmbeddedPlan: NativePlan {
    let target: String
    let other: String?

    init(target: String, other: String? = nil) { (self.target, self.other) = (target, other) }

    var json: JSONValue {
        var json: JSONValue = ["target": .string(target)]
        json.add("other", other.map(JSONValue.string))
        return json
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        target = try fields.string("target")
        other = try fields.optionalString("other")
        try fields.end()
    }
}

/// The embedded directory within one transaction.
struct EmbeddedPort: DirectoryPort {
    let system: String
    let db: Database

    var catalogue: Catalogue { EmbeddedDirectory.directoryCatalogue }
    var names: DirectoryNames { .plain }

    func find(_ name: String, isGroup: Bool?) throws -> Entry? {
        try Entry.find(name, db).flatMap { entry in isGroup.map { $0 == entry.isGroup } ?? true ? entry : nil }
    }

    func groups(of entry: Entry) throws -> [Entry] { try entry.groups(db) }
    func attributes(_ entry: Entry) throws -> [String: [String]] { try entry.attributes(db) }
    func labels(of entry: Entry) throws -> Set<String> { try entry.labels(db) }
    func isMember(_ member: Entry, of group: Entry) throws -> Bool { try group.has(member: member.id, db) }

    func facts(on entries: [Entry]) throws -> Set<NamedFact> {
        try entries.reduce(into: []) { $0.formUnion(try $1.reachFacts(in: system, db)) }
    }

    func vacancy(_ name: String) throws -> Vacancy { Vacancy(isTaken: try Entry.find(name, db) != nil) }

    // MARK: Planning

    func native(_ step: DirectoryStep<Entry>) -> EmbeddedPlan {
        switch step {
        case .join(let member, let group), .leave(let member, let group): EmbeddedPlan(target: group.id, other: member.id)
        case .enable(let user), .disable(let user), .set(_, _, let user), .remove(let user), .resetPassword(let user):
            EmbeddedPlan(target: user.id)
        case .create(let name): EmbeddedPlan(target: name)
        }
    }

    func obstacle(to step: DirectoryStep<Entry>) -> String? { nil }

    func isUntouched(_ user: Entry) -> Bool { user.createdByLease != nil && user.lastLease == user.createdByLease }

    // MARK: Looking again

    func entries(of native: EmbeddedPlan, _ plan: Plan) throws -> (target: Entry?, other: Entry?) {
        (try Entry.find(native.target, db), try native.other.flatMap { try Entry.find($0, db) })
    }

    func wrote(_ lease: LeaseReference, _ target: Entry?) throws -> Bool? {
        if let target { return target.lastLease == lease.id }
        let statement = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM removal WHERE lease = ?)")
        return try Bool.fetchOne(statement, arguments: [lease.id])
    }

    func hasMember(_ native: EmbeddedPlan, _ group: Entry) throws -> Bool {
        try native.other.map { try group.has(member: $0, db) } ?? false
    }
}

extension Database {
    /// Executes a statement that is compiled once.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
