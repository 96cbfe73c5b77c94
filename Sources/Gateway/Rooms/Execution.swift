import Authority
import Logging
import StrictJSON
import Synchronization

/// Carries out what was granted, and settles whatever was cut short.
public final class Execution: Sendable {
    let core: Core
    let leases: Leases
    let locks: Locks
    private let tasks: Tasks
    let watch: ReachWatch
    /// Approved changes on their way to an intent.
    let underway = InFlight(limit: .max)
    /// Values shown once, by change; in memory only, and not for ever.
    private let disclosures = Mutex<[String: (value: Disclosure, made: Instant)]>([:])
    /// What systems answered to steps, likewise.
    private let answers = KeptAnswers()

    init(_ core: Core, _ leases: Leases, _ locks: Locks, _ tasks: Tasks, _ watch: ReachWatch) {
        self.core = core
        self.leases = leases
        self.locks = locks
        self.tasks = tasks
        self.watch = watch
    }

    /// Carries out a permitted change: intent, lease, apply, read back, revoke, outcome, in this order, each
    /// durable before the next. Whatever is cut short here is settled by ``reconcile()``.
    func execute(_ staged: Change, _ decision: Decision, _ deliberation: Deliberation) async throws -> Change {
        let (submission, plan) = (deliberation.submission, deliberation.plan)
        let connector = try core.connector(staged.system)
        var change = staged
        change.plan = plan
        let policies = core.policies
        let intent = core.entry(
            .intent(IntentRecord(change, plan, policies: policies.digest)), id: "intent-\(change.id)",
            links: ["change": change.id, "request": submission.id])
        let grant: Grant
        do {
            grant = try await decision.grant(
                for: change, submission: submission, plan: plan, definition: deliberation.definition, policies: policies,
                now: core.now, entry: intent, ledger: core.store, reach: core.reach,
                lease: { connector.reference(for: change.id, id: core.environment.id("lease"), expires: $0) })
        } catch let refusal as GrantRefusal {
            return try await stop(staged, refusal)
        } catch let error as StoreError where error.code == .conflict {
            // Refused, or carried out by somebody else, since it was decided.
            return try await core.stored(change)
        }
        Failpoint.reach("intent")
        let reference = grant.lease
        let result = await perform(grant, connector, reference) {
            try await self.tasks.requireOpen(change.task)
            try await self.locks.check(change, deliberation)
        }
        Failpoint.reach("applied")
        let executing = try change.after(.began)
        switch result {
        case .applied, .refused, .stopped:
            return try await settle(
                executing, plan, connector, reference, result, isAnswered: isAnswered(executing, deliberation))
        case .unknown: return settleLater(executing)
        }
    }

    /// Whether who asked gets to see what the system answered: where they may read that much of what it is about. What a person
    /// made their own is that person's.
    private func isAnswered(_ change: Change, _ deliberation: Deliberation) -> Bool {
        guard change.adopter == nil else { return false }
        let target = deliberation.plan.target
        let isSystem = target == .system(change.system)
        return isSystem || deliberation.mayRead(target, [deliberation.submission.operation.sensitivity])
    }

    /// Leaves a change to be settled by reading, its lease ended first, as after a crash: the caller has waited long enough.
    private func settleLater(_ executing: Change) -> Change {
        _ = Running.task { await self.reconciled(executing) }
        return executing
    }

    /// Has an approved change carried out; until it has its intent it is not taken for one that was cut short.
    ///
    /// - Parameter approve: makes it durable that it is approved.
    func run(
        _ approved: Change, _ decision: Decision, _ deliberation: Deliberation, approve: () async throws -> Void
    ) async throws {
        _ = underway.enter(approved.id)
        defer { underway.leave(approved.id) }
        try await approve()
        Failpoint.reach("approved")
        _ = try await execute(approved, decision, deliberation)
    }

    /// Whether a value waits to be shown.
    func hasDisclosure(of change: String) -> Bool { disclosures.withLock { $0[change] != nil } }

    /// The value that a change made, once.
    func takeDisclosure(of change: String) -> Disclosure? { disclosures.withLock { $0.removeValue(forKey: change)?.value } }

    /// What the system answered to a change's step, as long as it is kept.
    func answer(to change: String) -> SystemDocument? { answers[change] }

