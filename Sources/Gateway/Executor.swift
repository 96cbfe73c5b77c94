import Authority
import Logging
import StrictJSON
import Synchronization

extension Gateway {
    /// Carries out a permitted change: intent, lease, apply, read back, revoke, outcome, in this order, each
    /// durable before the next. Whatever is cut short here is settled by ``reconcile()``.
    func execute(_ change: Change, _ decision: Decision, _ submission: Submission, _ plan: Plan)
        async throws -> Answer
    {
        let connector = try connector(change.system)
        let staged = change
        var change = change
        change.plan = plan
        let intent = LogEntry(
            .actions, id: "intent-\(change.id)", kind: "intent", time: now,
            links: ["change": change.id, "request": submission.id],
            body: [
                "digest": .string(change.digest.hex), "policies": .string(policies.digest.hex),
                "operation": .string(change.operation), "input": change.input,
                "plan": plan.json,
            ])
        let grant: Grant
        do {
            grant = try await decision.grant(
                for: change, submission: submission, plan: plan, policies: policies, now: now, entry: intent, ledger: store,
                reach: reach, lease: { connector.reference(for: change.id, id: environment.id("lease"), expires: $0) })
        } catch let refusal as GrantRefusal {
            return try await stop(staged, refusal)
        } catch let error as StoreError where error.code == .conflict {
            // Refused, or carried out by somebody else, since it was decided.
            return try await status(of: stored(change))
        }
        Failpoint.reach("intent")
        let reference = grant.lease
        let result = await perform(grant, connector, reference) {
            try await self.requireOpen(change.task)
            _ = try await self.checkLocks(submission.principal, change.task, writing: change.system, change.operation, plan)
        }
        Failpoint.reach("applied")
        let executing = try change.after(.began)
        switch result {
        case .applied, .refused, .stopped: return try await settle(executing, plan, connector, reference, result)
        case .unknown: return try await settleLater(executing)
        }
    }

    /// Leaves a change to be settled by reading, its lease ended first, as after a crash: the caller has waited long enough.
    private func settleLater(_ executing: Change) async throws -> Answer {
        _ = Running.task { await self.reconciled(executing) }
        return try await status(of: executing)
    }

    /// What came of trying.
    enum Attempt {
        case applied(Disclosure?)
        /// The backend said no: nothing was changed.
        case refused(ConnectorError)
        /// A lock or the end of the task came between; nothing was applied.
        case stopped(code: String)
        /// No answer: it may have been applied.
        case unknown(String)
    }

    /// - Parameter check: throws when a lock or the task's end stands in the way. Asked once the lease is there: what came before
    ///   that is seen here, and what comes later finds the lease and ends it.
    private func perform(
        _ grant: borrowing Grant, _ connector: any Connector, _ reference: LeaseReference,
        unlessStopped check: () async throws -> Void
    ) async -> Attempt {
        var lease: (any Lease)?
        do {
            lease = try await connector.lease(grant, as: reference)
            Failpoint.reach("leased")
            guard let lease else { return .unknown("no lease") }
            do { try await check() } catch { return .stopped(code: ((error as? Refusal)?.code ?? .locked).rawValue) }
            return .applied(try await connector.apply(grant, with: lease))
        } catch {
            environment.log.warning("\(error)", metadata: ["change": "\(grant.change)"])
            // Without a lease nothing can have been applied.
            return error.code == .unavailable && lease != nil ? .unknown(error.message) : .refused(error)
        }
    }

    /// Reads back, ends the lease and makes the outcome durable.
    func settle(_ change: Change, _ plan: Plan, _ connector: any Connector, _ lease: LeaseReference, _ attempt: Attempt)
        async throws -> Answer
    {
        if case .applied(let disclosure?) = attempt { disclosures.withLock { $0[change.id] = disclosure } }
        let isRefused =
            switch attempt {
            case .refused, .stopped: true
            case .applied, .unknown: false
            }
        let seen =
            isRefused ? nil : try? await ask(connector, isOwn: true) { try await $0.observe(plan, under: lease) }
        Failpoint.reach("observed")
        guard seen != nil || isRefused else { return try await settleLater(change) }
        let isUnreachable = if case .refused(let error) = attempt { error.code == .unavailable } else { false }
        // What can't be reached now is left to the sweep.
        let isGone = isUnreachable ? false : await revoke(lease)
        Failpoint.reach("revoked")
        let event = Self.event(attempt, plan, seen)
        let settled = try change.after(event)
        var writes = [Write.updateChange(settled, from: change)]
        if isGone { writes.append(.endLease(lease.id, at: now)) }
        if settled.state == .executed { writes += try await rolledBack(by: change) }
        let positions = try await store.commit(writes, entries: outcome(settled, lease, seen))
        await noteOutcome(settled)
        Failpoint.reach("outcome")
        if settled.state == .indeterminate {
            await alarm("a change's effect is not known", change: settled, ["code": .string(settled.reason ?? "")])
        }
        environment.log.info("change \(settled.state.rawValue)", metadata: ["change": "\(change.id)", "log": "\(positions)"])
        return try await status(of: settled)
    }

