import Authority
import Synchronization

/// Has callers wait for their answer when many are refused: whoever asks again at once, on as many connections as they may have,
/// takes no time from those who are served.
final class Brake: Sendable {
    /// So many a second are refused without a wait.
    private static let free = 20
    private static let pause = Duration.seconds(1)

    private let now: @Sendable () -> Instant
    private let wait: @Sendable (Duration) async -> Void
    private let state = Mutex((second: Int64(0), count: 0))

    init(
        now: @escaping @Sendable () -> Instant,
        wait: @escaping @Sendable (Duration) async -> Void = { try? await _Concurrency.Task.sleep(for: $0) }
    ) {
        self.now = now
        self.wait = wait
    }

    /// Waits, if many were refused this second. Their connections are bounded, and so is what waits here.
    func hold() async {
        if isBusy() { await wait(Self.pause) }
    }

    /// Counts a refusal.
    ///
    /// - Returns: whether it was one too many.
    private func isBusy() -> Bool {
        let second = now().milliseconds / 1000
        return state.withLock { state in
            if state.second != second { state = (second, 0) }
            state.count += 1
            return state.count > Self.free
        }
    }
}
