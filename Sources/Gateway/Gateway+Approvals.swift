public import Authority
import Cedar
import StrictJSON

extension Gateway {
    /// Takes a person's signed statement on a change. On approval everything is decided again, on fresh facts, and
    /// carried out when that permits it.
    ///
    /// - Parameter proof: the statement with its signature, which has been verified as the person's.
    public func record(_ proof: SignedApproval, by person: Person) async throws -> Change {
        let statement = proof.statement
        guard let change = try await store.change(statement.change) else {
            throw Refusal("change.not_found", "There is no such change.")
        }
        if let problem = statement.problem(for: change, by: person, at: environment.id, now: now) {
            throw Refusal(problem, "The signed statement does not hold for this change; show the change again and sign anew.")
        }
        guard change.state == .proposed, change.expires > now else {
            throw Refusal("change.closed", "The change is \(change.state.rawValue) and takes no approvals.")
        }
        try await requireStanding(of: person, for: change)
        let entry = LogEntry(
            .requests, id: environment.id("apr"), kind: "approval", time: now,
            links: ["change": change.id, "request": change.request],
            body: proof.json)
        var writes = [Write.insertApproval(proof)]
        if statement.verdict == .refuse { writes.append(.updateChange(try change.after(.refused), from: .proposed)) }
        let used = Refusal("approval.used", "You have spoken on this change already, or the statement was used before.")
        do { try await store.commit(writes, entries: [entry]) } catch let error as StoreError where error.code == .conflict {
            // What stood in the way of an earlier word of theirs may be gone; it counts once all the same.
            guard try await hasApproved(person, change) else { throw used }
            let again = try await reconsider(change)
            guard again.state != .proposed else { throw used }
            return again
        }
        guard statement.verdict == .approve else { return try await stored(change) }
        return try await reconsider(change)
    }

    /// Whether this person may speak on this change at all, by policy and by not being on its side. A lock stops this too:
    /// a word given now would be used up for nothing.
    private func requireStanding(of person: Person, for change: Change) async throws {
        let (submission, plan) = try await fresh(change)
        _ = try await checkLocks(submission.principal, change.task, writing: change.system)
        let question = question(
            submission, plan, reach: try assess(submission, plan), catalogue: try connector(change.system).catalogue,
            approvals: [],
            also: parties(of: change))
        let bundle = policies
        let locks = try await store.locks().epoch
        guard question.candidates.contains(where: { $0.id == person.id }),
            Decider(question, with: bundle, epochs: Epochs(policies: bundle.digest, locks: locks)).mayApprove(person.id)
        else {
            throw Refusal(
                "approval.not_eligible", "You can't approve this change: it is yours, or policy gives you no say in it.")
        }
    }

    /// The people on the change's side besides its requester's owner and delegator.
    private func parties(of change: Change) -> [String] {
        let requester = principals.principal(change.requester, at: now)
        let owner: String? = if case .workload(let workload)? = requester { workload.owner } else { requester?.id }
        return [change.adopter, change.task.delegator, owner].compactMap { $0 }
    }

    /// Decides the change again on what is true now, with the approvals it has, and carries it out when permitted.
    func reconsider(_ change: Change) async throws -> Change {
        let (submission, plan) = try await fresh(change)
        let epoch = try await checkLocks(submission.principal, change.task, writing: change.system)
        let bundle = policies
        let finding = try assess(submission, plan)
        guard plan.obstacle == nil, Terms(submission, plan, policies: bundle).digest == change.digest,
            Terms(submission, change.plan, policies: bundle).digest == change.digest, plan.native == change.plan.native,
            Assessment(plan, submission.operation, reach: finding).isCovered(by: change.shown)
        else { return try await void(change, "change.altered") }
        let facts = try await approvalFacts(change)
        let catalogue = try connector(change.system).catalogue
        let question = question(
            submission, plan, reach: finding, catalogue: catalogue, approvals: facts, also: parties(of: change))
        let decision = decide(
            question, with: bundle, epochs: Epochs(policies: bundle.digest, locks: epoch, reach: finding.digest))
        let entry = entry(decision, question, submission, change: change.id)
        switch decision.verdict {
        case .permit:
            let approved = try change.after(.approvedEnough)
            do { try await store.commit([.updateChange(approved, from: .proposed)], entries: [entry]) } catch let error
                as StoreError
                where error.code == .conflict
            {
                // Another approval of the same moment was first to carry it out.
                return try await stored(change)
            }
            Failpoint.reach("approved")
            _ = try await execute(approved, decision, submission, plan)
        case .needsApproval, .propose: try await store.commit([], entries: [entry])
        case .deny: return try await void(change, "denied", also: entry)
        }
        return try await stored(change)
    }

    /// The change as it would be asked now: its requester as registered today, its plan made anew.
    ///
    /// - Parameter open: whether its task must not have been ended.
    func fresh(_ change: Change, open: Bool = true) async throws -> (Submission, Plan) {
        let uid = change.adopter.map(EntityUID.person) ?? change.requester
        guard let principal = principals.principal(uid, at: now) else {
            throw Refusal("change.orphaned", "Who asked for this change is no longer registered, owned or within its term.")
        }
        if open, let task = try await store.task(change.task.id), task.ended != nil {
            throw Refusal("task.ended", "The task this change belongs to was ended.")
        }
        let operation = try operation(change.operation, of: change.system)
        let input = try Input(change.input, for: operation, at: "/input")
        let submission = Submission(
            id: change.request, principal: principal, task: change.task, system: change.system, operation: operation, input: input
        )
        let connector = try connector(change.system)
        do {
            return (submission, try await withDeadline(environment.deadline) { try await connector.plan(operation, input) })
        } catch let error as ConnectorError {
            throw Refusal(error.code.rawValue, "The change can't be planned now: \(error.message)")
        }
    }

    private func hasApproved(_ person: Person, _ change: Change) async throws -> Bool {
        try await store.approvals(of: change.id).contains {
            $0.statement.approver == person.id && $0.statement.verdict == .approve
        }
    }

    /// The approvals that hold: their signatures verified again, for this change and digest, one for each human.
    private func approvalFacts(_ change: Change) async throws -> [ApprovalFact] {
        var humans: Set<String> = []
        return try await store.approvals(of: change.id).compactMap { approval in
            let statement = approval.statement
            guard statement.change == change.id, statement.plan == change.digest, statement.gateway == environment.id,
                let fact = principals.fact(of: approval),
                humans.insert(principals.aliases(of: fact.person.id).min() ?? "").inserted
            else { return nil }
            return fact
        }
    }

    private func void(_ change: Change, _ code: String, also entry: LogEntry? = nil) async throws -> Change {
        let voided = try change.after(.withdrawn(code))
        let outcome = LogEntry(
            .actions, id: "outcome-\(change.id)", kind: "outcome", time: now,
            links: ["change": change.id, "request": change.request],
            body: ["state": "withdrawn", "reason": .string(code)])
        try await store.commit([.updateChange(voided, from: change.state)], entries: [entry, outcome].compactMap { $0 })
        note("a change was voided", ["change": change.id, "code": code])
        return voided
    }

    func stored(_ change: Change) async throws -> Change { try await store.change(change.id) ?? change }
}
