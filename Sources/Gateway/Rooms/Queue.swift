public import Authority
import Logging
import Synchronization

/// The changes that wait for people: whatever ends, ends with a reason.
public final class Queue: Sendable {
    /// So many are examined at a time.
    private static let width = 4

    private let core: Core
    private let approvals: Approvals
    private let tasks: Tasks
    private let rights: Rights
    /// Whether an examination goes on, and whether another is wanted after it.
    private let examination = Mutex((isRunning: false, isWanted: false))
    /// Those that could not be examined: their system was out of reach.
    private let left = Mutex<Set<String>>([])

    init(_ core: Core, _ approvals: Approvals, _ tasks: Tasks, _ rights: Rights) {
        self.core = core
        self.approvals = approvals
        self.tasks = tasks
        self.rights = rights
    }

    // MARK: Examining

    /// Has every waiting change examined in the background: policies, people or systems are others than they were. Nothing is
    /// carried out by it.
    public func beginExamining() {
        let isFirst = examination.withLock { state in
            defer { (state.isRunning, state.isWanted) = (true, state.isRunning) }
            return !state.isRunning
        }
        guard isFirst else { return }
        _ = Running.task {
            repeat { await self.examineAll() } while self.goesOn()
        }
    }

    private func goesOn() -> Bool {
        examination.withLock { state in
            defer { state = (isRunning: state.isWanted, isWanted: false) }
            return state.isWanted
        }
    }

    /// Examines every waiting change, oldest first.
    public func examineAll() async {
        let waiting = core.store.waiting()
        await withDiscardingTaskGroup { group in
            let places = Places(waiting)
            for _ in 0..<Self.width { group.addTask { while let id = places.next() { await self.examine(id) } } }
        }
    }

    private func examine(_ id: String) async {
        do {
            guard let change = try await core.store.change(id), change.state == .proposed else { return }
            _ = try await approvals.settle(try await approvals.examine(change), change, mayRun: false)
        } catch {
            left.withLock { _ = $0.insert(id) }
            core.log.notice("a change waits on unexamined", metadata: ["change": "\(id)", "error": "\(error)"])
        }
    }

    /// Examines some of those that could not be examined before.
    func examineLeft() async {
        let some = left.withLock { left in
            let some = left.sorted().prefix(20)
            left.subtract(some)
            return some
        }
        for id in some { await examine(id) }
    }

    // MARK: By hand

    /// Decides a waiting change anew, and carries it out when that is permitted now. It gives nobody anything that approvals
    /// and policy don't.
    public func retry(_ id: String, by person: Person) async throws -> Change {
        try rights.require(.view, of: person)
        let change = try await core.requireChange(id)
        guard change.state == .proposed, change.wait != .adoption, change.expires > core.now else {
            throw Approvals.closed(change)
        }
        return try await approvals.reconsider(change)
    }

    // MARK: Ending

    /// Ends a task, whatever it still leases, and whatever waits of it.
    public func end(_ task: Task) async throws {
        try await tasks.end(task)
        for id in core.store.waiting(ofTask: task.id) {
            do {
                guard let change = try await core.store.change(id), change.state == .proposed else { continue }
                _ = try await core.void(change, .taskEnded, "the task that it belongs to was ended")
            } catch {
                core.log.error(
                    "a change of a task that ended can't be ended now", metadata: ["change": "\(id)", "error": "\(error)"])
            }
        }
    }
}

/// Hands ids out, each once, to whoever asks.
private final class Places: Sendable {
    private let rest: Mutex<ArraySlice<String>>

    init(_ all: [String]) { rest = Mutex(all[...]) }

    func next() -> String? { rest.withLock { $0.popFirst() } }
}
