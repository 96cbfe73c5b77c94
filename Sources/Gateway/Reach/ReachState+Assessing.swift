import Authority
import Reach

/// What a step would do, told before it is done.
extension ReachState {
    /// What a step would newly make possible.
    ///
    /// What is new is judged from the least that may be so: without what other steps are only adding, and as if what the step
    /// adds were not there, whatever the graph still has. What is possible is judged from the most: with all of it.
    mutating func finding(_ asked: Step) throws -> ReachFinding {
        guard var graph else { throw Refusal(.reachUnread, "What the change makes possible can't be told yet.") }
        let step = whole(asked)
        self.graph = nil
        defer { self.graph = graph }
        let others = underWay
        let adds = step.adds + others.flatMap(\.adds)
        let doubtful = Step(
            adds: (step.removes + others.flatMap(\.removes)).filter { isRestriction($0) && !graph.contains($0) },
            removes: Set(adds).filter { !isRestriction($0) && graph.contains($0) }.sorted())
        try graph.apply(doubtful)
        let finding = Result { described(step, try gains(step, others, &graph), graph) }
        // Should it not come back to what it was, it answers nothing any more.
        try graph.apply(doubtful.reversed)
        return try finding.get()
    }

    /// The step with what only the graph can tell: whoever is created under a name that the graph still has is that one.
    func whole(_ step: Step) -> Step {
        let names = step.adds.filter { vocabulary.isNaming($0) && NodeID.isNew(text: $0.subject) }
        guard !names.isEmpty else { return step }
        let more = names.flatMap { fact -> [NamedFact] in
            guard let created = fact.subjectNode else { return [] }
            let alike = nodes.values.filter { node in
                node.id.system == created.system && node.id.kind == created.kind
                    && ReachNode.awaited(node.name, created.kind, in: created.system).id == fact.objectNode
            }.map(\.id)
            let whoever = [ReachNode.whoever(in: created.system).id].filter { nodes[$0.text] != nil }
            return (alike + whoever).map { NamedFact(fact.relation, created, $0) }
        }
        return Step(adds: step.adds + Set(more).subtracting(step.adds).sorted(), removes: step.removes)
    }

    /// What the step gains, by itself or together with any of those under way: some of them may still fail.
    private func gains(_ step: Step, _ others: [Step], _ graph: inout ReachGraph) throws -> Gains {
        func sum(_ steps: [Step]) -> Step {
            Step(adds: Set(steps.flatMap(\.adds)).sorted(), removes: Set(steps.flatMap(\.removes)).sorted())
        }
        let together = try graph.gains(of: sum(others + [step]))
        // Of many it is not asked which: what any of them gives is then the step's too.
        guard !others.isEmpty, others.count <= 4, !together.isEmpty else { return together }
        var pairs: Set<Gain> = []
        for choice in 0..<(1 << others.count) {
            let subset = others.indices.filter { choice & (1 << $0) != 0 }.map { others[$0] }
            let without = subset.isEmpty ? [] : try graph.gains(of: sum(subset), proofs: 0).pairs
            let with = try graph.gains(of: sum(subset + [step]), proofs: 0).pairs
            pairs.formUnion(Set(with).subtracting(without))
        }
        return Gains(
            pairs: pairs.sorted(), proofs: together.proofs.filter { pairs.contains(Gain(who: $0.who, target: $0.target)) })
    }

    /// The steps granted and not settled, as far as they give what is not known to be there without them.
    private var underWay: [Step] {
        pending.keys.sorted().compactMap { change -> Step? in
            guard let step = pending[change]?.step else { return nil }
            let given = Step(
                adds: kept(step.adds).filter { !isRestriction($0) && !isKnown($0) },
                removes: step.removes.filter { isRestriction($0) && isKnown($0) })
            return given.isEmpty ? nil : given
        }
    }

    /// A gain as people and policy see it. A credential that is chosen anew is a gain of all that the account can take, whoever
    /// had it before.
    private func described(_ step: Step, _ gains: Gains, _ graph: ReachGraph) -> ReachFinding {
        var pairs = Set(gains.pairs)
        var (shown, paths) = (gains.proofs.map { (title($0.who), title($0.target)) }, gains.proofs.map(sentences))
        for fact in step.adds where vocabulary.isCredential(fact) {
            guard let holder = fact.object else { continue }
            for target in graph.targets(of: fact.subject) where pairs.insert(Gain(who: holder, target: target)).inserted {
                let further = graph.proof(from: fact.subject, to: target).map(sentences) ?? []
                shown.append((title(holder), title(target)))
                paths.append([sentence(fact)] + further)
            }
        }
        guard !pairs.isEmpty else { return .none }
        return ReachFinding(
            gains: pairs.sorted(), targets: Set(pairs.map { title($0.target) }).sorted(), shown: shown, paths: paths)
    }

    /// The protected targets that a step would leave without any human who can take them, and so look after them.
    mutating func lockouts(_ step: Step) throws -> [String] {
        let weakens = step.removes.contains { !isRestriction($0) } || step.adds.contains(where: isRestriction)
        let ends = Set((step.adds + step.removes).flatMap { [$0.subject, $0.object].compactMap { $0 } })
        guard weakens, var graph, ends.contains(where: { !graph.targets(of: $0).isEmpty }) else { return [] }
        self.graph = nil
        defer { self.graph = graph }
        func keepers(_ target: String) -> Bool { graph.takers(of: target).contains { nodes[$0]?.role == .human } }
        let before = graph.protected.filter(keepers)
        // With every removal that is under way, and without what is only being added.
        let others = pending.values.map(\.step)
        let adds = step.adds.filter(isRestriction) + others.flatMap { $0.adds.filter(isRestriction) }
        let removes =
            step.removes.filter { !isRestriction($0) } + others.flatMap { $0.removes.filter { !isRestriction($0) } }
            + others.flatMap { $0.adds.filter { !isRestriction($0) && !isKnown($0) } }
        let real = Step(
            adds: Set(adds).filter { !graph.contains($0) }.sorted(), removes: Set(removes).filter { graph.contains($0) }.sorted())
        try graph.apply(real)
        let lost = before.filter { !keepers($0) }
        try graph.apply(real.reversed)
        return lost.map(title)
    }

    func sentences(_ proof: Proof) -> [String] {
        proof.steps.map { step in
            step.facts.map(sentence).joined(separator: " and ") + (step.because.map { ": \($0)" } ?? "")
        }
    }

    private func sentence(_ fact: NamedFact) -> String {
        let reading = settings.rules[fact.relation]?.reading ?? fact.relation
        return title(fact.subject) + " " + reading + (fact.object.map { " " + title($0) } ?? "")
    }
}
