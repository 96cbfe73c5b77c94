public import Authority
import CLDAP
import Cedar
import StrictJSON

extension LDAPDirectory {
    func reader(_ session: LDAPSession) -> DirectoryReader {
        DirectoryReader(session: session, settings: settings, catalogue: catalogue, system: system)
    }

    public func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        let isGroup = operation.name == "group.read"
        let name = input[isGroup ? "group" : "user"] ?? ""
        return try await run { session in
            let reader = reader(session)
            return try reader.record(reader.require(name, isGroup: isGroup))
        }
    }

    public func find(_ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool) async throws(ConnectorError) {
        let (attribute, value) = (input["attribute"] ?? "", input["value"] ?? "")
        let isPrefix = input["match"] == "prefix"
        try await run { session in
            let reader = reader(session)
            var batch = RecordBatch(visit)
            for user in try reader.users(Self.filter(attribute, value, isPrefix)) {
                // The server matches by its schema, which ignores case; what counts here is what was asked.
                let values = reader.attributes(user)[attribute] ?? []
                guard values.contains(where: { isPrefix ? $0.utf8.starts(with: value.utf8) : $0.utf8.elementsEqual(value.utf8) })
                else { continue }
                guard batch.add(try reader.record(user)) else { return }
            }
            batch.end()
        }
    }

    public func members(of group: String, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await run { session in
            let reader = reader(session)
            let members = try reader.memberNames(of: reader.require(group, isGroup: true))
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
                guard batch.add(try reader.record(entry, isDirect: member.isDirect)) else { return }
            }
            batch.end()
        }
    }

    private static func filter(_ attribute: String, _ value: String, _ isPrefix: Bool) -> String {
        switch attribute {
        case "enabled": return value == "false" ? "(pwdAccountLockedTime=*)" : "(!(pwdAccountLockedTime=*))"
        case "name": return "(uid=\(LDAPText.filterValue(value))\(isPrefix ? "*" : ""))"
        default: return "(\(attribute)=\(LDAPText.filterValue(value))\(isPrefix ? "*" : ""))"
        }
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await run { session in
            let reader = reader(session)
            let found = try reader.entry(at: plan.native["dn"] ?? "")
            // An entry made later under the same name is another entry.
            let target = found.flatMap { plan.native["right"] == "user:create" || $0.uid(catalogue) == plan.target ? $0 : nil }
            let isOurs = lease.flatMap { lease in
                target.map { entry in
                    entry.entry.first("modifiersName").map { $0.lowercased() == lease.account.lowercased() } ?? false
                }
            }
            let touched = try plan.touched.map { value in
                TouchedValue(
                    entity: value.entity, name: value.name, attribute: value.attribute, before: value.before,
                    after: try present(value, target, plan, isOurs == true, reader))
            }
            return Observation(touched: touched, isOurs: isOurs)
        }
    }

    /// What the directory shows now of one touched value.
    private func present(
        _ value: TouchedValue, _ target: DirectoryEntry?, _ plan: Plan, _ isOurs: Bool, _ reader: DirectoryReader
    ) throws -> [String] {
        guard let target else { return [] }
        switch value.attribute {
        case "entry": return ["present"]
        case "userPassword":
            // A password can't be read back: it is the new one if we wrote last, the old one if nobody wrote since.
            if isOurs { return value.after }
            return target.entry.first("entryCSN") == plan.changeNumber ? value.before : ["(unknown)"]
        case "member":
            return try reader.has(target, member: plan.native["member"] ?? "") ? Array(Set(value.before + value.after)) : []
        default: return reader.attributes(target)[value.attribute] ?? []
        }
    }
}
