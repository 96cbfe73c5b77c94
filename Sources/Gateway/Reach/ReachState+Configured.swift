import Authority
import Reach

/// What is protected, and what is known beside what the systems say.
extension ReachState {
    var protected: [String] {
        var found = [ReachNode.approvals.id, ReachNode.gateway.id]
        for node in nodes.values {
            guard let system = node.system else { continue }
            let isNamed = settings.entries.contains { $0.system == system && $0.kind == node.kind && $0.name == node.name }
            let labels = settings.labels.union([ReachSettings.ownLabel])
            if isNamed || !labels.isDisjoint(with: node.labels) { found.append(node.id) }
        }
        found += awaited.filter { node in
            settings.entries.contains { $0.kind == .user && ReachNode.awaited($0.name, in: $0.system).id == node.id }
        }.map(\.id)
        for (system, names) in settings.attributes.merging(readAttributes, uniquingKeysWith: { $0.union($1) }) {
            found += names.map { ReachNode.id(system: system, attribute: $0) }
        }
        return found.sorted()
    }

    /// What the configuration asks for and the systems don't have.
    var unresolved: [String] {
        let named = Set(
            nodes.values.compactMap { node in
                node.kind == .name ? nil : node.system.map { "\($0)/\(node.kind.rawValue)/\(node.name)" }
            })
        let wanted =
            settings.entries.map(\.title) + settings.accounts.map(\.account.title)
            + settings.links.flatMap { [$0.from.title, $0.to.title] }
        return Set(wanted).subtracting(named).sorted()
    }

    /// The users that the configuration speaks of and no system has: whoever is created under the name is meant.
    func awaitedUsers() -> Set<ReachNode> {
        let named = settings.entries + settings.accounts.map(\.account) + settings.links.flatMap { [$0.from, $0.to] }
        let there = Set(nodes.values.filter { $0.kind == .user }.map(\.title))
        return Set(
            named.filter { $0.kind == .user && !there.contains($0.title) }.map { ReachNode.awaited($0.name, in: $0.system) })
    }

    /// The names in a system that wait for somebody.
    func names(waitingIn system: String) -> [ReachNode] {
        nodes.values.filter { $0.kind == .name && $0.system == system }
    }

    /// The configured facts whose entries are known, or awaited.
    func configuredFacts() -> Set<NamedFact> {
        var byTitle: [String: String] = [:]
        for node in nodes.values { if node.system != nil { byTitle[node.title] = node.id } }
        func node(_ entry: ReachSettings.EntryName) -> String? {
            byTitle[entry.title] ?? (entry.kind == .user ? ReachNode.awaited(entry.name, in: entry.system).id : nil)
        }
        var facts = settings.ownFacts
        for (holder, account) in settings.accounts {
            if let id = node(account) { facts.insert(NamedFact("actsFor", holder.id, id)) }
        }
        for link in settings.links {
            if let from = node(link.from), let to = node(link.to) {
                facts.insert(NamedFact(link.relation, from, to))
            }
        }
        return facts
    }

    mutating func protectAttributes(_ names: [String: Set<String>]) throws {
        guard names != readAttributes else { return }
        readAttributes = names
        if graph != nil { try rebuild() }
    }
}
