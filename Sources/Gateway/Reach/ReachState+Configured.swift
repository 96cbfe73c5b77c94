import Authority
import Reach

/// What is protected, and what is known beside what the systems say.
extension ReachState {
    var protected: [String] {
        var found = [ReachNode.approvals.id, ReachNode.gateway.id] + vocabulary.opaque.map(NodeID.whole)
        let named = Set(settings.entries.map(\.key))
        let labels = settings.labels.union([ReachSettings.ownLabel])
        for node in nodes.values where node.system != nil {
            if named.contains(ReachSettings.EntryName.key(node)) || !labels.isDisjoint(with: node.labels) {
                found.append(node.id)
            }
        }
        found += settings.entries.compactMap(awaitedName).filter(awaited.contains).map(\.id)
        for (system, names) in settings.attributes.merging(readAttributes, uniquingKeysWith: { $0.union($1) }) {
            found += names.map { NodeID.attribute($0, of: system) }
        }
        return Set(found.map(\.text)).sorted()
    }

    private var configuredEntries: [ReachSettings.EntryName] {
        settings.entries + settings.accounts.map(\.account) + settings.links.flatMap { [$0.from, $0.to] }
    }

    /// What the configuration asks for and the systems don't have.
    var unresolved: [String] {
        let there = Set(nodes.values.map(ReachSettings.EntryName.key))
        return Set(configuredEntries.filter { !there.contains($0.key) }.map(\.title)).sorted()
    }

    private func awaitedName(_ entry: ReachSettings.EntryName) -> ReachNode? {
        vocabulary.canBeAwaited(entry.kind, in: entry.system)
            ? ReachNode.awaited(entry.name, entry.kind, in: entry.system) : nil
    }

    /// What the configuration speaks of and no system has: whatever is created under the name is meant.
    func awaitedEntries() -> Set<ReachNode> {
        let there = Set(nodes.values.map(ReachSettings.EntryName.key))
        return Set(configuredEntries.filter { !there.contains($0.key) }.compactMap(awaitedName))
    }

    /// The names in a system under which somebody could be created.
    func names(waitingIn system: String) -> [ReachNode] { nodes.values.filter { $0.isFree && $0.system == system } }

    /// The configured facts whose entries are known, or awaited.
    func configuredFacts() -> Set<NamedFact> {
        let known = Dictionary(grouping: nodes.values.filter { $0.system != nil }, by: ReachSettings.EntryName.key)
        func ids(_ entry: ReachSettings.EntryName) -> [NodeID] {
            known[entry.key]?.map(\.id) ?? awaitedName(entry).map { [$0.id] } ?? []
        }
        var facts = settings.ownFacts
        for (holder, account) in settings.accounts {
            for id in ids(account) { facts.insert(NamedFact("actsFor", holder.id, id)) }
        }
        for link in settings.links {
            for from in ids(link.from) { for to in ids(link.to) { facts.insert(NamedFact(link.relation, from, to)) } }
        }
        return facts
    }

    mutating func protectAttributes(_ names: [String: Set<String>]) throws {
        guard names != readAttributes else { return }
        readAttributes = names
        if graph != nil { try rebuild() }
    }
}
