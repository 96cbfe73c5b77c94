import Synchronization

/// Ends waits whose time is over, all by one clock that ticks while somebody waits: a timer for each call would take longer than
/// most calls.
final class Timers: Sendable {
    static let shared = Timers()

    /// How late the end of a wait may come.
    private static let tick = Duration.milliseconds(50)

    private struct State {
        var waits: [Int: (end: ContinuousClock.Instant, action: @Sendable () -> Void)] = [:]
        var last = 0
        var isTicking = false
    }

    private let state = Mutex(State())

    /// - Parameter action: run once the time is over, unless it is cancelled first. It must not take long.
    /// - Returns: what to ``cancel(_:)`` it by.
    func after(_ time: Duration, _ action: @escaping @Sendable () -> Void) -> Int {
        let (number, isFirst) = state.withLock { state in
            state.last += 1
            state.waits[state.last] = (.now + time, action)
            defer { state.isTicking = true }
            return (state.last, !state.isTicking)
        }
        // Not on the executor of whoever happens to ask first.
        if isFirst { _Concurrency.Task.detached { await self.run() } }
        return number
    }

    func cancel(_ number: Int) { state.withLock { $0.waits[number] = nil } }

    private func run() async {
        while isNeeded() {
            try? await _Concurrency.Task.sleep(for: Self.tick)
            let now = ContinuousClock.now
            let over = state.withLock { state in
                let over = state.waits.filter { $0.value.end <= now }
                for number in over.keys { state.waits[number] = nil }
                return over.values.map(\.action)
            }
            for action in over { action() }
        }
    }

    private func isNeeded() -> Bool {
        state.withLock { state in
            state.isTicking = !state.waits.isEmpty
            return state.isTicking
        }
    }
}
