public import Authority
import Cedar
import Logging
import StrictJSON

/// Waiting changes, decided anew on what is true now.
extension Approvals {
    /// A change that waits, as it would be decided now.
    struct Waiting {
        /// As it was examined.
        let stored: Change
        /// With what its approvers are to be shown from now on, where nobody has signed yet.
        let change: Change
        let deliberation: Deliberation
        let tally: ApprovalTally
        /// Why its system could not do it, as it could not when it was staged: its requester is not to learn that from its end.
        var obstacle: ConnectorError? { deliberation.plan.obstacle }

        /// Those whose approval would count yet; where this decision demands nothing more, whoever policy lets approve.
        func others(_ decision: Decision) -> [PersonRecord] {
            let able =
                decision.verdict == .permit
                ? deliberation.standing.candidates(for: deliberation.question).filter { deliberation.mayApprove($0.id) }
                : (decision.requirement ?? .none).approvers
            let given = Set(tally.facts.map(\.person.id))
            return able.filter { !given.contains($0.id) && tally.mayComplete?.contains($0.id) != false }
        }

        /// The change as this decision leaves it.
        func decided(_ decision: Decision) -> Change {
            var next = change
            if let requirement = decision.requirement { next.requirement = requirement }
            next.needs = tally.needs(after: decision)
            next.wait =
                switch decision.verdict {
                case .propose: .adoption
                case .permit where tally.isEmpty: .nothing
                default: .approval
                }
            return next
        }

        /// Whether an approval of this person's would count.
        func mayApprove(_ person: Person) -> Bool {
            (tally.mayComplete?.contains(person.id) ?? true) && deliberation.mayApprove(person.id)
        }
    }

    enum Examined {
        case waiting(Waiting)
        /// Nothing can permit it any more; the words are for people.
        case over(Change.VoidReason, because: String)
    }

    /// What a waiting change comes to, as things stand: its request made anew, its approvals counted.
    ///
    /// - Throws: ``Refusal`` while that can't be told: its system is out of reach or turns the gateway away, or its graph is too
    ///   old.
    func examine(_ change: Change) async throws -> Examined {
        guard change.version == Terms.version else {
            return .over(.upgraded, because: "it was staged by an older version of the gateway")
        }
        let signed = try await signed(change)
        var deliberation: Deliberation
        do { deliberation = try await deliberations.on(change, locks: core.store.locks().epoch) } catch let refusal as Refusal {
            guard let reason = Self.reason(refusal.code) else { throw refusal }
            return .over(reason, because: refusal.message)
        } catch let error as ShapeError {
            return .over(.altered, because: "its input is not what its operation takes any more: \(error.message)")
        }
        guard deliberation.definition == change.definition else {
            return .over(.altered, because: "its operation, or the place where it is carried out, is another by now")
        }
        let plan = deliberation.plan
        guard plan.native == change.plan.native, plan.obstacle == nil || change.isObstructed,
            deliberation.terms(of: change).digest == change.terms.digest
        else {
            let words = plan.obstacle?.message ?? "what it would change is not what it was"
            return .over(.targetChanged, because: words)
        }
        let tally = ApprovalTally(signed.filter { deliberation.mayApprove($0.fact.person.id) }, on: change)
        deliberation = deliberation.counting(tally.facts)
        var shown = change
        if tally.isEmpty {
            shown.assess(deliberation.assessment)
        } else if !change.shown.covers(deliberation.assessment) {
            return .over(.targetChanged, because: "what it would make possible is not what those who signed it were shown")
        }
        return .waiting(Waiting(stored: change, change: shown, deliberation: deliberation, tally: tally))
    }

    /// What can't be asked any more, and never will; nil of what may pass.
    private static func reason(_ code: Refusal.Code) -> Change.VoidReason? {
        switch code {
        case .taskEnded: .taskEnded
        case .changeOrphaned: .policyChanged
        case .inputUnknownSystem, .inputUnknownOperation, .planUndeclared: .altered
        case .targetNotFound, .planInvalid, .planNoChange, .targetConflict, .rollbackConflict, .reachLockout:
            .targetChanged
        default: nil
        }
    }

    /// Decides the change again on what is true now, with the approvals it has, and carries it out when permitted.
    func reconsider(_ change: Change) async throws -> Change {
        try await settle(try await examine(change), change, mayRun: true)
    }

    /// Decides a change that was examined, and makes what comes of it durable.
    ///
    /// - Parameters:
    ///   - mayRun: whether it is carried out when that is permitted; if not, it waits on.
    ///   - tries: how often it is decided anew when something else is written of it meanwhile.
    func settle(_ examined: Examined, _ change: Change, mayRun: Bool, tries: Int = 3) async throws -> Change {
        guard case .waiting(let waiting) = examined else {
            guard case .over(let reason, let words) = examined else { return change }
            return try await core.void(change, reason, words)
        }
        let deliberation = waiting.deliberation
        if mayRun { try await locks.check(change, deliberation) }
        let decision = deliberation.decide()
        let next = waiting.decided(decision)
        let entry = deliberation.entry(decision, in: core, change: next, counting: waiting.tally)
        switch (decision.verdict, waiting.tally.standing) {
        case (.permit, .open), (.needsApproval, _):
            guard canBeCompleted(waiting, decision) else {
                let words = "nobody who may still approve it could complete it"
                return try await core.void(change, .policyChanged, words, by: entry)
            }
        // Adopting it is final: nobody else makes it their own.
        case (.propose, _) where change.adopter != nil:
            return try await core.void(
                change, .policyChanged, "policy does not let who adopted it execute it any more", by: entry)
        case (.deny, _), (.permit, .untellable):
            return try await core.void(change, .policyChanged, "no approval could make policy permit it now", by: entry)
        case (.permit, .met) where mayRun && waiting.obstacle == nil:
            return try await run(next, waiting, decision, entry, tries: tries)
        case (.permit, .met), (.propose, _): break
        }
        return try await keep(next, waiting, entry)
    }

