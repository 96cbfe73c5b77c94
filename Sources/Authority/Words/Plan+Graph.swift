import Cedar
public import Reach
import StrictJSON

/// A plan as the graph sees it.
extension Plan {
    /// The change of the graph that the plan is, with what its author gains by it.
    ///
    /// An agent's are all agents' and the delegator's. A password that is made here is shown to a person, not to the agent: to
    /// the delegator or the person who asks, or else to whoever approves it.
    public func step(of submission: Submission) -> Step {
        // Who adopts an agent's change makes it theirs; what was chosen in it, the agent chose all the same.
        let isAgents = submission.principal.isWorkload || submission.task.holder != submission.principal.name
        return step(
            of: submission.operation, submission.input, in: submission.catalogue, on: submission.system,
            by: submission.principal.name, isAgents: isAgents, for: submission.task.delegator)
    }

    /// The same of a change that was made earlier, whoever is still registered.
    ///
    /// - Parameter input: nil when it can't be read any more: then whatever depends on it counts.
    public func step(
        of operation: Operation, _ input: Input?, in catalogue: Catalogue, on system: String, by principal: PrincipalID,
        isAgents: Bool, for delegator: String?
    ) -> Step {
        let author = Author(principal, isAgents: isAgents, delegator)
        let footprint = Footprint(of: operation, in: catalogue, on: system, ends(in: catalogue, on: system, input))
        var more: Set<NamedFact> = []
        // Whether an attribute is protected, only the graph knows.
        for attribute in attributesSet(by: operation, in: catalogue, on: system) {
            more.insert(NamedFact(CoreRelation.mayWrite.string, author.writer.text, attribute))
        }
        if footprint.isOpaque { more.insert(NamedFact(CoreRelation.mayChange.string, author.writer, .whole(system))) }
        for case .node(let created) in footprint.creates {
            guard case .new(let name) = created.key, let naming = catalogue[kind: created.kind]?.naming else { continue }
            more.insert(NamedFact(naming, created, ReachNode.awaited(name.string, created.kind, in: system).id))
        }
        for credential in footprint.credentials {
            guard case .node(let of) = credential.of else { continue }
            more.formUnion(author.holders(credential.to).map { NamedFact(credential.relation, of, $0) })
        }
        for pattern in footprint.adds where pattern.first == .author || pattern.second == .author {
            guard let relation = pattern.relation, let first = node(pattern.first, author) else { continue }
            guard let second = pattern.second else {
                more.insert(NamedFact(relation, first))
                continue
            }
            if let second = node(second, author) { more.insert(NamedFact(relation, first, second)) }
        }
        return Step(adds: step.adds + more.sorted(), removes: step.removes)
    }

    private func node(_ pattern: NodePattern, _ author: Author) -> NodeID? {
        switch pattern {
        case .node(let node): node
        case .author: author.writer
        case .kinds, .new, .anything: nil
        }
    }

    /// What an operation's effects are about, as far as the plan found it.
    public func ends(in catalogue: Catalogue, on system: String, _ input: Input?) -> Footprint.Ends {
        Footprint.Ends(
            target: catalogue.node(target, in: system), input: input,
            named: named.mapValues { $0.compactMap { catalogue.node($0, in: system) } })
    }

    /// The nodes of the attributes whose values it sets.
    private func attributesSet(by operation: Operation, in catalogue: Catalogue, on system: String) -> [String] {
        let set = Set(catalogue.attributesSet(by: operation))
        let touched = touched.filter { $0.before != $0.after && set.contains($0.attribute) }.map {
            NodeID.attribute($0.attribute, of: system).text
        }
        let told = step.adds.compactMap { fact in fact.objectNode?.isAttribute == true ? fact.object : nil }
        return Set(touched + told).sorted()
    }

    /// Whether what it is about is only coming to be.
    public var isCreation: Bool {
        if case .new = NodeKey(text: target.id.string) { true } else { false }
    }

    /// Whether what it is about is gone afterwards.
    public var removesTarget: Bool { touched.contains { $0.attribute == TouchedValue.whole && $0.after.isEmpty } }

    /// The entities that it touches, as nodes.
    public func nodes(in system: String, _ catalogue: Catalogue) -> [ReachNode] {
        let touched = Set([target] + related)
        return facts.filter { touched.contains($0.uid) && !isCreation }.compactMap { entity in
            guard let node = catalogue.node(entity.uid, in: system), let kind = catalogue[kind: node.kind] else { return nil }
            guard case .string(let name)? = entity.attributes["name"] else {
                return ReachNode(node, kind, name: entity.uid.id.string)
            }
            return ReachNode(node, kind, name: name.string)
        }
    }

    /// The facts that policy's entities show of those touched, and of everything above them: what each is in.
    public func memberships(in system: String, _ catalogue: Catalogue) -> Set<NamedFact> {
        var found: Set<NamedFact> = []
        for entity in facts {
            guard let node = catalogue.node(entity.uid, in: system), let kind = catalogue[kind: node.kind] else { continue }
            for relation in catalogue.parents(of: kind) {
                for parent in entity.parents.compactMap({ catalogue.node($0, in: system) })
                where relation.to.contains(parent.kind) {
                    found.insert(NamedFact(relation.name, node, parent))
                }
            }
        }
        return found
    }
}

/// Who made a change: a person, or an agent and so all agents, perhaps for a person.
private struct Author {
    let writer: NodeID
    private let others: [NodeID]

    init(_ principal: PrincipalID, isAgents: Bool, _ delegator: String?) {
        let person = principal.person.map { ReachNode.person($0).id }
        writer = isAgents ? ReachNode.coalition.id : person ?? ReachNode.coalition.id
        others = [person, delegator.map { ReachNode.person($0).id }].compactMap { $0 }
    }

    func holders(_ holder: Holder) -> [NodeID] {
        switch holder {
        case .person: others.isEmpty ? [ReachNode.secret.id] : others
        case .author: Set([writer] + others).sorted()
        }
    }
}
