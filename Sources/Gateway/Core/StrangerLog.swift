public import Authority
public import Logging
import StrictJSON
import Synchronization

/// Tells the operator why callers whom nobody knows were refused: so many lines a second and so long each, whatever they send.
public final class StrangerLog: Sendable {
    private struct State {
        var second: Int64 = 0
        var written = 0
        /// Refusals that were not written.
        var untold = 0
    }

    private static let perSecond = 20
    /// Unicode scalars of one text, which an attacker may have chosen.
    private static let length = 256

    private let log: Logger
    private let now: @Sendable () -> Instant
    private let state = Mutex(State())

    public init(log: Logger, now: @escaping @Sendable () -> Instant) {
        self.log = log
        self.now = now
    }

    /// - Parameter path: what was asked for, if that says anything.
    public func note(_ reason: any Error, path: String? = nil) {
        let second = now().milliseconds / 1000
        let (isWritten, untold) = state.withLock { state -> (Bool, Int) in
            if state.second != second { (state.second, state.written) = (second, 0) }
            guard state.written < Self.perSecond else {
                state.untold += 1
                return (false, 0)
            }
            state.written += 1
            defer { state.untold = 0 }
            return (true, state.untold)
        }
        guard isWritten else { return }
        tell(untold)
        let metadata = path.map { ["path": Logger.MetadataValue.string(Printable.text($0, limit: Self.length))] } ?? [:]
        log.notice("\(Printable.text("\(reason)", limit: Self.length))", metadata: metadata)
    }

    /// Says how many were not written. Called now and then: nobody may come after them.
    func flush() {
        tell(
            state.withLock { state in
                defer { state.untold = 0 }
                return state.untold
            })
    }

    private func tell(_ untold: Int) {
        if untold > 0 { log.notice("\(untold) more callers whom nobody knows were refused") }
    }
}
