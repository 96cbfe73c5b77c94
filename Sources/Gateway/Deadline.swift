import Authority
import Synchronization

/// Gives a call so many seconds. When they are over the caller goes on with `unavailable`; the call itself is cancelled
/// and what it still returns is dropped.
func withDeadline<T: Sendable>(_ seconds: Int64, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let race = Race<T>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            race.start(continuation)
            let work = _Concurrency.Task {
                do { race.finish(.success(try await body())) } catch { race.finish(.failure(error)) }
            }
            let timer = _Concurrency.Task {
                guard (try? await _Concurrency.Task.sleep(for: .seconds(seconds))) != nil else { return }
                work.cancel()
                race.finish(.failure(ConnectorError(.unavailable, "no answer within \(seconds) s")))
            }
            _Concurrency.Task {
                _ = await work.result
                timer.cancel()
            }
        }
    } onCancel: {
        race.finish(.failure(CancellationError()))
    }
}

/// Resumes a continuation once, with whatever comes first.
private final class Race<T: Sendable>: Sendable {
    private let continuation = Mutex<CheckedContinuation<T, any Error>?>(nil)

    func start(_ continuation: CheckedContinuation<T, any Error>) { self.continuation.withLock { $0 = continuation } }

    func finish(_ result: Result<T, any Error>) {
        let waiting = continuation.withLock { stored in
            defer { stored = nil }
            return stored
        }
        waiting?.resume(with: result)
    }
}
