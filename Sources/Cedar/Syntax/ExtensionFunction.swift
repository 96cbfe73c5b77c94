/// A function or method of the extension types.
enum ExtensionFunction: String, CaseIterable, Sendable {
    case ip, decimal, datetime, duration
    case isIpv4, isIpv6, isLoopback, isMulticast, isInRange
    case lessThan, lessThanOrEqual, greaterThan, greaterThanOrEqual
    case offset, durationSince, toDate, toTime
    case toMilliseconds, toSeconds, toMinutes, toHours, toDays

    /// Called as `f(x)`; the others are called as `x.f(…)`.
    var isConstructor: Bool {
        switch self {
        case .ip, .decimal, .datetime, .duration: true
        default: false
        }
    }

    /// How many arguments it takes, the receiver included.
    var arity: Int {
        switch self {
        case .isInRange, .lessThan, .lessThanOrEqual, .greaterThan, .greaterThanOrEqual, .offset, .durationSince: 2
        default: 1
        }
    }
}
