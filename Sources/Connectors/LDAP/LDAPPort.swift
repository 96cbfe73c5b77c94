import Authority
import CLDAP
import DirectoryKit
import Reach
import StrictJSON

/// What a just-in-time account is for: the entry, and the one right on it, in the words of the access rules.
struct LDAPPlan: NativePlan {
    enum Right: Hashable {
        /// The member's name.
        case addMember(String)
        case deleteMember(String)
        case enable
        case disable
        /// Nil clears it.
        case replace(String, with: String?)
        /// Under this `uid`.
        case create(String)
        case delete
        case resetPassword
    }

    let dn: String
    let right: Right

    /// The right as the access rules write it.
    var rule: String {
        switch right {
        case .addMember: "member:add"
        case .deleteMember: "member:delete"
        case .enable: "user:enable"
        case .disable: "user:disable"
        case .replace(let attribute, _): "replace:\(attribute.lowercased())"
        case .create: "user:create"
        case .delete: "user:delete"
        case .resetPassword: "password:reset"
        }
    }

    /// The member that the account is held to.
    var member: String? {
        switch right {
        case .addMember(let name), .deleteMember(let name): name
        default: nil
        }
    }

    init(_ dn: String, _ right: Right) { (self.dn, self.right) = (dn, right) }

    var json: JSONValue {
        var json: JSONValue = ["dn": .string(dn), "right": .string(rule)]
        json.add("member", member.map(JSONValue.string))
        if case .replace(_, let value?) = right { json.add("value", .string(value)) }
        if case .create(let name) = right { json.add("name", .string(name)) }
        return json
    }

    init(json: JSONValue) throws(ShapeError) {
        var fields = try Fields(json)
        dn = try fields.string("dn")
        guard !dn.isEmpty else { throw ShapeError(.invalid, at: "/dn", "an entry's name belongs here") }
        switch try fields.string("right") {
        case "member:add": right = .addMember(try fields.string("member"))
        case "member:delete": right = .deleteMember(try fields.string("member"))
        case "user:enable": right = .enable
        case "user:disable": right = .disable
        case "user:create": right = .create(try fields.string("name"))
        case "user:delete": right = .delete
        case "password:reset": right = .resetPassword
        case let rule where rule.hasPrefix(Self.replace):
            right = .replace(String(rule.dropFirst(Self.replace.count)), with: try fields.optionalString("value"))
        case let rule: throw ShapeError(.invalid, at: "/right", "there is no right `\(rule)`")
        }
        try fields.end()
    }

    private static let replace = "replace:"
}

/// The directory over one connection of the base identity.
struct LDAPPort: DirectoryPort {
    let reader: DirectoryReader
    let known: KnownNames

    var system: String { reader.system }
    var catalogue: Catalogue { reader.catalogue }
    var names: DirectoryNames { LDAPSettings.names }

    func find(_ name: String, isGroup: Bool?) throws -> DirectoryEntry? {
        try isGroup.map { try reader.find(name, isGroup: $0) } ?? reader.find(name)
    }

    func groups(of entry: DirectoryEntry) throws -> [DirectoryEntry] {
        if let known = reader.above[entry.id] { return known }
        let groups = try reader.groups(of: entry.dn)
        if entry.isGroup { reader.above[entry.id] = groups }
        return groups
    }

    func attributes(_ entry: DirectoryEntry) -> [String: [String]] {
        var attributes = ["name": [entry.name]]
        for definition in reader.settings.attributes {
            let values = entry.entry.strings(definition.name)
            if !values.isEmpty { attributes[definition.name] = values.sorted { ExactString($0) < ExactString($1) } }
        }
        return attributes
    }

    func labels(of entry: DirectoryEntry) throws -> Set<String> { try labelledIDs()[entry.id] ?? [] }

    /// The ids of the labelled entries. One that is not there fails the call: a protection that can't be read is no protection.
    /// Read once.
    private func labelledIDs() throws -> [String: Set<String>] {
        if let labelled = reader.labelled { return labelled }
        var ids: [String: Set<String>] = [:]
        for label in reader.settings.labels.keys.sorted() {
            for dn in reader.settings.labels[label] ?? [] {
                guard let id = try reader.session.entry(dn, attributes: ["entryUUID"])?.first("entryUUID") else {
                    throw ConnectorError(.unavailable, "\(dn), labelled \(label), is not in the directory")
                }
                ids[id, default: []].insert(label)
            }
        }
        reader.labelled = ids
        return ids
    }

