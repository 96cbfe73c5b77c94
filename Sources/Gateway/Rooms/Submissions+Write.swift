import Authority
import Cedar
import StrictJSON

extension Submissions {
    func write(_ submission: Submission, _ request: Request, _ copy: WorkingCopy?, epoch: Int64) async throws -> Answer {
        let deliberation = try await deliberations.onWrite(submission, rollbackOf: request.rollbackOf, locks: epoch)
        let decision = deliberation.decide()
        if let answer = try await told(deliberation, decision) { return answer }
        // Asked only now: whoever may not do it anyway is told no more than that.
        try locks.check(
            submission.principal.name, submission.task, writing: submission.system, submission.operation.name,
            deliberation.plan, under: deliberation.locks)
        let (change, known) = try await staged(request, deliberation, decision, copy)
        if let known { return known }
        Failpoint.reach("decision")
        guard decision.verdict == .permit else {
            return try await core.answer(on: queue.catchUp(change, policies: deliberation.policies.digest))
        }
        let done = try await execution.execute(change, decision, deliberation)
        // What it was decided on has changed since: it is decided anew, once.
        return try await answer(on: done.state == .proposed ? try await approvals.reconsider(done) : done)
    }

    /// What is told of a change that waits already when the same is asked for again: that one goes on, and its first
    /// justification stays. The new request has its own decision, and its own entry. What waits for nobody is tried again.
    private func alike(_ change: Change, _ request: Request, _ deliberation: Deliberation, _ decision: Decision) async throws
        -> Answer?
    {
        guard let found = try await waiting(like: change), let known = try await stillWaiting(found, for: change) else {
            return nil
        }
        do {
            try await core.store.commit(
                keyed(request, deliberation.submission, known.id),
                entries: [deliberation.entry(decision, in: core, reason: "waiting.\(known.id)")])
        } catch let error as StoreError where error.code == .conflict {
            guard let other = try await replay(request, deliberation.submission.input) else { throw error }
            return other
        }
        return try await again(known)
    }

    /// The change that is found to wait, as its approvers are shown it now; nil when it turns out to be void, and is asked for anew.
    private func stillWaiting(_ known: Change, for change: Change) async throws -> Change? {
        guard known.state == .proposed, known.expires > core.now else { return known }
        // Whoever may not know the target learns nothing of it by asking again: the change is looked at when people are shown it.
        if known.isDiscreet || change.isDiscreet, known.wait != .nothing { return known }
        do {
            let now = try await approvals.refreshed(known).0
            return now.state == .void ? nil : now
        } catch is Refusal { return known }
    }

    private func waiting(like change: Change) async throws -> Change? {
        if let id = core.store.waiting(like: change.sameness) { return try await core.store.change(id) }
        // Its requester may read the target by now, and could not when the other was staged, or the other way round.
        guard let id = core.store.waiting(like: change.sameness(isDiscreet: !change.isDiscreet)),
            let other = try await core.store.change(id)
        else { return nil }
        return other.plan.touched.map(\.json) == change.plan.touched.map(\.json) ? other : nil
    }

    /// Binds the request's key, if it has one, to the change.
    private func keyed(_ request: Request, _ submission: Submission, _ change: String) -> [Write] {
        guard let key = request.idempotencyKey else { return [] }
        return [
            .insertIdempotency(
                IdempotencyRecord(
                    principal: submission.principal.uid.description, key: key, request: fingerprint(request, submission.input),
                    change: change))
        ]
    }

    /// So much of anybody's waits at a time: people could not tell what matters from what fills their queue.
    ///
    /// - Throws: ``Refusal`` `limit.waiting`, once the decision is logged.
    private func requireRoom(for change: Change, _ deliberation: Deliberation, _ decision: Decision) async throws {
        let most = core.environment.waitingLimit
        let delegated = change.task.delegator.map(core.store.waitingCount(forDelegator:)) ?? 0
        let isFull = core.store.waitingCount(of: change.requester) >= most
        guard isFull || delegated >= most else { return }
        let reason = Refusal.Code.limitWaiting
        try await core.store.commit([], entries: [deliberation.entry(decision, in: core, reason: reason.rawValue)])
        let whose = isFull ? "of yours" : "asked for on this person's behalf"
        throw Refusal(
            reason, "\(most) changes \(whose) wait for people already: wait until some are decided, or ask people to refuse some."
        )
    }

