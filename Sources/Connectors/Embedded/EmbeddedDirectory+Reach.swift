public import Authority
import DirectoryKit
import GRDB
public import Reach

extension EmbeddedDirectory {
    /// How many entries a page has.
    private static let pageSize = 500

    public func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        try await read { db in
            var (nodes, facts): ([ReachNode], [NamedFact]) = ([], [])
            for entry in try Entry.all("SELECT * FROM entry ORDER BY id", [], db) {
                nodes += [entry.node(in: system, labels: try entry.labels(db))].compactMap { $0 }
                facts += try entry.reachFacts(in: system, db, outgoingOnly: true)
                guard nodes.count == Self.pageSize else { continue }
                receive(SnapshotPage(nodes: nodes, facts: facts))
                (nodes, facts) = ([], [])
            }
            receive(SnapshotPage(nodes: nodes, facts: facts))
        }
    }

    /// This directory does not record who wrote to it besides the gateway.
    public func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID> { [] }

    public func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        try await read { db in try desk(db).surroundings(of: plan) }
    }
}

extension Entry {
    private var kind: EntityKind? {
        EmbeddedDirectory.directoryCatalogue[kind: isGroup ? DirectoryVocabulary.group : DirectoryVocabulary.user]
    }

    private func id(in system: String) -> NodeID {
        NodeID(system: system, kind: isGroup ? DirectoryVocabulary.group : DirectoryVocabulary.user, id: id)
    }

    func node(in system: String, labels: Set<String>) -> ReachNode? {
        kind.map { ReachNode(id(in: system), $0, name: name, labels: labels) }
    }

    /// The graph's facts on the entry: what it is in and owns, and, unless only those are wanted, what is in it and owns it.
    func reachFacts(in system: String, _ db: Database, outgoingOnly: Bool = false) throws -> Set<NamedFact> {
        let own = id(in: system)
        var facts = Set(try groups(db).map { NamedFact(DirectoryVocabulary.member, own, $0.id(in: system)) })
        facts.formUnion(try owned(db).map { NamedFact(DirectoryVocabulary.owner, own, $0.id(in: system)) })
        if !isGroup, !isEnabled { facts.insert(NamedFact(DirectoryVocabulary.disabled, own)) }
        guard isGroup, !outgoingOnly else { return facts }
        facts.formUnion(try members(db).map { NamedFact(DirectoryVocabulary.member, $0.id(in: system), own) })
        facts.formUnion(try owners(db).map { NamedFact(DirectoryVocabulary.owner, $0.id(in: system), own) })
        return facts
    }

    private func owned(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN owner o ON o.\"group\" = e.id WHERE o.owner = ? ORDER BY e.id", [id], db)
    }

    private func owners(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN owner o ON o.owner = e.id WHERE o.\"group\" = ? ORDER BY e.id", [id], db)
    }
}
