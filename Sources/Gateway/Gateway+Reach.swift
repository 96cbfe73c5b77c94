public import Authority
import Cedar
import Logging
import Reach
import StrictJSON
import Synchronization

extension Gateway {
    // MARK: Reading systems

    /// Reads a system's graph anew. What comes to its end replaces what was known; what is cut off changes nothing.
    ///
    /// - Parameter progress: called with the nodes and facts received so far.
    public func reread(_ system: String, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) async throws {
        let connector = try connector(system)
        let drift = try await reach.read(connector, progress: progress)
        if let drift, !drift.isEmpty { await report(drift) }
    }

    /// A backend change without an intent of ours (invariant 16).
    private func report(_ drift: Drift) async {
        environment.log.critical(
            "\(drift.system) was changed by somebody else",
            metadata: [
                "problem": "\(drift.problem ?? "none")", "added": "\(drift.added.count)", "removed": "\(drift.removed.count)",
                "gained": "\(drift.finding.gains.count)",
            ])
        let body: JSONValue = [
            "message": "the system was changed by somebody else", "system": .string(drift.system),
            "added": .array(drift.added.prefix(200).map(\.json)), "removed": .array(drift.removed.prefix(200).map(\.json)),
            "counts": [.integer(Int64(drift.added.count)), .integer(Int64(drift.removed.count))], "reach": drift.finding.json,
        ]
        let entry = LogEntry(.actions, id: environment.id("drift"), kind: "drift", time: now, body: body)
        _ = try? await store.commit([], entries: [entry])
    }

    /// Takes up what an earlier run left: steps granted and not settled, and credentials chosen through the gateway. Before
    /// the first reading.
    public func resumeReach() async throws {
        for change in try await store.every(in: [.executed, .rolledBack]) { reach.remember(try step(of: change)) }
        for change in try await store.every(in: [.executing, .indeterminate]) {
            try reach.resume(change.id, on: change.system, try step(of: change))
            if change.state == .indeterminate { try reach.settle(change.id, .indeterminate) }
        }
    }

    /// What a change did to the graph; all that its plan says, when its system is no longer configured.
    private func step(of change: Change) throws -> Step {
        guard let operation = try? operation(change.operation, of: change.system) else { return change.plan.step }
        let author = change.adopter.map(EntityUID.person) ?? change.requester
        let isAgents = change.requester.type.string == "Exequatur::Workload"
        return change.plan.step(
            of: operation, on: change.system, by: author, isAgents: isAgents, for: change.task.delegator)
    }

    // MARK: Assessing

    /// What a plan would newly make possible, on the graph as it stands with every step granted so far.
    ///
    /// - Throws: ``Refusal`` when that can't be told, when the plan goes beyond what its operation declares, or when it would
    ///   lock everybody out.
    func assess(_ submission: Submission, _ plan: Plan) throws -> ReachFinding {
        let declared = Set(submission.operation.effects.flatMap(\.relations))
        let attributes = Set(
            (submission.operation.attributesSet + ["*"]).map { ReachNode.id(system: submission.system, attribute: $0) })
        func isDeclared(_ fact: NamedFact) -> Bool {
            declared.contains(fact.relation) && (fact.relation != "setsAttribute" || attributes.contains(fact.object ?? ""))
        }
        for fact in plan.step.adds + plan.step.removes where !isDeclared(fact) {
            environment.log.critical("a plan goes beyond its operation", metadata: ["operation": "\(submission.operation.name)"])
            throw Refusal(.planUndeclared, "The operation would do more than it declares; nothing was changed.")
        }
        try reach.requireFresh(submission.system)
        try reach.meet(plan.nodes(in: submission.system), of: submission.system)
        let touched = ([plan.target] + plan.related).map { ReachNode.id(system: submission.system, $0) }
        let unknown = try reach.see(
            plan.surroundings.union(plan.memberships(in: submission.system)), on: touched, of: submission.system)
        if !unknown.isEmpty {
            note("facts that no reading had", ["system": submission.system, "facts": "\(unknown.map(\.json))"])
        }
        let step = plan.step(of: submission)
        let lost = try reach.lockouts(step)
        guard lost.isEmpty else {
            note("refused: it would lock everybody out", ["targets": lost.joined(separator: ", "), "request": submission.id])
            throw Refusal(.reachLockout, "Nobody would be left to look after something protected; nothing was changed.")
        }
        return try reach.assess(step)
    }

