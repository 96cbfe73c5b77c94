import Cedar
public import Authority
import Logging
import StrictJSON
import Synchronization

/// Stops what goes on, at once.
public final class Locks: Sendable {
    let core: Core
    let leases: Leases
    let rights: Rights
    /// Whose the locked tasks are: that never changes.
    private let holders = Mutex<[String: PrincipalID]>([:])

    init(_ core: Core, _ leases: Leases, _ rights: Rights) {
        self.core = core
        self.leases = leases
        self.rights = rights
    }

    /// Refuses when a lock stands in the way. Asked at three points: before anything of a request is recorded, once its target
    /// is known, and once the lease is there.
    ///
    /// - Parameters:
    ///   - system: the one that is written to.
    ///   - plan: what would be done, once it is known.
    ///   - allowed: the identities of those that don't stop it.
    /// - Returns: the locks' epoch, which a decision is bound to.
    @discardableResult
    func check(
        _ principal: PrincipalID, _ task: Task, writing system: String? = nil, _ operation: String = "", _ plan: Plan? = nil,
        under allowed: [String] = []
    ) throws(Refusal) -> Int64 {
        let (locks, epoch) = core.store.locks()
        let target = plan.map { Lock.operation(system ?? "", operation, $0.target.id.string) }
        let isStopped = locks.contains {
            !allowed.contains($0.identity) && stops($0, principal, task, system, target: target)
        }
        guard !isStopped else { throw Refusal(.locked, "This work was stopped by a person.") }
        return epoch
    }

    /// The same for a change that is about to be carried out, or to be approved: none of who asks for it, on whose behalf, and
    /// whose approvals count may be stopped.
    func check(_ change: Change, _ deliberation: Deliberation) async throws {
        let principal = deliberation.submission.principal.name
        try check(
            principal, change.task, writing: change.system, change.operation, deliberation.plan, under: change.locks)
        let people = [principal.person, change.task.delegator].compactMap { $0 }
        try await requireUnlocked(people + deliberation.question.approvals.map(\.person.id))
    }

    /// A lock on a person, or on any task of theirs, stops all that they decide: neither a new session nor another id of theirs is
    /// a way around it.
    func requireUnlocked(_ people: [String]) async throws {
        let ids = people.reduce(into: Set()) { $0.formUnion(core.principals.aliases(of: $1)) }
        guard !ids.isEmpty else { return }
        for lock in inForce {
            guard let stopped = try await person(stoppedBy: lock), ids.contains(stopped) else { continue }
            throw Refusal(.locked, "This work was stopped by a person.")
        }
    }

    private func person(stoppedBy lock: Lock) async throws -> String? {
        switch lock.scope {
        case .person: return lock.subject
        case .task:
            if let known = holders.withLock({ $0[lock.subject] }) { return known.person }
            guard let holder = try await core.store.task(lock.subject)?.holder else { return nil }
            holders.withLock { $0[lock.subject] = holder }
            return holder.person
        default: return nil
        }
    }

    /// The locks in force that stand in the way of a write.
    func inTheWay(of submission: Submission, _ plan: Plan) -> [Lock] {
        let target = Lock.operation(submission.system, submission.operation.name, plan.target.id.string)
        return inForce.filter {
            stops($0, submission.principal.name, submission.task, submission.system, target: target)
        }
    }

    private func stops(_ lock: Lock, _ principal: PrincipalID, _ task: Task, _ system: String?, target: String?) -> Bool {
        switch lock.scope {
        case .all: true
        case .system: lock.subject == system
        case .workload: [principal, task.holder].contains(.workload(lock.subject))
        case .person: isOf(lock.subject, [principal.person, task.holder.person, task.delegator])
        case .task: lock.subject == task.id
        case .operation: lock.subject == target
        }
    }

    /// Whether one of these is the person, by whatever id.
    private func isOf(_ person: String, _ ids: [String?]) -> Bool {
        !core.principals.aliases(of: person).isDisjoint(with: ids.compactMap { $0 })
    }

    /// Stops the next step at once and ends live leases. Any person may who is not stopped; only lifting a lock needs policy's
    /// leave.
    ///
    /// - Returns: the lock, and whether it is stored already. One that is not counts until the gateway stops.
    public func place(_ scope: Lock.Scope, _ subject: String, by person: Person) async throws(Refusal) -> (
        lock: Lock, isStored: Bool
    ) {
        try await requireKnown(scope, subject)
        // Else somebody who is stopped could stop those who may lift it, or the undoing of what they did. What can't be told keeps
        // nobody from stopping anything.
        do { try await requireUnlocked([person.id]) } catch let refusal as Refusal { throw refusal } catch {
            core.log.error("whether who places a lock is stopped can't be told", metadata: ["error": "\(error)"])
        }
        let lock = Lock(scope: scope, subject: subject, by: person.id, at: core.now)
        let isStored = await put(lock)
        await leases.beginEnding { change in
            switch scope {
            case .all: true
            case .system: change.system == subject
            case .workload: [change.requester, change.task.holder].contains(.workload(subject))
            case .task where change.task.id == subject: true
            case .person, .task: try await self.hasPart(in: change, whom: lock)
            case .operation: Lock.operation(change.system, change.operation, change.plan.target.id.string) == subject
            }
        }
        return (lock, isStored)
    }

