public import Authority
import Cedar
import Logging
public import StrictJSON
import Synchronization

extension Gateway {
    /// What a person may do with the gateway itself, besides changes.
    public enum PersonalRight: String, Sendable { case view, unlock }

    /// Whether policy gives the person this right over the gateway: actions `Exequatur::Action::"view"` and `"unlock"`
    /// on `Exequatur::System::"exequatur"`.
    public func require(_ right: PersonalRight, of person: Person) throws {
        let request = Cedar.Request(
            principal: .person(person.id), action: EntityUID(type: "Exequatur::Action", id: ExactString(right.rawValue)),
            resource: .system("exequatur"))
        let bundle = policies
        let entities = try Entities([Principal.person(person).entity])
        let response = bundle.compiled.authorize(request, in: bundle.compiled.store(entities))
        let fits = (try? bundle.cedarSchema.check(request)) != nil
        guard response.decision == .allow, response.errors.isEmpty, fits else {
            throw Refusal(.denied, "Policy does not give you `\(right.rawValue)`.")
        }
    }

    /// A page of changes, newest first, and the id after which the next begins.
    public func changes(_ states: Set<Change.State>, after: String?) async throws -> (changes: [Change], next: String?) {
        try await store.page(states, limit: 200, after: after)
    }

    /// Everything an approver is to see of a change.
    public func show(_ id: String) async throws -> JSONValue {
        guard let change = try await store.change(id) else { throw Refusal(.changeNotFound, "There is no such change.") }
        var json: JSONValue = ["change": change.json, "gateway": .string(environment.id)]
        json.add("assessment", change.shown)
        if let (submission, plan) = try? await fresh(change) {
            if let now = try? deliberate(submission, plan, locks: 0, on: change).assessment, !now.isCovered(by: change.shown) {
                json.add("assessmentNow", now.json)
            }
            json.add("terms", Terms(submission, plan, policies: policies, owner: change.owner).shown)
            json.add("obstacle", plan.obstacle.map { .string($0.message) })
        }
        let given = try await store.approvals(of: id)
        json.add(
            "approvals",
            .array(given.map { ["by": .string($0.statement.approver), "verdict": .string($0.statement.verdict.rawValue)] }))
        let decision = try await latestDecision(on: change.id)?["decision"]
        json.add("eligible", decision?["eligible"] ?? [])
        json.add("needs", decision?["needs"])
        json.add("evidence", try await evidence(of: change))
        return json
    }

    /// The log entry's body of the last decision on a change: its question and what was decided.
    func latestDecision(on change: String) async throws -> JSONValue? {
        if let decided = store.decision(on: change) { return try await journal.body(at: decided.position) }
        return try await journal.bodies(linkedTo: change, in: .decisions) { $0["decision"] != nil }
    }

    /// The request's sealed evidence, for whoever has the key.
    private func evidence(of change: Change) async throws -> JSONValue? {
        try await journal.body(ofEntry: change.request)
    }

    /// Makes a change the person's own: it is decided as their `execute`, and they do not count as an approver.
    public func adopt(_ id: String, by person: Person) async throws -> Change {
        guard let change = try await store.change(id) else { throw Refusal(.changeNotFound, "There is no such change.") }
        guard change.state == .proposed, change.wait == .adoption, change.expires > now else {
            throw Refusal(.changeClosed, "The change is \(change.state.rawValue) and does not wait to be adopted.")
        }
        var adopted = change
        (adopted.adopter, adopted.wait) = (person.id, .approval)
        let (submission, plan) = try await fresh(adopted)
        let epoch = try await checkLocks(submission.principal, change.task, writing: change.system)
        let deliberation = try deliberate(submission, plan, locks: epoch, on: change)
        adopted.digest = deliberation.terms(owner: change.owner).digest
        adopted.assess(deliberation.assessment)
        let entry = LogEntry(
            .requests, id: environment.id("ado"), kind: "adoption", time: now, links: ["change": id, "request": change.request],
            body: ["by": .string(person.id), "digest": .string(adopted.digest.hex)])
        let decision = deliberation.decide()
        guard [.permit, .needsApproval].contains(decision.verdict) else {
            try await store.commit([], entries: [entry, self.entry(decision, deliberation, change: adopted)])
            throw Refusal(.denied, "Policy does not let you execute this yourself.")
        }
        do { try await store.commit([.updateChange(adopted, from: change)], entries: [entry]) } catch let error as StoreError
            where error.code == .conflict
        { throw Refusal(.changeClosed, "Somebody else adopted the change first, or it was closed.") }
        return try await reconsider(adopted)
    }

    public func rollback(_ id: String, by person: Person, task: Task) async throws -> Answer {
        guard let change = try await store.change(id) else { throw Refusal(.changeNotFound, "There is no such change.") }
        return try await rollback(change, by: .person(person), task: task, evidence: Evidence(), door: "people")
    }

