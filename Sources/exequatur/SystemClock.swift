import Authority
import Foundation

/// The clock of the machine.
enum SystemClock {
    @Sendable static func now() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
