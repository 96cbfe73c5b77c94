public import Authority
import GRDB
import StrictJSON

extension EmbeddedDirectory {
    public func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        let isGroup = operation.name == "group.read"
        let name = input[isGroup ? "group" : "user"] ?? ""
        return try await read { db in try Entry.require(name, isGroup: isGroup, db).record(in: system, db) }
    }

    public func find(_ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool) async throws(ConnectorError) {
        let (attribute, value) = (input["attribute"] ?? "", input["value"] ?? "")
        let isPrefix = input["match"] == "prefix"
        try await read { db in
            var batch = RecordBatch(visit)
            for user in try Entry.all("SELECT * FROM entry WHERE kind = 'user' ORDER BY name", [], db) {
                let values = try user.attributes(db)[attribute] ?? []
                let hits = values.contains { isPrefix ? $0.utf8.starts(with: value.utf8) : $0.utf8.elementsEqual(value.utf8) }
                guard hits else { continue }
                guard batch.add(try user.record(in: system, db)) else { return }
            }
            batch.end()
        }
    }

    public func members(of group: String, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await read { db in
            let group = try Entry.require(group, isGroup: true, db)
            var batch = RecordBatch(visit)
            let direct = Set(try group.members(db).map(\.id))
            for member in try group.below(db) where after.map({ ExactString($0) < ExactString(member.id) }) ?? true {
                guard batch.add(try member.record(in: system, isDirect: direct.contains(member.id), db)) else { return }
            }
            batch.end()
        }
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await read { db in
            let target = try Entry.find(plan.native["target"] ?? "", db)
            let isOurs = try lease.map { lease in
                try target.map { $0.lastLease == lease.id } ?? removed(by: lease, db)
            }
            let touched = try plan.touched.map { value in
                TouchedValue(
                    entity: value.entity, name: value.name, attribute: value.attribute, before: value.before,
                    after: try present(value, target, plan, isOurs == true, db))
            }
            return Observation(touched: touched, isOurs: isOurs)
        }
    }

    private func removed(by lease: LeaseReference, _ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM removal WHERE lease = ?)", arguments: [lease.id]) ?? false
    }

    /// What the directory shows now of one touched value.
    private func present(_ value: TouchedValue, _ target: Entry?, _ plan: Plan, _ isOurs: Bool, _ db: Database) throws -> [String]
    {
        guard let target else { return [] }
        switch value.attribute {
        case "entry": return ["present"]
        case "userPassword":
            // A password can't be read back: it is the new one if we wrote last, the old one if nobody wrote since.
            if isOurs { return value.after }
            return plan.version.hasPrefix("\(target.version) ") ? value.before : ["(unknown)"]
        case "member":
            let members = Set(try target.members(db).map(\.reference))
            return (value.before + value.after).filter(members.contains)
        default: return try target.attributes(db)[value.attribute] ?? []
        }
    }
}
