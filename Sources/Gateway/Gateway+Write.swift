public import Authority
import Cedar
import StrictJSON

extension Gateway {
    func write(_ submission: Submission, epoch: Int64, rollbackOf: String?, idempotency: IdempotencyRecord?) async throws
        -> Answer
    {
        let connector = try connector(submission.system)
        // Before the target is looked at: the answer must not tell whether it is there.
        try reach.requireFresh(submission.system)
        let plan = try await plan(submission, rollbackOf: rollbackOf)
        Failpoint.reach("plan")
        try requireBounded(plan.facts)
        let deliberation = try deliberate(submission, plan, locks: epoch)
        let decision = deliberation.decide()
        let isHidden = namesTheHidden(deliberation)
        let isDenied = decision.verdict == .deny || deliberation.locksOut || isHidden
        let isTold =
            plan.obstacle != nil
            && (decision.verdict == .permit || !submission.principal.isWorkload || mayLearn(deliberation, connector.catalogue))
        if isDenied || isTold {
            let lockout: String? = deliberation.locksOut ? Refusal.Code.reachLockout.rawValue : nil
            let reason = lockout ?? (isHidden ? "related.not_readable" : plan.obstacle?.code.rawValue)
            try await store.commit([], entries: [entry(decision, deliberation, reason: reason)])
            return isDenied ? .denied : Self.answer(plan.obstacle)
        }
        // Asked only now: whoever may not do it anyway is told no more than that.
        _ = try await checkLocks(
            submission.principal, submission.task, writing: submission.system, submission.operation.name, plan)
        let change = stage(deliberation, decision, rollbackOf: rollbackOf)
        var writes = [Write.insertChange(change)]
        if let key = idempotency {
            writes.append(
                .insertIdempotency(.init(principal: key.principal, key: key.key, request: key.request, change: change.id)))
        }
        try await store.commit(writes, entries: [entry(decision, deliberation, change: change)])
        Failpoint.reach("decision")
        guard decision.verdict == .permit else { return try await status(of: change) }
        return try await execute(change, decision, submission, plan)
    }

    /// What the operation would do. Of a rollback it is known besides whether all is still as the change left it.
    func plan(_ submission: Submission, rollbackOf: String?) async throws -> Plan {
        let connector = try connector(submission.system)
        let plan = try await ask(connector) { try await $0.plan(submission.operation, submission.input) }
        guard let undone = rollbackOf, let change = try await store.change(undone) else { return plan }
        let seen = try await ask(connector) { try await $0.observe(change.plan, under: nil) }
        return seen.shows(change.plan.touched.map(\.after))
            ? plan : plan.obstructed(by: ConnectorError(.movedOn, "the values were changed since"))
    }

    /// Whom a workload may not see, it may not name: else it could tell the hidden from the absent. People are shown plans whole.
    private func namesTheHidden(_ deliberation: Deliberation) -> Bool {
        deliberation.submission.principal.isWorkload && !deliberation.plan.related.allSatisfy { deliberation.mayRead($0) }
    }

    /// Whether the requester may be told why it can't be done, though it could not do it at once: if it may read what it is
    /// about. To anybody else it looks like any other staged change; people see the obstacle.
    private func mayLearn(_ deliberation: Deliberation, _ catalogue: Catalogue) -> Bool {
        let plan = deliberation.plan
        let sensitivities = Set(plan.touched.map { $0.attribute == "member" ? .public : catalogue.sensitivity(of: $0.attribute) })
        return !plan.target.id.string.hasPrefix("new:") && deliberation.mayRead(plan.target, sensitivities.sorted())
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
            id: environment.id("chg"), state: .proposed,
            wait: decision.verdict == .permit ? .nothing : decision.verdict == .propose ? .adoption : .approval,
            submission: submission, plan: deliberation.plan,
            digest: deliberation.terms(owner: submission.principal.owner).digest, assessment: deliberation.assessment,
            created: now, expires: now.adding(seconds: environment.changeLife), rollbackOf: rollbackOf)
    }

    /// What the requester is told of a change.
    public func status(of change: Change) async throws -> Answer {
        switch change.state {
        case .proposed, .approved:
            let waits = change.wait == .adoption ? "until a person adopts it" : "for a person's approval"
            let message = change.wait == .nothing ? "Not carried out; ask again." : "Staged; it waits \(waits)."
            return Answer(.staged, "staged.\(change.wait.rawValue)", message, change: change.id)
        case .executing: return Answer(.staged, "executing", "It is being carried out.", change: change.id)
        case .executed, .rolledBack:
            let message = change.state == .executed ? "Carried out." : "Carried out, and rolled back since."
            return Answer(.done, change.state.rawValue, message, change: change.id, receipt: try await receipt(of: change))
        case .failed, .indeterminate, .expired, .withdrawn:
            let message =
                change.state == .indeterminate
                ? "It is not known whether it took effect; people were alerted." : "It was not carried out."
            return Answer(.failed, change.reason ?? change.state.rawValue, message, change: change.id)
        }
    }

    private func receipt(of change: Change) async throws -> JSONValue? {
        try await journal.receipt(ofEntry: "outcome-\(change.id)")
    }

    /// The change, when this principal asked for it; otherwise the same answer as for none.
    public func change(_ id: String, for principal: Principal) async throws -> Change {
        guard let change = try await store.change(id), change.requester == principal.uid else {
            throw Refusal(.changeNotFound, "There is no such change of yours.")
        }
        return change
    }

    /// Submits the stored inverse as a change of its own, unless the touched values have moved on.
    public func rollback(
        _ change: Change, by principal: Principal, task: Task, evidence: Evidence, key: String? = nil, door: String
    ) async throws
        -> Answer
    {
        guard let inverse = change.plan.inverse else { throw impossible(change) }
        let request = Request(
            principal: principal, task: task, system: change.system, operation: inverse.operation, input: inverse.input,
            evidence: evidence, idempotencyKey: key, door: door)
        let operation = try operation(inverse.operation, of: change.system)
        let input = try Input(inverse.input, for: operation)
        if let known = try await replay(request, input, rollbackOf: change.id) { return known }
        guard change.state == .executed else { throw impossible(change) }
        try await requireShallow(change)
        return try await submit(request, rollbackOf: change.id)
    }

    /// Rollbacks of rollbacks end somewhere: what becomes of all before is settled with each.
    private func requireShallow(_ change: Change) async throws {
        var (next, depth) = (change.rollbackOf, 0)
        while let id = next, depth <= 16 { (next, depth) = (try await store.change(id)?.rollbackOf, depth + 1) }
        guard depth <= 16 else {
            throw Refusal(.rollbackTooDeep, "This undoes what undid what undid something, and so on: ask for the change anew.")
        }
    }

    private func impossible(_ change: Change) -> Refusal {
        Refusal(
            .rollbackImpossible,
            "This change can't be rolled back: it is \(change.state.rawValue) and \(change.plan.reversibility.rawValue).")
    }
}

extension Observation {
    /// Whether the touched values are these now, in order. Values that can't be read back don't count.
    func shows(_ values: [[String]]) -> Bool {
        touched.count == values.count && zip(touched, values).allSatisfy { $0.after == $1 }
    }
}
