import Authority
import Cedar
import StrictJSON

extension Submissions {
    func write(_ submission: Submission, _ request: Request, epoch: Int64) async throws -> Answer {
        let deliberation = try await deliberations.onWrite(submission, rollbackOf: request.rollbackOf, locks: epoch)
        let decision = deliberation.decide()
        if let answer = try await told(deliberation, decision) { return answer }
        // Asked only now: whoever may not do it anyway is told no more than that.
        _ = try locks.check(
            submission.principal.name, submission.task, writing: submission.system, submission.operation.name,
            deliberation.plan)
        let change = stage(deliberation, decision, rollbackOf: request.rollbackOf)
        var writes = [Write.insertChange(change)]
        if let key = request.idempotencyKey {
            let record = IdempotencyRecord(
                principal: submission.principal.uid.description, key: key, request: fingerprint(request, submission.input),
                change: change.id)
            writes.append(.insertIdempotency(record))
        }
        do {
            try await core.store.commit(writes, entries: [deliberation.entry(decision, in: core, change: change)])
        } catch let error as StoreError where error.code == .conflict && request.idempotencyKey != nil {
            // Another request with the same key came first.
            guard let known = try await replay(request, submission.input) else { throw error }
            return known
        }
        Failpoint.reach("decision")
        guard decision.verdict == .permit else { return try await core.answer(on: change) }
        return try await core.answer(on: execution.execute(change, decision, deliberation))
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

    private func stage(_ deliberation: Deliberation, _ decision: Decision, rollbackOf: String?) -> Change {
        let submission = deliberation.submission
        return Change(
            id: core.environment.id("chg"), state: .proposed,
            wait: decision.verdict == .permit ? .nothing : decision.verdict == .propose ? .adoption : .approval,
            submission: submission, plan: deliberation.plan,
            digest: deliberation.terms(owner: submission.principal.owner).digest, assessment: deliberation.assessment,
            created: core.now, expires: core.now.adding(seconds: core.environment.changeLife), rollbackOf: rollbackOf)
    }
}