    /// Forgets the values that nobody asked for as long as a change may wait.
    func forgetDisclosures() {
        answers.forget(before: core.now.adding(seconds: -core.environment.changeLife))
        disclosures.withLock { $0 = $0.filter { core.now < $0.value.made.adding(seconds: core.environment.changeLife) } }
    }

    /// What came of trying.
    enum Attempt {
        case applied(Applied)
        /// The backend said no: nothing was changed.
        case refused(ConnectorError)
        /// A lock or the end of the task came between, or that can't be told; nothing was applied.
        case stopped(code: String)
        /// No answer: it may have been applied.
        case unknown(String)

        /// Whether nothing was applied.
        var isWithoutEffect: Bool {
            switch self {
            case .refused, .stopped: true
            case .applied, .unknown: false
            }
        }
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
            do { try await check() } catch {
                core.log.warning("a step was stopped: \(error)", metadata: ["change": "\(grant.change)"])
                return .stopped(code: ((error as? Refusal)?.code ?? .systemUnavailable).rawValue)
            }
            return .applied(try await connector.apply(grant, with: lease))
        } catch {
            core.log.warning("\(error)", metadata: ["change": "\(grant.change)"])
            // Without a lease nothing can have been applied.
            return error.code == .unavailable && lease != nil ? .unknown(error.message) : .refused(error)
        }
    }

    /// Reads back, ends the lease and makes the outcome durable.
    private func settle(
        _ change: Change, _ plan: Plan, _ connector: any Connector, _ lease: LeaseReference, _ attempt: Attempt,
        isAnswered: Bool
    ) async throws -> Change {
        var answered: SystemDocument?
        if case .applied(let applied) = attempt {
            if let disclosure = applied.disclosure { disclosures.withLock { $0[change.id] = (disclosure, core.now) } }
            answered = isAnswered ? applied.answer : nil
        }
        if let answered { answers.keep(answered, of: change.id, at: core.now) }
        var seen: Observation?
        if !attempt.isWithoutEffect {
            do { seen = try await core.ask(connector, isOwn: true) { try await $0.observe(plan, under: lease) } } catch {
                core.log.warning("what was done can't be read back yet: \(error)", metadata: ["change": "\(change.id)"])
                return settleLater(change)
            }
        }
        Failpoint.reach("observed")
        let isUnreachable = if case .refused(let error) = attempt { error.code == .unavailable } else { false }
        // What can't be reached now is left to the sweep.
        let isGone = isUnreachable ? false : await leases.revoke(lease)
        Failpoint.reach("revoked")
        let settled = try change.after(Self.event(attempt, plan, seen))
        try await finish(
            settled, from: change, lease, seen, answered: answered.map { Digest(of: $0.json) },
            also: isGone ? [.endLease(lease.id, at: core.now)] : [])
        return settled
    }

    /// Makes the end of a change that had an intent durable, and tells of it.
    ///
    /// - Parameter answered: the digest of what the system answered, where the requester gets to see it.
    func finish(
        _ settled: Change, from change: Change, _ lease: LeaseReference?, _ seen: Observation?, answered: Digest? = nil,
        also writes: [Write] = []
    ) async throws {
        let answered = answered ?? answer(to: change.id).map { Digest(of: $0.json) }
        let undone = settled.state == .executed ? try await rolledBack(by: change) : []
        let positions = try await core.store.commit(
            [.updateChange(settled, from: change)] + writes + undone, entries: outcome(settled, lease, seen, answered))
        await watch.noteOutcome(settled)
        Failpoint.reach("outcome")
        if settled.state == .indeterminate {
            await core.alarm("a change's effect is not known", change: settled, ["code": .string(settled.reason ?? "")])
        }
        core.log.info("change \(settled.state.rawValue)", metadata: ["change": "\(change.id)", "log": "\(positions)"])
    }

    /// Judges by what the backend shows now. After an attempt of our own that was acknowledged, the values must be
    /// those planned; without an acknowledgement they must also be attributable to our lease.
    static func event(_ attempt: Attempt, _ plan: Plan, _ seen: Observation?) -> ChangeEvent {
        if case .refused(let error) = attempt { return .failed(error.code.rawValue) }
        if case .stopped(let code) = attempt { return .failed(code) }
        guard let seen else { return .lost("readback.unavailable", seen: nil) }
        let isDone = seen.shows(plan.touched.map(\.after))
        switch attempt {
        case .applied: return isDone ? .succeeded : .lost("readback.mismatch", seen: seen.words)
        default:
            // What the backend can't attribute, a person settles.
            guard seen.isAttributable else { return .lost("not_attributable", seen: seen.words) }
            if isDone, seen.isOurs == true { return .succeeded }
            if seen.shows(plan.touched.map(\.before)), seen.isOurs != true { return .failed("not_applied") }
            return .lost("not_attributable", seen: seen.words)
        }
    }

    /// What becomes of the change that was rolled back, of the one that it had itself rolled back, and so on: each second one is
    /// in force again.
    func rolledBack(by change: Change) async throws -> [Write] {
        var writes: [Write] = []
        var (next, isUndone) = (change.rollbackOf, true)
        while let id = next, let earlier = try await core.store.change(id),
            earlier.state == (isUndone ? .executed : .rolledBack)
        {
            writes.append(.updateChange(try earlier.after(isUndone ? .undone : .reinstated), from: earlier))
            (next, isUndone) = (earlier.rollbackOf, !isUndone)
        }
        return writes
    }

    /// The entries of how a change with an intent ended: what was touched, by which account, and what was seen afterwards stand
    /// in an entry of their own, for the outcome is its requester's receipt.
    private func outcome(_ change: Change, _ lease: LeaseReference?, _ seen: Observation?, _ answered: Digest?) -> [LogEntry] {
        let (intent, effect) = ("intent-\(change.id)", "effect-\(change.id)")
        return [
            core.entry(
                .effect(EffectRecord(change.plan, lease, seen, answered: answered)), id: effect,
                links: ["change": change.id, "intent": intent]),
            core.outcome(of: change, links: ["intent": intent, "effect": effect]),
        ]
    }

    /// A grant was refused: the world moved between decision and execution. The change waits again, with the approvals it has.
    private func stop(_ change: Change, _ refusal: GrantRefusal) async throws -> Change {
        switch refusal {
        case .alreadyGranted: return try await core.stored(change)
        case .digestMismatch: return try await core.void(change, .altered, "what was granted is not what was staged")
        case .stale, .expired, .notPermitted: return change.state == .approved ? try await giveBack(change) : change
        }
    }

    /// Lets an approved change that got no grant wait again.
    func giveBack(_ change: Change) async throws -> Change {
        do { try await tasks.requireOpen(change.task) } catch is Refusal {
            return try await core.void(change, .taskEnded, "the task that it belongs to was ended")
        }
        let returned = try change.after(.returned)
        do { try await core.store.commit([.updateChange(returned, from: change)], entries: []) } catch let error as StoreError
            where error.code == .conflict
        { return try await core.stored(change) }
        core.note("a change waits again: what it was decided on has changed", ["change": change.id])
        return returned
    }
}

