package import Authority
package import Cedar
package import Reach
import StrictJSON

/// What all declared systems do alike: reading entities and the graph, planning, and looking again.
package struct DeclaredDesk<S: DeclaredSource>: Sendable {
    package let system: String
    package let declared: Declared<S.Request>
    package let source: S
    private let inHand: InHand

    /// - Parameter patience: how long one write waits for another of the same entity, in seconds.
    package init(_ system: String, _ declared: Declared<S.Request>, _ source: S, patience: Int) {
        (self.system, self.declared, self.source) = (system, declared, source)
        inHand = InHand(patience: Int64(patience))
    }

    private var catalogue: Catalogue { declared.catalogue }
    private var reader: DeclaredEntities<S> { DeclaredEntities(system, declared, source) }

    // MARK: Reading

    package func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        let reader = reader
        let name = operation.target.input.flatMap { input[$0] } ?? ""
        return try await reader.record(reader.require(operation.target.kind ?? "", name))
    }

    package func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
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

    package func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
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

    /// - Throws: `ConnectorError` `unavailable` where a kind or a relation is not read whole.
    package func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        let reader = reader
        if let first = declared.unread.first { throw ConnectorError(.unavailable, "nothing reads all of the \(first)") }
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

    package func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        let reader = reader
        var facts: Set<NamedFact> = []
        for uid in [plan.target] + plan.related {
            guard let node = catalogue.node(uid, in: system), let id = name(of: node) else { continue }
            if let thing = try await reader.fetch(node.kind, id) { facts.formUnion(thing.facts) }
        }
        return facts
    }

    private func name(of node: NodeID) -> String? {
        switch node.key {
        case .id(let id): id.string
        case .new: nil
        }
    }

    // MARK: Writing

    package func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await DeclaredPlanner(reader, operation, input).plan()
    }

    package func observe(_ plan: Plan) async throws(ConnectorError) -> Observation {
        let (operation, input): (Operation, Input)
        do {
            let native = try DeclaredPlan(json: plan.native)
            guard let known = catalogue[native.operation] else {
                throw ConnectorError(.invalid, "\(native.operation) is not in the catalogue any more")
            }
            (operation, input) = (known, try Input(native.input, for: known))
        } catch { throw ConnectorError(.invalid, "the plan can't be read: \(error)") }
        return try await DeclaredPlanner(reader, operation, input).observe(plan)
    }

    /// Has what the operation names to itself, reads it once more, and sends if all is as it was planned on.
    package func apply<T>(
        _ grant: borrowing Grant,
        _ send: (DeclaredPlanner<S>, DeclaredPlanner<S>.Read, Plan) async throws(ConnectorError) -> T
    ) async throws(ConnectorError) -> T {
        let (name, input, decided) = (grant.operation, grant.input, grant.plan)
        guard let operation = catalogue[name] else { throw ConnectorError(.invalid, "no operation \(name)") }
        let planner = try DeclaredPlanner(reader, operation, input)
        return try await inHand.with(planner.entities) { () throws(ConnectorError) in
            let fresh: Plan
            let read: DeclaredPlanner<S>.Read
            do {
                read = try await planner.read()
                fresh = try await planner.plan(read)
            } catch { throw ConnectorError(.conflict, "the target can't be read as it was before writing: \(error)") }
            guard fresh.version == decided.version, fresh.touched == decided.touched, fresh.target == decided.target,
                fresh.obstacle == nil
            else { throw ConnectorError(.conflict, "the target changed since it was planned on") }
            return try await send(planner, read, fresh)
        }
    }
}
