import Authority
import Reach

/// The gateway's own steps, and what is seen of their outcome.
extension ReachState {
    /// Takes facts that a connector just saw and the graph does not have.
    ///
    /// - Parameter nodes: those that were read: a restriction on them that was not seen is not there.
    mutating func see(_ facts: Set<NamedFact>, on nodes: [String], of system: String) throws -> [NamedFact] {
        guard graph != nil else { return [] }
        let restrictions = settings.rules.relations.filter { $0.isRestriction && $0.words.count == 1 }.map(\.name)
        let lifted = nodes.flatMap { node in restrictions.map { NamedFact($0, node) } }
            .filter { !facts.contains($0) && systems[system]?.facts.contains($0) == true }
        try graph?.apply(Step(removes: lifted.sorted()))
        systems[system]?.facts.subtract(lifted)
        let unknown = facts.filter { fact in !(graph?.contains(fact) ?? true) && !isRestriction(fact) }.sorted()
        try graph?.apply(Step(adds: unknown))
        systems[system]?.facts.formUnion(unknown)
        return unknown + lifted.sorted()
    }

    /// What came about through a plan beside what it says, added or lost; the graph takes it up. What other steps of ours did
    /// meanwhile is theirs.
    mutating func compare(_ plan: Plan, with seen: Set<NamedFact>, on system: String) throws -> Step {
        // Whoever is removed has nothing any more.
        let target = vocabulary.catalogues[system]?.node(plan.target, in: system)?.text
        let known = systems[system]?.facts ?? []
        func wasThere(_ fact: NamedFact) -> Bool { plan.surroundings.contains(fact) || known.contains(fact) }
        let more = unexplained(
            seen.subtracting(plan.surroundings).subtracting(plan.step.adds), isAddition: true, by: [plan.step], wasThere)
        let others = Set(pending.values.flatMap { $0.step.adds + $0.step.removes })
        let gone = plan.surroundings.subtracting(seen).subtracting(plan.step.removes).subtracting(others)
            .filter { !plan.isCreation && !(plan.removesTarget && ($0.subject == target || $0.object == target)) }
            .filter(known.contains)
        let lost = unexplained(gone, isAddition: false, by: [plan.step], wasThere)
        if !gone.isEmpty {
            try graph?.apply(Step(removes: gone.sorted()))
            systems[system]?.facts.subtract(gone)
        }
        return Step(adds: try see(more, on: [], of: system), removes: lost.sorted())
    }

    mutating func reserve(_ change: String, _ system: String, _ step: Step, at now: Instant) throws {
        let step = whole(step)
        pending[change] = Pending(system: system, step: step, since: now)
        let grants = Step(adds: kept(step.adds.filter { !isRestriction($0) }), removes: step.removes.filter(isRestriction))
        try graph?.apply(grants)
    }

    /// What was chosen through the gateway before it stopped.
    mutating func remember(_ step: Step) { conferred.formUnion(kept(step.adds).filter(vocabulary.isCredential)) }

    mutating func release(_ change: String) throws {
        guard let gone = pending.removeValue(forKey: change) else { return }
        let others = Set(pending.values.flatMap(\.step.adds))
        let withdrawn = gone.step.adds.filter { !isRestriction($0) && !isKnown($0) && !others.contains($0) }
        let lifted = Set(pending.values.flatMap(\.step.removes))
        let back = Step(
            adds: gone.step.removes.filter { isRestriction($0) && isKnown($0) && !lifted.contains($0) }, removes: withdrawn)
        try graph?.apply(back)
    }

    /// Whether a fact stands without the gateway's unfinished steps.
    func isKnown(_ fact: NamedFact) -> Bool {
        configured.contains(fact) || conferred.contains(fact) || systems.values.contains { $0.facts.contains(fact) }
    }

    /// The step came about: what it took away is gone too.
    mutating func complete(_ change: String, at now: Instant) throws {
        guard let came = pending.removeValue(forKey: change) else { return }
        done.append(Done(system: came.system, step: came.step, at: now))
        remember(came.step)
        let lasting = kept(came.step.adds).filter { !vocabulary.isCredential($0) }
        // What another step is adding meanwhile stays.
        let adding = Set(pending.values.flatMap(\.step.adds))
        systems[came.system]?.facts.formUnion(lasting)
        systems[came.system]?.facts.subtract(came.step.removes)
        try graph?.apply(Step(adds: lasting, removes: came.step.removes.filter { !adding.contains($0) }))
    }

    /// Nobody knows whether it came about: it counts as if it had, until the next reading.
    mutating func lose(_ change: String) {
        pending[change]?.isLost = true
        // A reading will not show who chose a credential.
        if let step = pending[change]?.step { remember(step) }
    }
}
