import Authority
import Synchronization

/// Has callers wait for their answer when many are refused: whoever asks again at once, on as many connections as they may have,
/// takes no time from those who are served.
final class Brake: Sendable {
    /// So many a second are refused without a wait.
    private static let free = 20
    private static let pause = Duration.seconds(1)
    /// So many wait at a time; others are refused at once. Each holds what its caller has sent meanwhile, gone or not.
    static let most = 512

    private let now: @Sendable () -> Instant
    private let wait: @Sendable (Duration) async -> Void
    private let state = Mutex((second: Int64(0), count: 0, waiting: 0))

    init(
        now: @escaping @Sendable () -> Instant,
        wait: @escaping @Sendable (Duration) async -> Void = { try? await _Concurrency.Task.sleep(for: $0) }
    ) {
        self.now = now
        self.wait = wait
    }

    /// Waits, if many were refused this second.
    func hold() async {
        guard begins() else { return }
        await wait(Self.pause)
        state.withLock { $0.waiting -= 1 }
    }

    /// Counts a refusal.
    ///
    /// - Returns: whether it is to wait.
    private func begins() -> Bool {
        let second = now().milliseconds / 1000
        return state.withLock { state in
            if state.second != second { (state.second, state.count) = (second, 0) }
            state.count += 1
            guard state.count > Self.free, state.waiting < Self.most else { return false }
            state.waiting += 1
            return true
        }
    }
}
