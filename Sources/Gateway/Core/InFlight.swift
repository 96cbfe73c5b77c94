import Synchronization

/// Counts what is under way by what it is of, and lets in so many of each.
public final class InFlight: Sendable {
    public let limit: Int
    private let counts = Mutex<[String: Int]>([:])

    public init(limit: Int) { self.limit = limit }

    /// Whether one more is let in; it must ``leave(_:)`` then.
    public func enter(_ name: String) -> Bool {
        counts.withLock { counts in
            guard counts[name, default: 0] < limit else { return false }
            counts[name, default: 0] += 1
            return true
        }
    }

    public func isIn(_ name: String) -> Bool { counts.withLock { $0[name] != nil } }

    public func leave(_ name: String) {
        counts.withLock { counts in
            let left = counts[name, default: 1] - 1
            counts[name] = left > 0 ? left : nil
        }
    }
}
