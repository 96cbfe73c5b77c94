public import Authority
import Cedar
import Logging
import Reach
import StrictJSON
import Synchronization

/// Keeps the graph current, and notices what nobody asked the gateway for.
public struct ReachWatch: Sendable {
    let core: Core
    let locks: Locks

    // MARK: Reading systems

    /// Reads a system's graph anew. What comes to its end replaces what was known; what is cut off changes nothing.
    ///
    /// - Parameter progress: called with the nodes and facts received so far.
    public func reread(_ system: String, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) async throws {
        let connector = try core.connector(system)
        let drift = try await core.reach.read(connector, progress: progress)
        if let drift, !drift.isEmpty { await report(drift) }
    }

    /// A backend change without an intent of ours (invariant 16).
    private func report(_ drift: Drift) async {
        core.log.critical(
            "\(drift.system) was changed by somebody else",
            metadata: [
                "problem": "\(drift.problem ?? "none")", "added": "\(drift.added.count)", "removed": "\(drift.removed.count)",
                "gained": "\(drift.finding.gains.count)",
            ])
        let record = DriftRecord(drift.system, added: drift.added, removed: drift.removed, reach: drift.finding)
        await core.record([core.entry(.drift(record))])
    }

    /// Takes up what an earlier run left: steps granted and not settled, and credentials chosen through the gateway. Before
    /// the first reading.
    public func resume() async throws {
        let resumed = core.store.takeResumed()
        let summary = resumed?.reach.flatMap(ReachSummary.init)
        let isRemembered = summary.map(core.reach.remember) ?? false
        if let resumed, let summary, isRemembered {
            try remember(try await core.store.changes(Set(resumed.changes + summary.pending).sorted()))
        } else {
            try await core.store.everyChange { try remember($0) }
        }
        for change in try await core.store.unsettled() {
            try core.reach.resume(change.id, on: change.system, try step(of: change))
            if change.state == .indeterminate { try core.reach.settle(change.id, .indeterminate) }
        }
        core.store.keep { [reach = core.reach] in reach.remembered.json }
        if !isRemembered { await core.store.snapshot() }
    }

    private func remember(_ changes: [Change]) throws {
        for change in changes where [.executed, .rolledBack].contains(change.state) { core.reach.remember(try step(of: change)) }
    }

    /// What a change did to the graph; all that its plan says, when its system is no longer configured.
    private func step(of change: Change) throws -> Step {
        guard let operation = try? core.operation(change.operation, of: change.system) else { return change.plan.step }
        let author = change.adopter.map(PrincipalID.person) ?? change.requester
        let isAgents = change.requester.isWorkload
        let input = try? Input(change.input, for: operation)
        return change.plan.step(
            of: operation, input, in: try core.connector(change.system).catalogue, on: change.system, by: author,
            isAgents: isAgents, for: change.task.delegator)
    }

    /// Attributes that loaded policies read are protected: who writes them writes what policy believes.
    func protectAttributes(read bundles: [PolicyBundle]) throws {
        try core.reach.protectAttributes(read: bundles, core.systems.map { ($0.name, $0.catalogue) })
    }

    /// What these policies alone would let workloads add up to, on the systems as they were read last.
    public func lookAhead(_ bundle: PolicyBundle) throws -> [(system: String, result: LookAhead)] {
        let environment = core.environment
        let workloads = core.principals.workloadIDs.compactMap {
            core.principals.principal(.workload($0), at: core.now)?.entity
        }
        let worlds = core.systems.compactMap { name, catalogue in
            core.reach.world(
                name, catalogue, workloads: workloads, purposes: environment.purposes, environment: environment.environment,
                tenant: environment.tenant, lease: core.credential(of: name), isUnread: !core.isReadWhole(name))
        }
        return try LookAhead.all(bundle, on: worlds)
    }

    // MARK: After a step

    /// Tells the graph what became of a change, and compares what the backend shows with what was declared.
    func noteOutcome(_ change: Change) async {
        do {
            try core.reach.settle(change.id, change.state)
            guard change.state == .executed else { return }
            let connector = try core.connector(change.system)
            let seen = try await core.ask(connector, isOwn: true) { try await $0.surroundings(of: change.plan) }
            let undeclared = try core.reach.compare(change.plan, with: seen, on: change.system)
            if !undeclared.isEmpty { try await judge(undeclared, after: change, connector) }
        } catch {
            core.log.error(
                "the graph could not be brought up to date", metadata: ["change": "\(change.id)", "error": "\(error)"])
        }
    }

    /// More came about than the operation declares. What somebody else is known to have written meanwhile is drift. The rest may
    /// be the operation's own doing: nobody repeats it on that target before a person has looked, and nothing more is written to
    /// the system when it makes something protected takeable.
    private func judge(_ undeclared: Step, after change: Change, _ connector: any Connector) async throws {
        let places = Set((undeclared.adds + undeclared.removes).compactMap(core.reach.place))
        var foreign: Set<NodeID> = []
        do { foreign = try await core.ask(connector, isOwn: true) { try await $0.writtenByOthers(places) } } catch {
            core.log.warning(
                "who wrote can't be told, and so it is taken for the step's own doing", metadata: ["error": "\(error)"])
        }
        func isForeign(_ fact: NamedFact) -> Bool { core.reach.place(fact).map(foreign.contains) ?? false }
        let theirs = Step(adds: undeclared.adds.filter(isForeign), removes: undeclared.removes.filter(isForeign))
        let rest = Step(
            adds: undeclared.adds.filter { !isForeign($0) }, removes: undeclared.removes.filter { !isForeign($0) })
        if !(theirs.adds + theirs.removes).isEmpty {
            var finding = ReachFinding.none
            do { finding = try core.reach.assess(theirs) } catch {
                core.log.error("what somebody else's change makes possible can't be told", metadata: ["error": "\(error)"])
            }
            await report(Drift(system: change.system, added: theirs.adds, removed: theirs.removes, finding: finding))
        }
        guard !(rest.adds + rest.removes).isEmpty else { return }
        // What can't be told counts as the worst.
        let gains = try? core.reach.assess(rest).gains
        await stop(change, rest, wholeSystem: gains?.isEmpty != true)
    }

    private func stop(_ change: Change, _ step: Step, wholeSystem: Bool) async {
        let target = Lock.operation(change.system, change.operation, change.plan.target.id.string)
        let lock = Lock(
            scope: wholeSystem ? .system : .operation, subject: wholeSystem ? change.system : target, by: "exequatur",
            at: core.now)
        await locks.put(lock, because: change)
        await core.alarm(
            "a change did more than it declared; \(lock.key) is locked", change: change,
            ["facts": .array((step.adds + step.removes).map(\.json)), "gains": .bool(wholeSystem)])
    }
}