    /// Attributes that loaded policies read are protected: who writes them writes what policy believes.
    func protectAttributes(read bundles: [PolicyBundle]) throws {
        try reach.protectAttributes(read: bundles, systems.map { ($0.name, $0.catalogue) })
    }

    /// What these policies alone would let workloads add up to, on the systems as they were read last.
    public func lookAhead(_ bundle: PolicyBundle) throws -> [(system: String, result: LookAhead)] {
        let workloads = principals.workloadIDs.compactMap { principals.principal(.workload($0), at: now)?.entity }
        let worlds = systems.compactMap { name, catalogue in
            reach.world(
                name, catalogue, workloads: workloads, purposes: environment.purposes, environment: environment.environment,
                tenant: environment.tenant)
        }
        return try LookAhead.all(bundle, on: worlds)
    }

    // MARK: After a step

    /// Tells the graph what became of a change, and compares what the backend shows with what was declared.
    func noteOutcome(_ change: Change) async {
        do {
            try reach.settle(change.id, change.state)
            guard change.state == .executed else { return }
            let connector = try connector(change.system)
            let seen = try await ask(connector, isOwn: true) { try await $0.surroundings(of: change.plan) }
            let undeclared = try reach.compare(change.plan, with: seen, on: change.system)
            if !undeclared.isEmpty { try await judge(undeclared, after: change, connector) }
        } catch {
            environment.log.error(
                "the graph could not be brought up to date", metadata: ["change": "\(change.id)", "error": "\(error)"])
        }
    }

    /// More came about than the operation declares. What somebody else is known to have written meanwhile is drift. The rest may
    /// be the operation's own doing: nobody repeats it on that target before a person has looked, and nothing more is written to
    /// the system when it makes something protected takeable.
    private func judge(_ undeclared: Step, after change: Change, _ connector: any Connector) async throws {
        let places = Set((undeclared.adds + undeclared.removes).map(Self.place))
        let foreign = (try? await ask(connector, isOwn: true) { try await $0.writtenByOthers(places) }) ?? []
        func isForeign(_ fact: NamedFact) -> Bool { foreign.contains(Self.place(fact)) }
        let theirs = Step(adds: undeclared.adds.filter(isForeign), removes: undeclared.removes.filter(isForeign))
        let rest = Step(
            adds: undeclared.adds.filter { !isForeign($0) }, removes: undeclared.removes.filter { !isForeign($0) })
        if !(theirs.adds + theirs.removes).isEmpty {
            let finding = (try? reach.assess(theirs)) ?? .none
            await report(Drift(system: change.system, added: theirs.adds, removed: theirs.removes, finding: finding))
        }
        guard !(rest.adds + rest.removes).isEmpty else { return }
        let gains = try? reach.assess(rest)
        await stop(change, rest, wholeSystem: gains?.gains.isEmpty != true)
    }

    /// The entry that a fact stands in: a group holds its members and owners, anybody else what is said of them alone.
    private static func place(_ fact: NamedFact) -> String {
        ["member", "owner"].contains(fact.relation) ? fact.object ?? fact.subject : fact.subject
    }

    private func stop(_ change: Change, _ step: Step, wholeSystem: Bool) async {
        let target = Lock.operation(change.system, change.operation, change.plan.target.id.string)
        let lock = Lock(
            scope: wholeSystem ? .system : .operation, subject: wholeSystem ? change.system : target, by: "exequatur", at: now)
        await alarm(
            "a change did more than it declared; \(lock.key) is locked", change: change,
            ["facts": .array((step.adds + step.removes).map(\.json)), "gains": .bool(wholeSystem)])
        store.hold(lock)
        do {
            try await store.commit([.placeLock(lock)], entries: [entry("lock", lock, by: "exequatur", change: change.id)])
        } catch {
            environment.log.critical("the lock could not be stored", metadata: ["lock": "\(lock.key)", "error": "\(error)"])
        }
    }
}
