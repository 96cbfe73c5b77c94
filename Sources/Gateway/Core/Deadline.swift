import Authority
import Synchronization

extension Core {
    /// Asks a system something, within the deadline and among so many such calls at once: one that does not answer holds up
    /// nothing but itself.
    ///
    /// - Parameter isOwn: whether it is for a step that is under way already, and not somebody's new request: these have places
    ///   of their own.
    /// - Throws: `ConnectorError` `unavailable` when there is no answer in time or no place, and what `body` throws.
    func ask<T: Sendable>(
        _ connector: any Connector, isOwn: Bool = false, _ body: @escaping @Sendable (any Connector) async throws -> T
    ) async throws -> T {
        let place = (isOwn ? "own " : "") + connector.system
        guard await calls.enter(place) else {
            throw ConnectorError(.unavailable, "\(calls.running) calls to \(connector.system) are under way already")
        }
        return try await withDeadline(.seconds(environment.deadline)) { [calls] in
            // Left when the system is done with it, whether or not anybody still waits for the answer.
            defer { calls.leave(place) }
            return try await body(connector)
        }
    }
}

/// Gives a call so much time. When it is over the caller goes on with `unavailable`; the call itself is cancelled
/// and what it still returns is dropped.
func withDeadline<T: Sendable>(_ time: Duration, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let race = Race<T>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            race.start(continuation)
            let work = Running.task {
                do { race.finish(.success(try await body())) } catch { race.finish(.failure(error)) }
            }
            race.stop(by: work.cancel)
            race.end(
                by: Timers.shared.after(time) {
                    work.cancel()
                    race.finish(.failure(ConnectorError(.unavailable, "no answer within \(time)")))
                })
        }
    } onCancel: {
        race.cancel()
    }
}

/// Resumes a continuation once, with whatever comes first.
private final class Race<T: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<T, any Error>?
        var timer: Int?
        var stop: (@Sendable () -> Void)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func start(_ continuation: CheckedContinuation<T, any Error>) { state.withLock { $0.continuation = continuation } }

    /// - Parameter stop: called when nobody waits any more.
    func stop(by stop: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.stop = stop
            return state.isCancelled
        }
        if isCancelled { stop() }
    }

    /// Nobody waits any more.
    func cancel() {
        let stop = state.withLock { state in
            state.isCancelled = true
            return state.stop
        }
        stop?()
        finish(.failure(CancellationError()))
    }

    /// - Parameter timer: cancelled once something came.
    func end(by timer: Int) {
        let isOver = state.withLock { state in
            state.timer = timer
            return state.continuation == nil
        }
        if isOver { Timers.shared.cancel(timer) }
    }

    func finish(_ result: Result<T, any Error>) {
        let (waiting, timer) = state.withLock { state in
            defer { (state.continuation, state.timer) = (nil, nil) }
            return (state.continuation, state.timer)
        }
        timer.map(Timers.shared.cancel)
        waiting?.resume(with: result)
    }
}