    func isMember(_ member: DirectoryEntry, of group: DirectoryEntry) throws -> Bool {
        try reader.has(group, member: member.dn)
    }

    func facts(on entries: [DirectoryEntry]) throws -> Set<NamedFact> {
        try GraphReader(reader, known).facts(on: entries)
    }

    func vacancy(_ name: String) throws -> Vacancy {
        let dn = try dn(of: name)
        let isTaken = try reader.session.entry(dn, attributes: ["entryUUID"]) != nil || reader.isTaken(name)
        let path = try LDAPText.normalized(dn)
        return Vacancy(
            isTaken: isTaken, node: .name(path, in: system),
            waiting: try GraphReader(reader, known).facts(waitingFor: path))
    }

    private func dn(of name: String) throws -> String { try LDAPText.child("uid", name, of: reader.settings.people) }

    // MARK: Planning

    func native(_ step: DirectoryStep<DirectoryEntry>) throws -> LDAPPlan {
        switch step {
        case .join(let member, let group): LDAPPlan(group.dn, .addMember(member.dn))
        case .leave(let member, let group): LDAPPlan(group.dn, .deleteMember(member.dn))
        case .enable(let user): LDAPPlan(user.dn, .enable)
        case .disable(let user): LDAPPlan(user.dn, .disable)
        case .set(let attribute, let value, let user): LDAPPlan(user.dn, .replace(attribute, with: value))
        case .create(let name): LDAPPlan(try dn(of: name), .create(name))
        case .remove(let user): LDAPPlan(user.dn, .delete)
        case .resetPassword(let user): LDAPPlan(user.dn, .resetPassword)
        }
    }

    func obstacle(to step: DirectoryStep<DirectoryEntry>) throws -> String? {
        switch step {
        case .join(let member, _): return Self.canBeGranted(member.dn)
        case .leave(let member, let group):
            let isLast = try reader.session.entry(group.dn, attributes: ["member"])?.strings("member").count == 1
            if try isLast && isMember(member, of: group) {
                return "a groupOfNames keeps at least one member; add another first"
            }
            return Self.canBeGranted(member.dn)
        case .enable(let user), .disable(let user):
            let isOther = user.lockedSince.map { $0 != DirectoryEntry.locked } ?? false
            return isOther ? "the account was locked by the directory itself" : nil
        case .set(_, let value, _): return value.flatMap(Self.canBeGranted)
        case .create, .remove, .resetPassword: return nil
        }
    }

    /// The access rules take what stands in brackets for a pattern.
    private static func canBeGranted(_ value: String) -> String? {
        value.contains { "[]".contains($0) } ? "names and values with square brackets can't be granted" : nil
    }

    func isUntouched(_ user: DirectoryEntry) -> Bool {
        let creator = user.entry.first("creatorsName")?.lowercased() ?? ""
        return creator.hasSuffix("," + reader.settings.grants.lowercased())
            && creator == user.entry.first("modifiersName")?.lowercased()
    }

    // MARK: Looking again

    func entries(of native: LDAPPlan, _ plan: Plan) throws -> (target: DirectoryEntry?, other: DirectoryEntry?) {
        let found = try reader.entry(at: native.dn)
        // An entry made later under the same name is another entry.
        let target = found.flatMap { plan.isCreation || DirectoryDesk(self).uid($0) == plan.target ? $0 : nil }
        return (target, try native.member.flatMap(reader.entry(at:)))
    }

    func wrote(_ lease: LeaseReference, _ target: DirectoryEntry?) -> Bool? {
        target.map { $0.entry.first("modifiersName").map { $0.lowercased() == lease.account.lowercased() } ?? false }
    }

    func hasMember(_ native: LDAPPlan, _ group: DirectoryEntry) throws -> Bool {
        try native.member.map { try reader.has(group, member: $0) } ?? false
    }
}
