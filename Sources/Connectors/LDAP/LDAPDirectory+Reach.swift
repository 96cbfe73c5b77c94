public import Authority
import CLDAP
import DirectoryKit
public import Reach

extension LDAPDirectory {
    public func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        try await run(.readingAll) { session in try GraphReader(reader(session), names).readAll(receive) }
    }

    public func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID> {
        try await run(.stepping) { session in
            let reader = reader(session)
            return try nodes.filter { node in
                guard let writer = try reader.entry(id: node.key.text)?.entry.first("modifiersName")?.lowercased(),
                    !writer.isEmpty
                else {
                    return false
                }
                let isOurs = writer == settings.bindDN.lowercased() || writer.hasSuffix("," + settings.grants.lowercased())
                // What an overlay does may follow from our own step. An administrator need have no entry.
                return !isOurs && !settings.overlays.contains { $0.lowercased() == writer }
            }
        }
    }

    public func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        try await run { session in try desk(session).surroundings(of: plan) }
    }
}

/// Reads the directory as a graph: users, groups, names that lead nowhere, and who is, owns or may be what.
final class GraphReader {
    let reader: DirectoryReader
    let known: KnownNames
    /// By normalised name.
    private var ids: [String: NodeID] = [:]

    init(_ reader: DirectoryReader, _ known: KnownNames) {
        self.reader = reader
        self.known = known
    }

    /// Everybody that a pattern of an authorization rule could mean: to act as, and to be let act.
    private static let anyTarget = "whoever a rule lets it act as"
    private var anySource: String { ReachNode.whoever(in: system).name }
    private static let users = ["uid", "entryUUID", "pwdAccountLockedTime", "authzTo", "authzFrom"]
    private static let groups = ["cn", "entryUUID", "member", "owner", "memberURL", "authzTo", "authzFrom"]
    private static let anyGroup = "(|(objectClass=groupOfNames)(objectClass=groupOfURLs))"

    var system: String { reader.system }

    // MARK: All of it

    /// Every page of nodes, then every page of facts: a fact names nodes that were met before.
    func readAll(_ receive: (SnapshotPage) -> Void) throws {
        let labels = try labelledNames()
        var entries: [(LDAPEntry, isGroup: Bool)] = []
        for (base, isGroup) in [(reader.settings.people, false), (reader.settings.groups, true)] {
            let filter = isGroup ? Self.anyGroup : "(objectClass=inetOrgPerson)"
            try reader.session.forEachPage(
                base, scope: LDAP_SCOPE_ONELEVEL, filter: filter, attributes: isGroup ? Self.groups : Self.users
            ) { page in
                let nodes = page.compactMap { entry in self.node(entry, isGroup, labels) }
                entries += page.map { ($0, isGroup) }
                receive(SnapshotPage(nodes: nodes, facts: []))
            }
        }
        try readFacts(entries, labels, receive)
        known.replace(ids)
    }

    private func readFacts(
        _ entries: [(LDAPEntry, isGroup: Bool)], _ labels: [String: Set<String>], _ receive: (SnapshotPage) -> Void
    ) throws {
        // The gateway's own account, wherever it is kept.
        var strays: [String: ReachNode] = [:]
        let own = try LDAPText.normalized(reader.settings.bindDN)
        if ids[own] == nil { strays[own] = stray(own, labels[own, default: []].union(["exequatur"])) }
        for start in stride(from: 0, to: entries.count, by: 500) {
            var facts: [NamedFact] = []
            for (entry, isGroup) in entries[start..<min(start + 500, entries.count)] {
                guard let id = ids[try LDAPText.normalized(entry.dn)] else { continue }
                facts += try self.facts(entry, id, isGroup) { name in
                    if let known = self.ids[name] { return known }
                    let node = strays[name] ?? self.stray(name, labels[name] ?? [])
                    strays[name] = node
                    return node.id
                }
            }
            receive(SnapshotPage(nodes: [], facts: facts))
        }
        // Whoever a pattern could mean.
        var wide: [NamedFact] = []
        for (_, id) in ids {
            if let anyone = strays[Self.anyTarget] { wide.append(NamedFact(DirectoryVocabulary.authorizedAs, anyone.id, id)) }
            if let anyone = strays[anySource] { wide.append(NamedFact(DirectoryVocabulary.authorizedAs, id, anyone.id)) }
        }
        receive(SnapshotPage(nodes: strays.keys.sorted().compactMap { strays[$0] }, facts: wide))
    }

    private func stray(_ name: String, _ labels: Set<String>) -> ReachNode {
        if name == anySource { return ReachNode.whoever(in: system) }
        // The gateway creates users there, and nobody elsewhere.
        let isFree =
            name.hasPrefix("uid=")
            && (try? LDAPText.normalized(reader.settings.people)).map { parent in
                name.firstIndex(of: ",").map { name[name.index(after: $0)...] == parent } ?? false
            } ?? false
        return ReachNode(system: system, name: name, labels: labels, isFree: isFree)
    }

