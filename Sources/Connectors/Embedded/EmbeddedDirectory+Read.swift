public import Authority
public import Cedar
import DirectoryKit
import GRDB
import StrictJSON

extension EmbeddedDirectory {
    func desk(_ db: Database) -> DirectoryDesk<EmbeddedPort> { DirectoryDesk(EmbeddedPort(system: system, db: db)) }

    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await read { db in try desk(db).plan(operation, input) }
    }

    public func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        let isGroup = operation.target.kind == DirectoryVocabulary.group
        let key = RecordCache.Key(name: operation.target.input.flatMap { input[$0] } ?? "", isGroup: isGroup)
        do {
            return try await queue.unsafeRead { [records] db in
                try records.record(key, db) { try desk($0).read(operation, input) }
            }
        } catch { throw ConnectorError(error) }
    }

    public func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        let search = DirectorySearch(input)
        try await read { db in
            let desk = desk(db)
            var batch = RecordBatch(visit)
            for user in try Entry.all("SELECT * FROM entry WHERE kind = 'user' ORDER BY name", [], db) {
                guard let record = try desk.record(user, matching: search) else { continue }
                guard batch.add(record) else { return }
            }
            batch.end()
        }
    }

    public func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await read { db in
            let desk = desk(db)
            let group = try desk.require(container.id.string, isGroup: true)
            var batch = RecordBatch(visit)
            let direct = Set(try group.members(db).map(\.id))
            for member in try group.below(db) where after.map({ ExactString($0) < ExactString(member.id) }) ?? true {
                guard batch.add(try desk.record(member, isDirect: direct.contains(member.id))) else { return }
            }
            batch.end()
        }
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await read { db in try desk(db).observe(plan, under: lease) }
    }
}
