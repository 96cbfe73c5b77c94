public import Authority
import CLDAP
public import Cedar
import DirectoryKit
import StrictJSON

extension LDAPDirectory {
    func reader(_ session: LDAPSession) -> DirectoryReader {
        DirectoryReader(session: session, settings: settings, catalogue: catalogue, system: system)
    }

    func desk(_ session: LDAPSession) -> DirectoryDesk<LDAPPort> {
        DirectoryDesk(LDAPPort(reader: reader(session), known: names))
    }

    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await run { session in try desk(session).plan(operation, input) }
    }

    public func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        try await run { session in try desk(session).read(operation, input) }
    }

    public func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        let search = DirectorySearch(input)
        try await run { session in
            let reader = reader(session)
            let desk = DirectoryDesk(LDAPPort(reader: reader, known: names))
            var batch = RecordBatch(visit)
            for user in try reader.users(Self.filter(search.attribute, search.value, search.isPrefix)) {
                // The server matches by its schema, which ignores case; what counts here is what was asked.
                guard let record = try desk.record(user, matching: search) else { continue }
                guard batch.add(record) else { return }
            }
            batch.end()
        }
    }

    public func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await run { session in
            let reader = reader(session)
            let desk = DirectoryDesk(LDAPPort(reader: reader, known: names))
            let members = try reader.memberNames(of: desk.require(container.id.string, isGroup: true))
            let start = try after.map { id in
                guard let place = try reader.entry(id: id)?.dn.lowercased() else {
                    throw ConnectorError(.notFound, "the member \(id), after which the page begins, is not there any more")
                }
                return place
            }
            var batch = RecordBatch(visit)
            for (key, member) in members.sorted(by: { ExactString($0.key) < ExactString($1.key) }) {
                if let start, ExactString(key) <= ExactString(start) { continue }
                guard let entry = try reader.entry(at: member.dn) else { continue }
                guard batch.add(try desk.record(entry, isDirect: member.isDirect)) else { return }
            }
            batch.end()
        }
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await run { session in try desk(session).observe(plan, under: lease) }
    }

    private static func filter(_ attribute: String, _ value: String, _ isPrefix: Bool) -> String {
        switch attribute {
        case "enabled": return value == "false" ? "(pwdAccountLockedTime=*)" : "(!(pwdAccountLockedTime=*))"
        case "name": return "(uid=\(LDAPText.filterValue(value))\(isPrefix ? "*" : ""))"
        default: return "(\(attribute)=\(LDAPText.filterValue(value))\(isPrefix ? "*" : ""))"
        }
    }
}
