import StrictJSON

/// A moment: milliseconds since 1970-01-01T00:00:00Z. It comes in through a port; this floor has no clock.
///
/// Always within ``range``, so that no arithmetic on it can trap. What comes from outside is read by
/// ``StrictJSON/Fields/instant(_:)``, which refuses what lies beyond.
public struct Instant: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    /// From 1970 to the end of the year 9999.
    public static let range: ClosedRange<Int64> = 0...253_402_300_799_999

    /// Takes the nearest moment of ``range``.
    public init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
    }

    public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

    /// Stays within ``range``.
    public func adding(seconds: Int64) -> Instant {
        let (step, isTooFar) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, isBeyond) = milliseconds.addingReportingOverflow(step)
        return Instant(milliseconds: isTooFar || isBeyond ? (seconds < 0 ? .min : .max) : sum)
    }
}

extension Fields {
    /// A moment in milliseconds since 1970, up to the year 9999.
    mutating func instant(_ key: String) throws(ShapeError) -> Instant {
        let milliseconds = try integer(key)
        guard Instant.range.contains(milliseconds) else {
            throw ShapeError(.invalid, at: path(key), "a moment between 1970 and 9999 belongs here, in milliseconds since 1970")
        }
        return Instant(milliseconds: milliseconds)
    }
}