    /// The value a change disclosed, once: to who approved or adopted it, or else may approve such a change.
    public func takeSecret(of id: String, by person: Person) async throws -> Disclosure {
        guard let change = try await store.change(id), try await maySeeSecret(person, of: change) else {
            throw Refusal(.denied, "Policy gives you no say in this change, or there is none.")
        }
        guard disclosures.withLock({ $0[id] != nil }) else {
            throw Refusal(.secretNone, "There is nothing to show: it was shown already, or the gateway was restarted.")
        }
        let entry = LogEntry(
            .actions, id: environment.id("sec"), kind: "disclosure", time: now, links: ["change": id],
            body: ["to": .string(person.id)])
        try await store.commit([], entries: [entry])
        guard let disclosure = disclosures.withLock({ $0.removeValue(forKey: id) }) else {
            throw Refusal(.secretNone, "There is nothing to show: it was shown already.")
        }
        return disclosure
    }

    private func maySeeSecret(_ person: Person, of change: Change) async throws -> Bool {
        if change.adopter == person.id { return true }
        let given = try await store.approvals(of: change.id)
        if given.contains(where: { $0.statement.approver == person.id && $0.statement.verdict == .approve }) { return true }
        guard let (submission, plan) = try? await fresh(change, open: false) else { return false }
        return try deliberate(submission, plan, locks: 0, on: change, isAssessed: false).mayApprove(person)
    }

    // MARK: Locks

    /// Stops the next step at once and ends live leases. Any person may; only lifting a lock needs policy's leave.
    ///
    /// - Returns: the lock, and whether it is stored already. One that is not counts until the gateway stops.
    public func place(_ scope: Lock.Scope, _ subject: String, by person: Person) async throws -> (lock: Lock, isStored: Bool) {
        try await requireKnown(scope, subject)
        let lock = Lock(scope: scope, subject: subject, by: person.id, at: now)
        // First of all in this process: it must stop what it can though the disk is full.
        store.hold(lock)
        var isStored = true
        do { try await store.commit([.placeLock(lock)], entries: [entry("lock", lock, by: person.id)]) } catch {
            isStored = false
            // Somebody may have lifted it meanwhile.
            store.hold(lock)
            environment.log.critical(
                "the lock could not be stored: it counts until the gateway stops, and is stored as soon as that can be done",
                metadata: ["lock": "\(lock.key)", "error": "\(error)"])
        }
        await beginEndingLeases { change in
            switch scope {
            case .all: true
            case .system: change.system == subject
            case .workload: change.task.workload == subject
            case .task: change.task.id == subject
            case .operation: Lock.operation(change.system, change.operation, change.plan.target.id.string) == subject
            }
        }
        return (lock, isStored)
    }

    public func lift(_ scope: Lock.Scope, _ subject: String, by person: Person) async throws {
        try require(.unlock, of: person)
        let lock = Lock(scope: scope, subject: subject, by: person.id, at: now)
        guard try await store.locks().locks.contains(where: { $0.key == lock.key }) else {
            throw Refusal(.lockNotFound, "There is no such lock; `exequatur locks` lists those in force.")
        }
        try await store.commit([.liftLock(lock.key)], entries: [entry("unlock", lock, by: person.id)])
    }

    /// A lock on something misspelt would stop nothing, and look as if it did.
    private func requireKnown(_ scope: Lock.Scope, _ subject: String) async throws {
        switch scope {
        case .all where !subject.isEmpty: throw Refusal(.lockSubject, "`all` takes no subject.")
        case .all: return
        case .operation:
            let parts = subject.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, (1...256).contains(parts[2].utf8.count),
                parts[2].unicodeScalars.allSatisfy(Printable.isVisible), (try? operation(parts[1], of: parts[0])) != nil
            else {
                throw Refusal(
                    .lockUnknown, "An operation is locked as SYSTEM/OPERATION/TARGET-ID, such as corp/user.disable/u-1.")
            }
        case .system:
            let known = systems.map(\.name)
            guard !known.contains(where: subject.isExactly) else { return }
            let hint = Suggestion.nearest(to: subject, in: known).map { "; did you mean `\($0)`?" } ?? "."
            throw Refusal(.lockUnknown, "There is no system `\(Printable.text(subject))`" + hint)
        case .task:
            guard !store.knows(task: subject) else { return }
            throw Refusal(.lockUnknown, "There is no task `\(Printable.text(subject))`.")
        case .workload:
            let known = principals.workloadIDs
            guard !known.contains(where: subject.isExactly) else { return }
            let hint = Suggestion.nearest(to: subject, in: known).map { "; did you mean `\($0)`?" } ?? "."
            throw Refusal(.lockUnknown, "There is no workload `\(Printable.text(subject))`" + hint)
        }
    }

    public func locks() async throws -> [Lock] { try await store.locks().locks }

    func entry(_ kind: String, _ lock: Lock, by: String, change: String? = nil) -> LogEntry {
        LogEntry(
            .requests, id: environment.id(kind), kind: kind, time: now, links: change.map { ["change": $0] } ?? [:],
            body: ["scope": .string(lock.scope.rawValue), "subject": .string(lock.subject), "by": .string(by)])
    }
}
