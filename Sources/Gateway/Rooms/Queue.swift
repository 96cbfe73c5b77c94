public import Authority
import Logging
import Synchronization

/// The changes that wait for people: whatever ends, ends with a reason.
public final class Queue: Sendable {
    /// So many of each system are examined at a time: one that is silent holds up no other's.
    private static let width = 4

    private let core: Core
    private let approvals: Approvals
    private let tasks: Tasks
    private let rights: Rights
    private let examination = Mutex(Examination())

    init(_ core: Core, _ approvals: Approvals, _ tasks: Tasks, _ rights: Rights) {
        self.core = core
        self.approvals = approvals
        self.tasks = tasks
        self.rights = rights
    }

    // MARK: Examining

    /// What is being examined, and what is to be.
    private struct Examination {
        var isRunning = false
        var isAllWanted = false
        /// Those that could not be examined, in the order in which they are tried again.
        var left: [WaitingChange] = []

        mutating func leave(_ changes: [WaitingChange]) {
            let known = Set(left.map(\.id))
            left += changes.filter { !known.contains($0.id) }
        }
    }

    /// Has every waiting change examined in the background: policies, people or systems are others than they were. Nothing is
    /// carried out by it.
    public func beginExamining() { begin { $0.isAllWanted = true } }

    /// Has those examined that could not be before.
    func beginExaminingLeft() { begin { _ in } }

    private func begin(_ want: (inout Examination) -> Void) {
        let isFirst = examination.withLock { state in
            want(&state)
            guard !state.isRunning, state.isAllWanted || !state.left.isEmpty else { return false }
            state.isRunning = true
            return true
        }
        guard isFirst else { return }
        _ = Running.task {
            repeat {
                let isAll = self.examination.withLock { state in
                    defer { state.isAllWanted = false }
                    return state.isAllWanted
                }
                if isAll { await self.examineAll() } else { await self.examineLeft() }
            } while self.goesOn()
        }
    }

    private func goesOn() -> Bool {
        examination.withLock { state in
            state.isRunning = state.isAllWanted
            return state.isRunning
        }
    }

    /// Examines every waiting change, oldest first.
    public func examineAll() async { await examine(core.store.waiting()) }

    /// Examines those that could not be examined before, each once.
    public func examineLeft() async {
        await examine(
            examination.withLock { state in
                defer { state.left = [] }
                return state.left
            })
    }

    private func examine(_ changes: [WaitingChange]) async {
        await withDiscardingTaskGroup { group in
            for lane in Dictionary(grouping: changes, by: \.system).values.map(Places.init) {
                for _ in 0..<Self.width { group.addTask { while let change = lane.next() { await self.examine(change, lane) } } }
            }
        }
    }

    private func examine(_ waiting: WaitingChange, _ lane: Places) async {
        do {
            guard let change = try await core.store.change(waiting.id) else { return }
            // It may yet wait again.
            if change.state == .approved { return leave([waiting]) }
            guard change.state == .proposed else { return }
            _ = try await approvals.settle(try await approvals.examine(change), change, mayRun: false)
        } catch {
            core.log.notice("a change waits on unexamined", metadata: ["change": "\(waiting.id)", "error": "\(error)"])
            // A system that does not answer, or turns the gateway away, is not asked about the rest now: those are first the next time.
            let code = (error as? Refusal)?.code
            leave((code?.kind == .unavailable || code == .systemRefused ? lane.close() : []) + [waiting])
        }
    }

    /// Looks at a change that has just been staged: what ended its task, or was reloaded, meanwhile did not find it.
    ///
    /// - Parameter policies: the digest of those that it was decided by.
    func catchUp(_ change: Change, policies: Authority.Digest) async throws -> Change {
        let isOpen = try await core.store.task(change.task.id)?.ended == nil
        guard !isOpen || policies != core.policies.digest else { return change }
        let waiting = WaitingChange(id: change.id, system: change.system)
        await examine(waiting, Places([]))
        return try await core.stored(change)
    }

    private func leave(_ changes: [WaitingChange]) { examination.withLock { $0.leave(changes) } }

    // MARK: By hand

    /// Decides a waiting change anew, and carries it out when that is permitted now. It gives nobody anything that approvals
    /// and policy don't.
    public func retry(_ id: String, by person: Person) async throws -> Change {
        try rights.require(.view, of: person)
        try await approvals.locks.requireUnlocked([person.id])
        let change = try await core.requireChange(id)
        guard change.state == .proposed, change.expires > core.now else { throw Approvals.closed(change, now: core.now) }
        guard change.wait != .adoption else {
            throw Refusal(.approvalNotWaiting, "The change waits to be adopted: `exequatur changes adopt` makes it one's own.")
        }
        return try await approvals.reconsider(change)
    }

    // MARK: Ending

    /// Ends a task, whatever it still leases, and whatever waits of it.
    public func end(_ task: Task) async throws {
        try await tasks.end(task)
        for waiting in core.store.waiting(ofTask: task.id) {
            do {
                guard var change = try await core.store.change(waiting.id) else { continue }
                if change.state == .proposed {
                    change = try await core.void(change, .taskEnded, "the task that it belongs to was ended")
                }
                // Something else was written of it meanwhile, or it may yet wait again.
                if Ledger.waitingStates.contains(change.state) { leave([waiting]) }
            } catch {
                leave([waiting])
                core.log.error(
                    "a change of a task that ended can't be ended now; it is tried again",
                    metadata: ["change": "\(waiting.id)", "error": "\(error)"])
            }
        }
    }
}

/// A change that waits, and the system that it is about.
struct WaitingChange: Sendable {
    let id: String
    let system: String
}

/// Hands changes out, each once, to whoever asks.
private final class Places: Sendable {
    private let rest: Mutex<ArraySlice<WaitingChange>>

    init(_ all: [WaitingChange]) { rest = Mutex(all[...]) }

    func next() -> WaitingChange? { rest.withLock { $0.popFirst() } }

    /// Hands nothing out any more.
    ///
    /// - Returns: those that nobody had.
    func close() -> [WaitingChange] {
        rest.withLock { rest in
            defer { rest = [] }
            return Array(rest)
        }
    }
}
