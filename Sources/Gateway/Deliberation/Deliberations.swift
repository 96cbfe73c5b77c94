import Authority
import Cedar
import Logging
import Reach
import StrictJSON

/// The one way from a submission, or from a stored change, to a ``Deliberation``.
struct Deliberations: Sendable {
    let core: Core
    let tasks: Tasks
    let locks: Locks

    // MARK: From a submission

    /// Takes a write as far as a decision can be made on it: its graph is fresh, it is planned, and what it makes possible is known.
    ///
    /// - Parameter epoch: the locks', as of when they were checked.
    /// - Throws: ``Refusal`` when it can't be assessed; `ConnectorError` when it can't be planned.
    func onWrite(_ submission: Submission, rollbackOf: String?, locks epoch: Int64) async throws -> Deliberation {
        let plan = try await prepare(submission, rollbackOf: rollbackOf)
        // A person may undo what was done though it is locked: policy sees that, and people sign it.
        let isUndo = rollbackOf != nil && !submission.principal.isWorkload
        return try deliberate(submission, plan, epoch, under: isUndo ? inTheWay(of: submission, plan) : [])
    }

    /// On reading what these facts are about.
    func onRead(
        _ submission: Submission, _ resource: EntityUID, _ facts: [Entity], _ catalogue: Catalogue, locks epoch: Int64,
        definition: Digest, by standing: StandingFacts
    ) -> Deliberation {
        let plan = Plan(
            target: resource, targetName: "", touched: [], inverse: nil, reversibility: .reversible, precondition: .none,
            version: "", facts: facts)
        return Deliberation(
            submission, plan, reach: .none, definition: definition, question: question(submission, plan, catalogue: catalogue),
            standing: standing, epoch: epoch, catalogue: catalogue)
    }

    // MARK: From a stored change

    /// The change as it would be asked now: its requester as registered today, its plan made anew.
    ///
    /// - Parameters:
    ///   - open: whether its task must not have been ended.
    ///   - isAssessed: false for what is done already and makes nothing possible any more.
    ///   - epoch: the locks', when it is to be granted.
    func on(
        _ change: Change, open: Bool = true, isAssessed: Bool = true, locks epoch: Int64 = 0
    ) async throws -> Deliberation {
        let submission = try await submission(of: change, open: open)
        let plan: Plan
        do { plan = try await prepare(submission, rollbackOf: change.rollbackOf, mustBeFresh: isAssessed) } catch let error
            as ConnectorError
        {
            throw Refusal(.init(error.code), "The change can't be planned now: \(error.message)")
        }
        let under = change.locks.isEmpty ? [] : inTheWay(of: submission, plan)
        return try deliberate(submission, plan, epoch, under: under, on: change, isAssessed: isAssessed)
    }

    /// Whether the policies in force let the person approve what was decided on then, by the facts of then: its change can't be
    /// read or planned now.
    func mayApprove(_ person: Person, by record: DecisionRecord) throws -> Bool {
        let standing = core.standing
        return Decider(try record.question(), with: standing, epochs: Epochs(policies: standing.policies.digest, locks: 0))
            .mayApprove(person.id)
    }

    private func submission(of change: Change, open: Bool) async throws -> Submission {
        let id = change.adopter.map(PrincipalID.person) ?? change.requester
        guard let principal = core.principals.principal(id, at: core.now) else {
            throw Refusal(.changeOrphaned, "Who asked for this change is no longer registered, owned or within its term.")
        }
        if open { try await tasks.requireOpen(change.task) }
        let operation = try core.operation(change.operation, of: change.system)
        return Submission(
            id: change.request, principal: principal, task: change.task, system: change.system,
            catalogue: try core.connector(change.system).catalogue, operation: operation,
            input: try Input(change.input, for: operation, at: "/input"))
    }

    // MARK: The parts

    /// The locks that an undo may be done under.
    private func inTheWay(of submission: Submission, _ plan: Plan) -> [Lock] {
        locks.inTheWay(of: submission, plan).filter(\.canBeUndoneUnder)
    }

    /// Takes a write to its plan, in one order: its graph is fresh, asked before its target is looked at, or the answer would tell
    /// whether that is there; it is planned; its facts are not too many.
    ///
    /// - Parameter mustBeFresh: false for what is done already.
    private func prepare(_ submission: Submission, rollbackOf: String?, mustBeFresh: Bool = true) async throws -> Plan {
        if mustBeFresh { try core.reach.requireFresh(submission.system) }
        let plan = try await plan(submission, rollbackOf: rollbackOf)
        Failpoint.reach("plan")
        try requireBounded(plan.facts)
        return plan
    }

    /// What the operation would do. Of a rollback it is known besides whether all is still as the change left it.
    private func plan(_ submission: Submission, rollbackOf: String?) async throws -> Plan {
        let connector = try core.connector(submission.system)
        let plan = try await core.ask(connector) { try await $0.plan(submission.operation, submission.input) }
        guard let undone = rollbackOf, let change = try await core.store.change(undone) else { return plan }
        guard change.state == .executed else {
            return plan.obstructed(by: ConnectorError(.movedOn, "what it undoes is not in force any more"))
        }
        let seen = try await core.ask(connector) { try await $0.observe(change.plan, under: nil) }
        return seen.shows(change.plan.touched.map(\.after))
            ? plan : plan.obstructed(by: ConnectorError(.movedOn, "the values were changed since"))
    }

