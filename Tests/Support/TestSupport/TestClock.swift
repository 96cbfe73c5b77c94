public import Authority
import Foundation
import Synchronization

/// A clock that stands still until a test moves it, so that nothing expires because a machine is slow.
public final class TestClock: Sendable {
    private let time: Mutex<Instant>

    /// Starts at the time of day: other parts of a test may have clocks of their own.
    public init() { time = Mutex(Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))) }

    public init(_ start: Instant) { time = Mutex(start) }

    public var now: Instant { time.withLock { $0 } }
    public func set(_ now: Instant) { time.withLock { $0 = now } }
    public func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
}