    /// Whether those who may still approve, all together and with verified keys, could have it carried out.
    private func canBeCompleted(_ waiting: Waiting, _ decision: Decision) -> Bool {
        guard !waiting.tally.isEmpty else { return true }
        let facts = waiting.others(decision).map { ApprovalFact(person: $0, userVerified: true) }
        return waiting.tally.couldBeMet(with: facts)
            && waiting.deliberation.counting(waiting.tally.facts + facts).decide().verdict == .permit
    }

    private func run(_ change: Change, _ waiting: Waiting, _ decision: Decision, _ entry: LogEntry, tries: Int) async throws
        -> Change
    {
        let approved = try change.after(.approvedEnough)
        do {
            try await execution.run(approved, decision, waiting.deliberation) {
                try await core.store.commit([.updateChange(approved, from: waiting.stored)], entries: [entry])
            }
        } catch let error as StoreError where error.code == .conflict {
            // Another approval of the same moment was first to carry it out, or an examination wrote what it found: nobody else
            // would come back to it then.
            let current = try await core.stored(change)
            guard current.state == .proposed, tries > 1 else { return current }
            return try await settle(try await examine(current), current, mayRun: true, tries: tries - 1)
        }
        return try await core.stored(change)
    }

    /// A waiting change as it is to be shown and signed: where what is stored of it is not what is true now, it is decided anew
    /// first.
    ///
    /// - Returns: the change, and how it stands if it still waits.
    func refreshed(_ change: Change) async throws -> (Change, Waiting?) {
        let examined = try await examine(change)
        if case .waiting(let waiting) = examined {
            let decision = waiting.deliberation.decide()
            if decision.verdict != .deny, waiting.decided(decision).json == change.json { return (change, waiting) }
        }
        let next = try await settle(examined, change, mayRun: false)
        guard next.state == .proposed, case .waiting(let waiting) = try await examine(next) else { return (next, nil) }
        return (next, waiting)
    }

    /// It waits on, for what is demanded now.
    private func keep(_ change: Change, _ waiting: Waiting, _ entry: LogEntry) async throws -> Change {
        let isSame = change.json == waiting.stored.json
        do {
            // Written again though it is the same: a decision on what has moved on meanwhile is none.
            try await core.store.commit([.updateChange(change, from: waiting.stored)], entries: [entry])
        } catch let error as StoreError where error.code == .conflict { return try await core.stored(change) }
        guard waiting.deliberation.policies.digest == core.policies.digest else {
            // Others are in force since: whoever examined it by those may have been first.
            return try await settle(try await examine(change), change, mayRun: false)
        }
        if !isSame { core.note("a change waits for something else now", ["change": change.id, "for": change.requirement.words]) }
        return change
    }

    /// The approvals of a change whose signatures hold today.
    func signed(_ change: Change) async throws -> [ApprovalTally.Signed] {
        try await core.store.approvals(of: change.id).compactMap { approval in
            guard approval.statement.gateway == core.environment.id, let fact = core.principals.fact(of: approval) else {
                return nil
            }
            let human = core.principals.aliases(of: fact.person.id).min() ?? fact.person.id
            return ApprovalTally.Signed(approval, fact, human: human)
        }
    }
}

extension Approvals {
    /// Makes a change the person's own: it is decided as their `execute`, and they do not count as an approver.
    public func adopt(_ id: String, by person: Person) async throws -> Change {
        let change = try await core.requireChange(id)
        guard change.state == .proposed, change.expires > core.now else { throw Self.closed(change, now: core.now) }
        guard change.wait == .adoption else {
            throw Refusal(.changeClosed, "The change waits for approval and not to be adopted.")
        }
        var adopted = change
        (adopted.adopter, adopted.wait) = (person.id, .approval)
        try locks.check(.person(person.id), change.task, writing: change.system)
        try await locks.requireUnlocked([person.id])
        let examined = try await examine(adopted)
        guard case .waiting(let waiting) = examined else { return try await settle(examined, change, mayRun: false) }
        adopted.assess(waiting.deliberation.assessment)
        let decision = waiting.deliberation.decide()
        adopted.requirement = decision.requirement ?? .none
        let adoption = core.entry(
            .adoption(AdoptionRecord(by: person.id, terms: adopted.digest)), "ado",
            links: ["change": id, "request": change.request])
        guard [.permit, .needsApproval].contains(decision.verdict) else {
            let denied = waiting.deliberation.entry(decision, in: core, change: adopted)
            try await core.store.commit([], entries: [adoption, denied])
            throw Refusal(.denied, "Policy does not let you execute this yourself.")
        }
        do { try await core.store.commit([.updateChange(adopted, from: change)], entries: [adoption]) } catch let error
            as StoreError
            where error.code == .conflict
        { throw Refusal(.changeClosed, "Somebody else adopted the change first, or it was closed.") }
        return try await reconsider(adopted)
    }
}