    /// Judges by what the backend shows now. After an attempt of our own that was acknowledged, the values must be
    /// those planned; without an acknowledgement they must also be attributable to our lease.
    static func event(_ attempt: Attempt, _ plan: Plan, _ seen: Observation?) -> ChangeEvent {
        if case .refused(let error) = attempt { return .failed(error.code.rawValue) }
        if case .stopped(let code) = attempt { return .failed(code) }
        guard let seen else { return .lost("readback.unavailable") }
        let isDone = seen.shows(plan.touched.map(\.after))
        switch attempt {
        case .applied: return isDone ? .succeeded : .lost("readback.mismatch")
        default:
            if isDone, seen.isOurs == true { return .succeeded }
            if seen.shows(plan.touched.map(\.before)), seen.isOurs != true { return .failed("not_applied") }
            return .lost("not_attributable")
        }
    }

    /// What becomes of the change that was rolled back, of the one that it had itself rolled back, and so on: each second one is
    /// in force again.
    func rolledBack(by change: Change) async throws -> [Write] {
        var writes: [Write] = []
        var (next, isUndone) = (change.rollbackOf, true)
        while let id = next, let earlier = try await store.change(id), earlier.state == (isUndone ? .executed : .rolledBack) {
            writes.append(.updateChange(try earlier.after(isUndone ? .undone : .reinstated), from: earlier))
            (next, isUndone) = (earlier.rollbackOf, !isUndone)
        }
        return writes
    }

    /// How a change ended. The outcome is what its requester gets as a receipt, and says no more than they are told; what was
    /// touched, by which account, and what was seen afterwards stand in an entry of their own.
    ///
    /// - Parameter hadIntent: whether it got as far as an intent, which the outcome then links to.
    func outcome(_ change: Change, _ lease: LeaseReference? = nil, _ seen: Observation? = nil, hadIntent: Bool = true)
        -> [LogEntry]
    {
        var body: JSONValue = [
            "state": .string(change.state.rawValue), "change": .string(change.id), "terms": .string(change.digest.hex),
            "system": .string(change.system), "operation": .string(change.operation),
        ]
        body.add("reason", change.reason.map(JSONValue.string))
        var links = ["change": change.id, "request": change.request]
        if hadIntent { links["intent"] = "intent-\(change.id)" }
        guard hadIntent else { return [outcome(change, links, body)] }
        links["effect"] = "effect-\(change.id)"
        var details: JSONValue = ["objects": .array(change.plan.touched.map(\.json))]
        details.add("lease", lease.map { .string($0.account) })
        details.add("seen", seen.map { .array($0.touched.map { .array($0.after.map(JSONValue.string)) }) })
        let effect = LogEntry(
            .actions, id: "effect-\(change.id)", kind: "effect", time: now,
            links: ["change": change.id, "intent": "intent-\(change.id)"], body: details)
        return [effect, outcome(change, links, body)]
    }

    private func outcome(_ change: Change, _ links: [String: String], _ body: JSONValue) -> LogEntry {
        LogEntry(.actions, id: "outcome-\(change.id)", kind: "outcome", time: now, links: links, body: body)
    }

    /// A grant was refused: the world moved between decision and execution. The change ends; a new request is decided anew.
    private func stop(_ change: Change, _ refusal: GrantRefusal) async throws -> Answer {
        guard refusal != .alreadyGranted else { return try await status(of: store.change(change.id) ?? change) }
        let code = refusal == .digestMismatch ? "change.altered" : "decision.stale"
        let stopped = try change.after(.failed(code))
        try await store.commit(
            [.updateChange(stopped, from: change)], entries: outcome(stopped, hadIntent: false))
        return try await status(of: stopped)
    }
}
