public import Authority
public import Cedar
public import Reach
import StrictJSON

/// A system behind an API over HTTP whose catalogue is configuration.
public struct HTTPSystem: Connector {
    public let system: String
    let settings: HTTPSettings

    init(system: String, settings: HTTPSettings) {
        self.system = system
        self.settings = settings
    }

    public var catalogue: Catalogue { settings.catalogue }
    public var endpoint: String { settings.access.backend.base }
    public var credential: CredentialKind { settings.access.credentials.isScoped ? .scoped : .shared }
    var reader: HTTPReader { HTTPReader(system: system, settings: settings) }

    // MARK: Reading

    public func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        let reader = reader
        let name = operation.target.input.flatMap { input[$0] } ?? ""
        return try await reader.record(reader.require(operation.target.kind ?? "", name))
    }

    public func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        guard case .list(let kind, _) = operation.answer else { return }
        let reader = reader
        var batch = RecordBatch(visit)
        for thing in try await reader.all(kind) {
            guard batch.add(try await reader.record(thing)) else { return }
        }
        batch.end()
    }

    public func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        let reader = reader
        guard let node = catalogue.node(container, in: system) else { return }
        let (things, facts) = try await reader.everything()
        let parents = Set(catalogue.relations.filter { $0.names != nil }.map(\.name))
        let below = Dictionary(grouping: facts.filter { parents.contains($0.relation) }) { $0.object ?? "" }
        let direct = Set((below[node.text] ?? []).map(\.subject))
        var (inside, waiting): (Set<String>, [String]) = ([], [node.text])
        while let next = waiting.popLast() {
            for fact in below[next] ?? [] where inside.insert(fact.subject).inserted { waiting.append(fact.subject) }
        }
        var batch = RecordBatch(visit)
        for thing in things.sorted(by: { ExactString($0.node.key.text) < ExactString($1.node.key.text) })
        where inside.contains(thing.node.text) {
            if let after, ExactString(thing.node.key.text) <= ExactString(after) { continue }
            guard batch.add(try await reader.record(thing, isDirect: direct.contains(thing.node.text))) else { return }
        }
        batch.end()
    }

    // MARK: The graph

    public func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        let reader = reader
        if let first = settings.unread.first { throw ConnectorError(.unavailable, "nothing reads all of the \(first)") }
        let (things, facts) = try await reader.everything()
        var nodes = Dictionary(
            things.map { ($0.node, ReachNode($0.node, $0.kind, name: $0.name, labels: reader.labels($0))) },
            uniquingKeysWith: { first, _ in first })
        // What a fact names and no list has, such as a tag that the catalogue does not know, is there all the same.
        for node in facts.flatMap({ [$0.subjectNode, $0.objectNode] }).compactMap({ $0 }) where nodes[node] == nil {
            if let kind = catalogue[kind: node.kind] { nodes[node] = ReachNode(node, kind, name: node.key.text) }
        }
        receive(SnapshotPage(nodes: nodes.keys.sorted().compactMap { nodes[$0] }, facts: facts.sorted()))
    }

    public func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        let reader = reader
        var facts: Set<NamedFact> = []
        for uid in [plan.target] + plan.related {
            guard let node = catalogue.node(uid, in: system), let id = name(of: node, in: plan) else { continue }
            if let thing = try await reader.fetch(node.kind, id) { facts.formUnion(thing.facts) }
        }
        return facts
    }

    private func name(of node: NodeID, in plan: Plan) -> String? {
        switch node.key {
        case .id(let id): id.string
        case .new: nil
        }
    }

    /// An API does not say who wrote.
    public func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID> { [] }

    // MARK: Credentials

    private struct HTTPLease: Lease { let reference: LeaseReference }

    public func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        LeaseReference(id: id, change: change, system: system, account: "\(credential.rawValue)/\(id)", expires: expires)
    }

    public func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        if settings.access.hasTokens { settings.access.tokens[reference.id] = try await settings.access.login() }
        return HTTPLease(reference: reference)
    }

    public func revoke(_ reference: LeaseReference) async throws(ConnectorError) {
        guard case .session(let session) = settings.access.credentials, session.logout != nil else {
            // Nobody can end it; the gateway forgets it.
            return settings.access.tokens[reference.id] = nil
        }
        // One that nobody could end, or that went with the process that had it, is over when its life is.
        guard settings.now() < reference.expires.adding(seconds: session.life) else {
            return settings.access.tokens[reference.id] = nil
        }
        guard settings.access.tokens[reference.id] == nil else { return try await settings.access.logout(reference.id) }
        throw ConnectorError(.unavailable, "a session that nobody can end any more lives for \(session.life) s")
    }

    public func leftovers() async throws(ConnectorError) -> [LeaseReference] { [] }
}
