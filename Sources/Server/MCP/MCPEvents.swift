import Synchronization

/// What is told of a call before it is answered: where nothing is, its answer is no stream.
final class MCPEvents: Sendable {
    /// What is longer is not passed on: whoever listens slowly has a thousand kept for them.
    private static let largest = 16 << 10

    private enum State {
        case silent(CheckedContinuation<HTTPAnswer, Never>?)
        case answered(HTTPAnswer)
        case streaming
    }

    private let state = Mutex(State.silent(nil))
    private let stream: AsyncStream<[UInt8]>
    private let events: AsyncStream<[UInt8]>.Continuation

    init() { (stream, events) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1_000)) }

    /// - Parameter onEnd: called when nobody reads the stream any more.
    func onEnd(_ body: @escaping @Sendable () -> Void) { events.onTermination = { _ in body() } }

    /// The call's answer: as a whole, or as a stream of what is told, with the answer last.
    var answer: HTTPAnswer {
        get async {
            await withCheckedContinuation { continuation in
                let known: HTTPAnswer? = state.withLock { state in
                    switch state {
                    case .silent:
                        state = .silent(continuation)
                        return nil
                    case .answered(let answer): return answer
                    case .streaming: return streaming
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }

    private var streaming: HTTPAnswer {
        var answer = HTTPAnswer(200)
        answer.events = stream
        return answer
    }

    func tell(_ data: [UInt8]) {
        guard data.count <= Self.largest else { return }
        events.yield(data)
        let waiter = state.withLock { state -> CheckedContinuation<HTTPAnswer, Never>? in
            guard case .silent(let waiter) = state else { return nil }
            state = .streaming
            return waiter
        }
        waiter?.resume(returning: streaming)
    }

    func end(_ answer: HTTPAnswer) {
        let waiter = state.withLock { state -> CheckedContinuation<HTTPAnswer, Never>? in
            guard case .silent(let waiter) = state else {
                events.yield(answer.bytes ?? [])
                return nil
            }
            state = .answered(answer)
            return waiter
        }
        waiter?.resume(returning: answer)
        events.finish()
    }
}
