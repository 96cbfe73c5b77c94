public import Authority
import GRDB
public import Reach

extension EmbeddedDirectory {
    /// How many entries a page has.
    private static let pageSize = 500

    public func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        try await read { db in
            var (nodes, facts): ([ReachNode], [NamedFact]) = ([], [])
            for entry in try Entry.all("SELECT * FROM entry ORDER BY id", [], db) {
                nodes.append(entry.node(in: system, labels: try entry.labels(db)))
                facts += try entry.reachFacts(in: system, db, outgoingOnly: true)
                guard nodes.count == Self.pageSize else { continue }
                receive(SnapshotPage(nodes: nodes, facts: facts))
                (nodes, facts) = ([], [])
            }
            receive(SnapshotPage(nodes: nodes, facts: facts))
        }
    }

    /// This directory does not record who wrote to it besides the gateway.
    public func writtenByOthers(_ nodes: Set<String>) async throws(ConnectorError) -> Set<String> { [] }

    public func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        try await read { db in
            try [plan.native["target"], plan.native["other"]].compactMap { $0 }.reduce(into: []) { facts, name in
                if let entry = try Entry.find(name, db) { facts.formUnion(try entry.reachFacts(in: system, db)) }
            }
        }
    }
}

extension Entry {
    func node(in system: String, labels: Set<String> = []) -> ReachNode {
        ReachNode(system: system, kind: isGroup ? .group : .user, key: id, name: name, labels: labels)
    }

    /// The graph's facts on the entry: what it is in and owns, and, unless only those are wanted, what is in it and owns it.
    func reachFacts(in system: String, _ db: Database, outgoingOnly: Bool = false) throws -> Set<NamedFact> {
        let own = node(in: system).id
        var facts = Set(try groups(db).map { NamedFact("member", own, $0.node(in: system).id) })
        facts.formUnion(try owned(db).map { NamedFact("owner", own, $0.node(in: system).id) })
        if !isGroup, !isEnabled { facts.insert(NamedFact("disabled", own)) }
        guard isGroup, !outgoingOnly else { return facts }
        facts.formUnion(try members(db).map { NamedFact("member", $0.node(in: system).id, own) })
        facts.formUnion(try owners(db).map { NamedFact("owner", $0.node(in: system).id, own) })
        return facts
    }

    /// Enabling takes the restriction away, disabling puts it there.
    func step(enabling: Bool, in system: String) -> Step {
        let disabled = NamedFact("disabled", node(in: system).id)
        let sets = ReachNode.sets(disabled.subject, ["enabled"], system: system)
        return enabling ? Step(adds: sets, removes: [disabled]) : Step(adds: sets + [disabled])
    }

    private func owned(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN owner o ON o.\"group\" = e.id WHERE o.owner = ? ORDER BY e.id", [id], db)
    }

    private func owners(_ db: Database) throws -> [Entry] {
        try Self.all("SELECT e.* FROM entry e JOIN owner o ON o.owner = e.id WHERE o.\"group\" = ? ORDER BY e.id", [id], db)
    }
}