    private func node(_ entry: LDAPEntry, _ isGroup: Bool, _ labels: [String: Set<String>]) -> ReachNode? {
        guard let key = entry.first("entryUUID"), let name = entry.first(isGroup ? "cn" : "uid"),
            let kind = reader.catalogue[kind: Self.kind(isGroup)], let path = try? LDAPText.normalized(entry.dn)
        else { return nil }
        var own = labels[path] ?? []
        if path == (try? LDAPText.normalized(reader.settings.bindDN)) { own.insert("exequatur") }
        let node = ReachNode(system: system, kind, id: key, name: name, labels: own)
        ids[path] = node.id
        return node
    }

    private func labelledNames() throws -> [String: Set<String>] {
        var names: [String: Set<String>] = [:]
        for (label, entries) in reader.settings.labels {
            for dn in entries { names[try LDAPText.normalized(dn), default: []].insert(label) }
        }
        return names
    }

    // MARK: Facts

    private func facts(_ entry: LDAPEntry, _ id: NodeID, _ isGroup: Bool, _ resolve: (String) -> NodeID) throws
        -> [NamedFact]
    {
        func nodes(_ attribute: String) throws -> [NodeID] {
            try entry.strings(attribute).map { resolve(try LDAPText.normalized($0)) }
        }
        var facts =
            try nodes("member").map { NamedFact(DirectoryVocabulary.member, $0, id) }
            + nodes("owner").map { NamedFact(DirectoryVocabulary.owner, $0, id) }
        for url in entry.strings("memberURL") { facts += try selection(MemberURL(url), by: id, resolve) }
        facts += try entry.strings("authzTo").map {
            NamedFact(DirectoryVocabulary.authorizedAs, id, try authorized($0, Self.anyTarget, resolve))
        }
        facts += try entry.strings("authzFrom").map {
            NamedFact(DirectoryVocabulary.authorizedAs, try authorized($0, anySource, resolve), id)
        }
        if !isGroup, entry.first("pwdAccountLockedTime") != nil { facts.append(NamedFact(DirectoryVocabulary.disabled, id)) }
        return facts
    }

    /// Whom an authorization rule names. One that is a pattern names nobody in particular: everybody it could mean is one node.
    private func authorized(_ rule: String, _ anybody: String, _ resolve: (String) -> NodeID) throws -> NodeID {
        let name = rule.replacing("dn.exact:", with: "").replacing("dn:", with: "")
        guard !name.contains(":"), !name.contains("*"), let path = try? LDAPText.normalized(name), path.contains("=") else {
            return resolve(anybody)
        }
        return resolve(path)
    }

    /// The facts on some entries: what they are in and own, what is in them and owns them.
    func facts(on entries: [DirectoryEntry]) throws -> Set<NamedFact> {
        var facts: Set<NamedFact> = []
        for entry in entries {
            let id = id(entry)
            if let found = try reader.session.entry(entry.dn, attributes: entry.isGroup ? Self.groups : Self.users) {
                facts.formUnion(try self.facts(found, id, entry.isGroup, resolved))
            }
            facts.formUnion(try self.facts(above: entry.dn, as: id))
        }
        return facts
    }

    /// What waits for somebody of that name, who is not there yet.
    func facts(waitingFor path: String) throws -> Set<NamedFact> {
        try facts(above: path, as: .name(path, in: system))
    }

    /// The groups that have the entry of that name as a member or owner.
    private func facts(above dn: String, as id: NodeID) throws -> Set<NamedFact> {
        var facts: Set<NamedFact> = []
        let above = "(|(member=\(LDAPText.filterValue(dn)))(owner=\(LDAPText.filterValue(dn))))"
        let path = try LDAPText.normalized(dn)
        for group in try reader.session.search(
            reader.settings.groups, scope: LDAP_SCOPE_ONELEVEL, filter: "(&\(Self.anyGroup)\(above))", attributes: Self.groups)
        {
            guard let key = group.first("entryUUID") else { continue }
            let node = NodeID(system: system, kind: DirectoryVocabulary.group, id: key)
            let whole = try self.facts(group, node, true) { $0 == path ? id : self.resolved($0) }
            facts.formUnion(whole.filter { $0.subjectNode == id })
        }
        return facts
    }

    private static func kind(_ isGroup: Bool) -> String { isGroup ? DirectoryVocabulary.group : DirectoryVocabulary.user }

    private func id(_ entry: DirectoryEntry) -> NodeID {
        NodeID(system: system, kind: Self.kind(entry.isGroup), id: entry.id)
    }

    /// The node of a name: as it was read last, or as it is now.
    private func resolved(_ name: String) -> NodeID {
        if let id = known[name] ?? ids[name] { return id }
        let found = (try? reader.entry(at: name)).flatMap { $0 }
        let id =
            found.map(id) ?? .name(name, in: system)
        ids[name] = id
        return id
    }
}
