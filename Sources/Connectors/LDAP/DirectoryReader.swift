import Authority
import CLDAP
import DirectoryKit
import Foundation
import StrictJSON

/// A user or group of the directory, resolved to its immutable id.
struct DirectoryEntry: DirectoryMember {
    let dn: String
    let id: String
    let isGroup: Bool
    let name: String
    let entry: LDAPEntry

    var revision: String { entry.first("entryCSN") ?? "" }

    /// OpenLDAP's value for "locked by an administrator".
    static let locked = "000001010000Z"

    var lockedSince: String? { entry.first("pwdAccountLockedTime") }
    var isEnabled: Bool { lockedSince == nil }
}

/// Reads the directory over one connection, for one request.
final class DirectoryReader {
    let session: LDAPSession
    let settings: LDAPSettings
    let catalogue: Catalogue
    let system: String
    var labelled: [String: Set<String>]?
    /// The groups above a group, as read for this request.
    var above: [String: [DirectoryEntry]] = [:]

    init(session: LDAPSession, settings: LDAPSettings, catalogue: Catalogue, system: String) {
        self.session = session
        self.settings = settings
        self.catalogue = catalogue
        self.system = system
    }

    private var wanted: [String] {
        settings.attributes.map(\.name) + [
            "uid", "cn", "objectClass", "entryUUID", "entryCSN", "pwdAccountLockedTime", "creatorsName", "modifiersName",
        ]
    }

    /// The entry of that name or immutable id.
    func find(_ name: String, isGroup: Bool) throws -> DirectoryEntry? {
        let value = LDAPText.filterValue(name)
        let naming = isGroup ? "(cn=\(value))" : "(uid=\(value))"
        let isID = UUID(uuidString: name) != nil
        let found = try session.search(
            isGroup ? settings.groups : settings.people, scope: LDAP_SCOPE_ONELEVEL,
            filter: "(&(objectClass=\(isGroup ? "groupOfNames" : "inetOrgPerson"))\(isID ? "(entryUUID=\(value))" : naming))",
            attributes: wanted)
        guard found.count <= 1 else { throw ConnectorError(.invalid, "\(name) names more than one entry") }
        return found.first.flatMap { entry($0, isGroup: isGroup) }
    }

    /// Looks for a user first: a member may be either.
    func find(_ name: String) throws -> DirectoryEntry? { try find(name, isGroup: false) ?? find(name, isGroup: true) }

    func entry(at dn: String) throws -> DirectoryEntry? {
        try session.entry(dn, attributes: wanted).flatMap { found in
            let classes = found.strings("objectClass").map { $0.lowercased() }
            return classes.contains("groupofnames")
                ? entry(found, isGroup: true) : classes.contains("inetorgperson") ? entry(found, isGroup: false) : nil
        }
    }

    func users(_ filter: String) throws -> [DirectoryEntry] {
        try session.search(
            settings.people, scope: LDAP_SCOPE_ONELEVEL, filter: "(&(objectClass=inetOrgPerson)\(filter))", attributes: wanted
        )
        .compactMap { entry($0, isGroup: false) }
    }

    private func entry(_ found: LDAPEntry, isGroup: Bool) -> DirectoryEntry? {
        guard let id = found.first("entryUUID"), let name = found.first(isGroup ? "cn" : "uid") else { return nil }
        return DirectoryEntry(dn: found.dn, id: id, isGroup: isGroup, name: name, entry: found)
    }

    /// The groups that have the entry as a direct member; the server compares the names.
    func groups(of dn: String) throws -> [DirectoryEntry] {
        let filter = "(&(objectClass=groupOfNames)(member=\(LDAPText.filterValue(dn))))"
        return try session.search(settings.groups, scope: LDAP_SCOPE_ONELEVEL, filter: filter, attributes: wanted)
            .compactMap { entry($0, isGroup: true) }
    }

    func has(_ group: DirectoryEntry, member dn: String) throws -> Bool {
        try session.entry(group.dn, filter: "(member=\(LDAPText.filterValue(dn)))", attributes: ["entryUUID"]) != nil
    }

    /// Whether any entry under the people has that `uid`, whatever it is and whatever it is called: two of one name would be read
    /// as neither. A race with somebody else's creation is for the server to refuse (overlay `unique`).
    func isTaken(_ name: String) throws -> Bool {
        let filter = "(uid=\(LDAPText.filterValue(name)))"
        return try !session.search(settings.people, scope: LDAP_SCOPE_SUBTREE, filter: filter, attributes: ["entryUUID"]).isEmpty
    }

    /// The user or group of that immutable id.
    func entry(id: String) throws -> DirectoryEntry? {
        guard UUID(uuidString: id) != nil else { return nil }
        return try find(id)
    }

    /// The names of all that is in a group, directly or through nested groups, by their lower-cased form. Some may lead nowhere.
    func memberNames(of group: DirectoryEntry) throws -> [String: (dn: String, isDirect: Bool)] {
        var found: [String: (dn: String, isDirect: Bool)] = [:]
        let below = "," + settings.groups.lowercased()
        var (waiting, seen): ([String], Set<String>) = ([group.dn], [group.dn.lowercased()])
        while let next = waiting.popLast() {
            for dn in try session.entry(next, attributes: ["member"])?.strings("member") ?? [] {
                let key = dn.lowercased()
                if next == group.dn || found[key] == nil { found[key] = (dn, next == group.dn) }
                if key.hasSuffix(below), seen.insert(key).inserted { waiting.append(dn) }
            }
        }
        return found
    }
}