    /// Stages the change, unless one that asks for the same waits already.
    ///
    /// - Returns: the change, or what its requester is told of the one that waits.
    private func staged(_ request: Request, _ deliberation: Deliberation, _ decision: Decision, _ copy: WorkingCopy?)
        async throws -> (Change, known: Answer?)
    {
        let submission = deliberation.submission
        let change = stage(deliberation, decision, rollbackOf: request.rollbackOf, claims: copy?.commitment)
        // Another request may be first, with the same key or for the same, and what it staged may be over by the time it is found.
        for _ in 0..<3 {
            if let known = try await alike(change, request, deliberation, decision) { return (change, known) }
            let writes = [Write.insertChange(change)] + keyed(request, submission, change.id)
            do {
                try await insert(change, deliberation, decision, writes, copy)
                return (change, nil)
            } catch let error as StoreError where error.code == .conflict {
                if let known = try await replay(request, submission.input) { return (change, known) }
            }
        }
        throw StoreError(.unavailable, "others ask for the same all the time")
    }

    /// Stores a new change with its decision. One that is to wait for people is counted before.
    private func insert(
        _ change: Change, _ deliberation: Deliberation, _ decision: Decision, _ writes: [Write], _ copy: WorkingCopy?
    ) async throws {
        let isCounted = decision.verdict != .permit && change.requester.isWorkload
        if isCounted { await admission.take() }
        defer { if isCounted { admission.pass() } }
        if isCounted { try await requireRoom(for: change, deliberation, decision) }
        _ = try await claims.keeping(copy, of: change.id) {
            try await core.store.commit(writes, entries: [deliberation.entry(decision, in: core, change: change)])
        }
    }

    /// The answer when nothing is staged, once that is logged: it is denied, or its requester may know why it can't be done.
    private func told(_ deliberation: Deliberation, _ decision: Decision) async throws -> Answer? {
        let obstacle = deliberation.plan.obstacle
        let isHidden = namesTheHidden(deliberation)
        let isDenied = decision.verdict == .deny || deliberation.locksOut || isHidden
        let isTold =
            obstacle != nil
            && (decision.verdict == .permit || !deliberation.submission.principal.isWorkload || mayLearn(deliberation))
        guard isDenied || isTold else { return nil }
        let lockout: String? = deliberation.locksOut ? Refusal.Code.reachLockout.rawValue : nil
        let reason = lockout ?? (isHidden ? "related.not_readable" : obstacle?.code.rawValue)
        try await core.store.commit([], entries: [deliberation.entry(decision, in: core, reason: reason)])
        return isDenied ? .denied : Self.answer(obstacle)
    }

    /// Whom a workload may not see, it may not name: else it could tell the hidden from the absent. People are shown plans whole.
    private func namesTheHidden(_ deliberation: Deliberation) -> Bool {
        deliberation.submission.principal.isWorkload && !deliberation.plan.related.allSatisfy { deliberation.mayRead($0) }
    }

    /// Whether the requester may be told why it can't be done, though it could not do it at once: if it may read what it is
    /// about. To anybody else it looks like any other staged change; people see the obstacle.
    private func mayLearn(_ deliberation: Deliberation) -> Bool {
        let plan = deliberation.plan
        return !plan.isCreation && deliberation.mayRead(plan.target, deliberation.sensitivitiesTouched)
    }

    private static func answer(_ obstacle: ConnectorError?) -> Answer {
        switch obstacle?.code {
        case .noChange?: Answer(.done, ConnectorError.Code.noChange.rawValue, "Nothing to do: it is already so.")
        case .movedOn?:
            Answer(.failed, ConnectorError.Code.movedOn.rawValue, "The values were changed since; nothing was done.")
        default: Answer(.failed, obstacle?.code.rawValue ?? "", "The system does not allow this: \(obstacle?.message ?? "").")
        }
    }

    private func stage(_ deliberation: Deliberation, _ decision: Decision, rollbackOf: String?, claims: Digest?) -> Change {
        var change = Change(
            id: core.environment.id("chg"), state: .proposed,
            wait: decision.verdict == .permit ? .nothing : decision.verdict == .propose ? .adoption : .approval,
            submission: deliberation.submission, plan: deliberation.plan, definition: deliberation.definition,
            assessment: deliberation.assessment, requirement: decision.requirement ?? .none, created: core.now,
            expires: core.now.adding(seconds: core.environment.changeLife), rollbackOf: rollbackOf, locks: deliberation.locks,
            claims: claims, isDiscreet: deliberation.submission.principal.isWorkload && !mayLearn(deliberation))
        change.needs = ApprovalTally([], on: change).needs(after: decision)
        return change
    }
}