    /// Facts on one target beyond this are not decided on: the entry of a decision would have parts, and their number would
    /// tell a hidden target from none.
    private static let largestFacts = 704 << 10

    /// - Throws: `ConnectorError` `invalid`, which is answered as for no target.
    func requireBounded(_ facts: [Entity]) throws {
        let size = facts.reduce(0) { $0 + JSONWriter.canonical($1.json).count }
        guard size <= Self.largestFacts else {
            throw ConnectorError(
                .invalid, "the target's facts have \(size) bytes, more than \(Self.largestFacts): it is in too many groups")
        }
    }

    /// What a plan comes to, as things stand now.
    ///
    /// - Parameters:
    ///   - under: the locks that stand in its way and don't stop it.
    ///   - change: what was staged of it, when something was: whoever is on its side has no say.
    /// - Throws: ``Refusal`` when it can't be assessed, or would lock everybody out. A workload is not told of that: to it, it is
    ///   one denial like others.
    private func deliberate(
        _ submission: Submission, _ plan: Plan, _ epoch: Int64, under: [Lock], on change: Change? = nil,
        isAssessed: Bool = true
    ) throws -> Deliberation {
        let standing = core.standing
        var (finding, locksOut) = (ReachFinding.none, false)
        if isAssessed {
            do { finding = try assess(submission, plan) } catch let refusal as Refusal
                where refusal.code == .reachLockout && submission.principal.isWorkload && change == nil
            { locksOut = true }
        }
        let catalogue = try core.connector(submission.system).catalogue
        let also = change.map { parties(of: $0) } ?? []
        let question = question(
            submission, plan, reach: finding, catalogue: catalogue, isLocked: !under.isEmpty, also: also)
        return Deliberation(
            submission, plan, reach: finding, locksOut: locksOut,
            definition: try core.definition(of: submission.operation, on: submission.system),
            locks: under.map(\.identity).sorted(),
            question: question, standing: standing, epoch: epoch, catalogue: catalogue)
    }

    /// What a plan would newly make possible, on the graph as it stands with every step granted so far.
    ///
    /// - Throws: ``Refusal`` when that can't be told, when the plan goes beyond what its operation declares, or when it would
    ///   lock everybody out.
    private func assess(_ submission: Submission, _ plan: Plan) throws -> ReachFinding {
        let (catalogue, system) = (submission.catalogue, submission.system)
        let footprint = Footprint(
            of: submission.operation, in: catalogue, on: system, plan.ends(in: catalogue, on: system, submission.input))
        let isWithin = footprint.isWithin(Footprint(of: submission.operation, in: catalogue, on: system))
        guard footprint.isResolved, isWithin, footprint.allows(plan, in: catalogue) else {
            core.log.critical("a plan goes beyond its operation", metadata: ["operation": "\(submission.operation.name)"])
            throw Refusal(.planUndeclared, "The operation would do more than it declares; nothing was changed.")
        }
        try core.reach.meet(plan.nodes(in: system, catalogue), of: system)
        let touched = ([plan.target] + plan.related).compactMap { catalogue.node($0, in: system)?.text }
        let unknown = try core.reach.see(
            plan.surroundings.union(plan.memberships(in: system, catalogue)), on: touched, of: system)
        if !unknown.isEmpty {
            core.note("facts that no reading had", ["system": submission.system, "facts": "\(unknown.map(\.json))"])
        }
        let step = plan.step(of: submission)
        let lost = try core.reach.lockouts(step)
        guard lost.isEmpty else {
            core.note(
                "refused: it would lock everybody out", ["targets": lost.joined(separator: ", "), "request": submission.id])
            throw Refusal(.reachLockout, "Nobody would be left to look after something protected; nothing was changed.")
        }
        return try core.reach.assess(step)
    }

    /// What an operation would newly make possible, were somebody to carry it out. Nothing is decided.
    func whatIf(_ submission: Submission) async throws -> (finding: ReachFinding, plan: Plan) {
        let plan = try await prepare(submission, rollbackOf: nil)
        return (try assess(submission, plan), plan)
    }

    /// The question of a submission, before any approvals.
    private func question(
        _ submission: Submission, _ plan: Plan, reach: ReachFinding = .none, catalogue: Catalogue, isLocked: Bool = false,
        also excluded: [String] = []
    ) -> Question {
        let own = [submission.principal.id, submission.task.delegator, submission.principal.owner].compactMap { $0 }
        return Question(
            submission, plan, reach: reach, catalogue: catalogue, now: core.now, environment: core.environment.environment,
            lease: core.credential(of: submission.system), isUnread: !core.isReadWhole(submission.system), isLocked: isLocked,
            approvals: [], people: core.principals.people.digest,
            excluded: Set((own + excluded).flatMap(core.principals.aliases(of:))))
    }

    /// The people on the change's side: who asked, who answered for the workload then and who does now, whom it acts for, who
    /// made it their own.
    func parties(of change: Change) -> [String] {
        [
            change.requester.person, change.adopter, change.task.delegator, change.owner,
            core.principals.owner(of: change.requester),
        ].compactMap { $0 }
    }
}

extension Observation {
    /// Whether the touched values are these now, in order. Values that can't be read back don't count.
    func shows(_ values: [[String]]) -> Bool {
        touched.count == values.count && zip(touched, values).allSatisfy { $0.after == $1 }
    }
}
