import Synchronization

/// A lane for each caller: so many of its calls go on at once, so many more wait their turn, and what is beyond is turned away.
/// However much one asks for, the others' calls are held up by no more than what goes on of it.
public final class Lanes: Sendable {
    private struct Lane {
        var running = 0
        /// In the order of asking.
        var waiting: [(ticket: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private struct State {
        var lanes: [String: Lane] = [:]
        var lastTicket = 0
    }

    private enum Place {
        case now, never
        case later
    }

    public let running: Int
    public let waiting: Int
    private let patience: Duration
    private let state = Mutex(State())

    /// - Parameter patience: how long a call waits for its turn.
    public init(running: Int, waiting: Int, patience: Duration) {
        self.running = running
        self.waiting = waiting
        self.patience = patience
    }

    /// Waits for a turn.
    ///
    /// - Returns: whether it has come; the caller must ``leave(_:)`` then.
    public func enter(_ name: String) async -> Bool {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        var timer: Int?
        defer { timer.map(Timers.shared.cancel) }
        return await withCheckedContinuation { continuation in
            switch place(ticket, name, continuation) {
            case .now: continuation.resume(returning: true)
            case .never: continuation.resume(returning: false)
            case .later: timer = Timers.shared.after(patience) { self.giveUp(ticket, name) }
            }
        }
    }

    private func place(_ ticket: Int, _ name: String, _ continuation: CheckedContinuation<Bool, Never>) -> Place {
        state.withLock { state in
            var lane = state.lanes[name] ?? Lane()
            defer { state.lanes[name] = lane }
            if lane.running < running {
                lane.running += 1
                return .now
            }
            guard lane.waiting.count < waiting else { return .never }
            lane.waiting.append((ticket, continuation))
            return .later
        }
    }

    private func giveUp(_ ticket: Int, _ name: String) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let place = state.lanes[name]?.waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.lanes[name]?.waiting.remove(at: place).continuation
        }
        waiter?.resume(returning: false)
    }

    public func leave(_ name: String) {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard var lane = state.lanes[name] else { return nil }
            defer { state.lanes[name] = lane.running == 0 ? nil : lane }
            guard !lane.waiting.isEmpty else {
                lane.running -= 1
                return nil
            }
            return lane.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
