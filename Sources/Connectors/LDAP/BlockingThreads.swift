import Authority
import NIOPosix
import Synchronization

/// A few threads where calls may block, and a bound on what waits for them: a server that does not answer takes these and
/// nothing else.
final class BlockingThreads: Sendable {
    private let pool: NIOThreadPool
    private let limit: Int
    private let count = Mutex(0)

    /// - Parameter waiting: how many calls may wait for a thread.
    init(_ threads: Int, waiting: Int) {
        limit = threads + waiting
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    deinit { pool.shutdownGracefully { _ in } }

    /// Runs `body` on one of the threads. A call that was cancelled before its turn is not begun.
    func run<T: Sendable>(_ body: @escaping @Sendable () -> Result<T, ConnectorError>) async -> Result<T, ConnectorError> {
        guard enter() else { return .failure(ConnectorError(.unavailable, "\(limit) calls wait for the server already")) }
        let isOver = Flag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pool.submit { state in
                    let mayRun = state == .active && !isOver.isSet
                    let result = mayRun ? body() : .failure(ConnectorError(.unavailable, "nobody waits for it any more"))
                    self.leave()
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            isOver.set()
        }
    }

    private func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    private func leave() { count.withLock { $0 -= 1 } }
}

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
