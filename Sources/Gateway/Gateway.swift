import Logging
public import Authority

/// The gateway, room by room: in ``submissions`` requests become decisions, in ``approvals`` people's words are counted, in
/// ``execution`` what was granted is done and settled; ``locks``, ``tasks``, ``reachWatch`` and ``desk`` are what their names say.
public final class Gateway: Sendable {
    let core: Core
    public let rights: Rights
    public let locks: Locks
    public let tasks: Tasks
    public let reachWatch: ReachWatch
    public let execution: Execution
    public let submissions: Submissions
    public let approvals: Approvals
    public let desk: Desk
    public let queue: Queue
    let claims: Claims
    public let strangers: StrangerLog
    let leases: Leases

    /// - Throws: ``Refusal`` for a system whose catalogue contradicts itself, or has an operation that declares no effects.
    public init(
        environment: GatewayEnvironment, store: WitnessedStore, sealer: Sealer, principals: any Principals,
        connectors: [any Connector], policies: PolicyBundle, reach: ReachKeeper, copies: any WorkingCopies
    ) throws {
        for connector in connectors {
            if let contradiction = connector.catalogue.contradictions.first {
                throw Refusal(
                    .catalogueContradiction, "The catalogue of \(connector.system) contradicts itself: \(contradiction).")
            }
            guard let operation = connector.catalogue.undeclared.first else { continue }
            throw Refusal(
                .catalogueNoEffects,
                "The operation `\(operation)` of \(connector.system) declares no effects, so nobody can tell what it makes possible."
            )
        }
        if let conflict = Catalogue.conflict(among: connectors.map(\.catalogue)) {
            throw Refusal(.catalogueContradiction, "The catalogues don't go together: \(conflict).")
        }
        for connector in connectors { reach.learn(connector.catalogue, of: connector.system) }
        core = Core(environment, store, sealer, principals, connectors, policies, reach)
        strangers = StrangerLog(log: environment.log, now: environment.now)
        leases = Leases(core: core)
        rights = Rights(core: core)
        locks = Locks(core, leases, rights)
        tasks = Tasks(core: core, leases: leases)
        reachWatch = ReachWatch(core: core, locks: locks)
        let deliberations = Deliberations(core: core, tasks: tasks, locks: locks)
        execution = Execution(core, leases, locks, tasks, reachWatch)
        approvals = Approvals(core, deliberations, locks, execution)
        claims = Claims(core, copies, showsPrompts: environment.showsPrompts)
        queue = Queue(core, approvals, tasks, rights)
        submissions = Submissions(core, deliberations, locks, execution, approvals, queue, claims)
        desk = Desk(
            core: core, deliberations: deliberations, execution: execution, approvals: approvals, locks: locks, claims: claims)
    }

    public var environment: GatewayEnvironment { core.environment }
    public var journal: Journal { core.journal }
    public var reach: ReachKeeper { core.reach }
    public var policies: PolicyBundle { core.policies }
    public var systems: [(name: String, catalogue: Catalogue)] { core.systems }
    /// The operations that can't be carried out now, by their systems.
    public var outOfService: [String: Set<String>] {
        core.systems.reduce(into: [:]) { all, system in
            if let connector = try? core.connector(system.name) { all[system.name] = Set(connector.outOfService.keys) }
        }
    }

    /// Makes the policies durable in the decisions log and decides with them from now on. What was decided before, and is
    /// not yet granted, is decided anew: the epoch that its grant would need is past. What waits is examined by ``Queue/beginExamining()``.
    public func adopt(_ bundle: PolicyBundle) async throws {
        let entries = [
            core.entry(.registry(core.principals.record)), core.entry(.policies(PoliciesRecord(bundle))),
        ]
        // What either set reads is protected until the new one is in force: a failure leaves too much protected, never too little.
        try reachWatch.protectAttributes(read: [policies, bundle])
        try await core.store.commit([.voidDecisions(policies: bundle.digest)], entries: entries)
        core.use(StandingFacts(bundle, core.principals.people))
        do { try reachWatch.protectAttributes(read: [bundle]) } catch {
            core.log.error("attributes that only the former policies read stay protected: \(error)")
        }
    }

    /// Settles what an earlier run left: every intent without an outcome, by reading the target, and every lease
    /// not known to have ended. Nothing is applied again. What can't be settled now is tried again by ``sweep()``.
    ///
    /// - Returns: the changes settled, with their new states.
    @discardableResult
    public func reconcile() async throws -> [Change] {
        let settled = try await execution.reconcile()
        await sweep()
        return settled
    }

    /// What is done every few seconds: whatever could not be stored, ended or settled before is tried again.
    public func sweep() async {
        strangers.flush()
        await locks.storeHeld()
        await approvals.storeRefusals()
        await execution.expire()
        await execution.settleOverdue()
        execution.forgetDisclosures()
        claims.sweep()
        core.store.forgetTasks()
        queue.beginExaminingLeft()
        await leases.sweep()
    }

    /// Holds everything in the store against what the gateway wrote, while it goes on; what is not that ends the process.
    ///
    /// - Parameter pause: called after each page.
    /// - Throws: `StoreError` `altered` with what was found.
    public func checkStore(pause: () async throws -> Void) async throws -> StoreCheck {
        try await core.store.checkEverything(pause: pause)
    }

    /// Leaves the store so that the next start has little to read, and a copy of its file is whole. Nothing is asked for any more.
    ///
    /// - Throws: ``StoreError``: nothing is lost by that.
    public func close() async throws { try await core.store.close() }
}