    private func hasPart(in change: Change, whom lock: Lock) async throws -> Bool {
        guard let person = try await person(stoppedBy: lock) else { return false }
        let (task, approvers) = (change.task, try await core.store.approvals(of: change.id).map(\.statement.approver))
        return isOf(person, [change.requester.person, change.adopter, task.holder.person, task.delegator] + approvers)
    }

    /// Makes a lock count, first of all in this process: it must stop what it can though the disk is full.
    ///
    /// - Parameter change: what it is about, when the gateway itself places it.
    /// - Returns: whether it is stored. One that is not is tried again by ``storeHeld()``.
    @discardableResult
    func put(_ lock: Lock, because change: Change? = nil) async -> Bool {
        core.store.hold(lock)
        do {
            try await core.store.commit([.placeLock(lock)], entries: [entry(placing: lock, because: change)])
            return true
        } catch {
            // Somebody may have lifted it meanwhile.
            core.store.hold(lock)
            core.log.critical(
                "the lock could not be stored: it counts until the gateway stops, and is stored as soon as that can be done",
                metadata: ["lock": "\(lock.key)", "error": "\(error)"])
            return false
        }
    }

    private func entry(placing lock: Lock, because change: Change? = nil) -> LogEntry {
        core.entry(.lock(LockRecord(lock, by: lock.by)), links: change.map { ["change": $0.id] } ?? [:])
    }

    /// Stores the locks that could not be stored when they were placed.
    func storeHeld() async {
        for lock in core.store.unstoredLocks {
            do { try await core.store.commit([.placeLock(lock)], entries: [entry(placing: lock)]) } catch {
                core.log.error("a lock still can't be stored", metadata: ["lock": "\(lock.key)", "error": "\(error)"])
            }
        }
    }

    /// Lifts a lock, as far as policy gives the person that right. Whoever is stopped lifts none.
    public func lift(_ scope: Lock.Scope, _ subject: String, by person: Person) async throws {
        try rights.require(.unlock, of: person)
        try await requireUnlocked([person.id])
        let lock = Lock(scope: scope, subject: subject, by: person.id, at: core.now)
        guard inForce.contains(where: { $0.key == lock.key }) else {
            throw Refusal(.lockNotFound, "There is no such lock; `exequatur locks` lists those in force.")
        }
        try await core.store.commit([.liftLock(lock.key)], entries: [core.entry(.unlock(LockRecord(lock, by: person.id)))])
    }

    public var inForce: [Lock] { core.store.locks().locks }

    /// A lock on something misspelt would stop nothing, and look as if it did.
    private func requireKnown(_ scope: Lock.Scope, _ subject: String) async throws(Refusal) {
        switch scope {
        case .all where !subject.isEmpty: throw Refusal(.lockSubject, "`all` takes no subject.")
        case .all: return
        case .operation:
            let parts = subject.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, (1...256).contains(parts[2].utf8.count),
                parts[2].unicodeScalars.allSatisfy(Printable.isVisible), (try? core.operation(parts[1], of: parts[0])) != nil
            else {
                throw Refusal(
                    .lockUnknown, "An operation is locked as SYSTEM/OPERATION/TARGET-ID, such as corp/user.disable/u-1.")
            }
        case .system: try require(subject, among: core.systems.map(\.name), "system")
        case .task:
            // Where that can't be told, a lock that stops nothing is better than none.
            guard (try? await core.store.knows(task: subject)) == false else { return }
            throw Refusal(.lockUnknown, "There is no task `\(Printable.text(subject))`.")
        case .workload: try require(subject, among: core.principals.workloadIDs, "workload")
        case .person: try require(subject, among: core.principals.people.all.map(\.id), "person")
        }
    }

    private func require(_ subject: String, among known: [String], _ what: String) throws(Refusal) {
        guard !known.contains(where: subject.isExactly) else { return }
        let hint = Suggestion.nearest(to: subject, in: known).map { "; did you mean `\($0)`?" } ?? "."
        throw Refusal(.lockUnknown, "There is no \(what) `\(Printable.text(subject))`" + hint)
    }
}

extension Lock {
    /// Whether a person's undo may be done under it, where policy permits that: not when it is they that were stopped.
    var canBeUndoneUnder: Bool { scope != .task && scope != .person }
}