extension Core {
    /// Ends a waiting change that nothing can permit any more.
    ///
    /// - Parameters:
    ///   - words: why, for people.
    ///   - decision: the entry of the decision that says so.
    func void(_ change: Change, _ reason: Change.VoidReason, _ words: String, by decision: LogEntry? = nil) async throws -> Change
    {
        let voided = try change.after(.voided(reason, because: words))
        do {
            try await store.commit(
                [.updateChange(voided, from: change)], entries: [decision].compactMap { $0 } + [outcome(of: voided)])
        } catch let error as StoreError where error.code == .conflict {
            // Somebody else's word of the same moment was first.
            return try await stored(change)
        }
        note("a change is void", ["change": change.id, "reason": reason.rawValue, "because": words])
        return voided
    }
}

extension Core {
    /// The entry of how a change ended.
    func outcome(of change: Change, links: [String: String] = [:]) -> LogEntry {
        entry(
            .outcome(OutcomeRecord(change)), id: "outcome-\(change.id)",
            links: links.merging(["change": change.id, "request": change.request]) { $1 })
    }
}

extension Observation {
    /// What was read, for a person who settles what came of a change.
    var words: String {
        let values = touched.map { value in
            "\(value.attribute) of \(value.name) is \(value.after.isEmpty ? "absent" : value.after.joined(separator: ", "))"
        }.joined(separator: "; ")
        return "read afterwards: " + String(Printable.text(values).prefix(1_000))
    }
}
