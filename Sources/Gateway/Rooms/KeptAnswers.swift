import Authority
import Synchronization

/// What systems answered to steps, for those who asked for them: in memory only, the oldest forgotten when there is too much.
final class KeptAnswers: Sendable {
    private static let mostBytes = 32 << 20
    /// One that is larger is kept for nobody: it would push out all others.
    private static let largest = 8 << 20

    private struct State {
        var answers: [String: (document: SystemDocument, at: Instant)] = [:]
        /// Oldest first.
        var order: [String] = []
        var bytes = 0

        mutating func forget(_ change: String) { bytes -= answers.removeValue(forKey: change)?.document.bytes.count ?? 0 }
    }

    private let state = Mutex(State())

    subscript(change: String) -> SystemDocument? { state.withLock { $0.answers[change]?.document } }

    func keep(_ document: SystemDocument, of change: String, at now: Instant) {
        guard document.bytes.count <= Self.largest else { return }
        state.withLock { state in
            state.forget(change)
            state.order.removeAll { $0 == change }
            state.answers[change] = (document, now)
            state.order.append(change)
            state.bytes += document.bytes.count
            while state.bytes > Self.mostBytes, !state.order.isEmpty { state.forget(state.order.removeFirst()) }
        }
    }

    func forget(before time: Instant) {
        state.withLock { state in
            while let first = state.order.first, state.answers[first].map({ $0.at < time }) ?? true {
                state.forget(first)
                state.order.removeFirst()
            }
        }
    }
}
