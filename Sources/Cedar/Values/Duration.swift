/// A span of time in milliseconds.
public struct Duration: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    private static let units: [(suffix: String, milliseconds: Int64)] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]

    /// Reads `-?` and then, each at most once and in this order, `NdNhNmNsNms`; nil when malformed,
    /// empty or out of range.
    public init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest.removeFirst() }
        var total: Int64 = 0
        var units = Self.units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix(while: isDigit)
            let suffix = rest.dropFirst(digits.count).prefix { !isDigit($0) }
            guard let place = units.firstIndex(where: { Array($0.suffix.utf8) == Array(suffix) }),
                let amount = Int64((negative ? "-" : "") + String(decoding: digits, as: UTF8.self))
            else { return nil }
            let (product, tooLarge) = amount.multipliedReportingOverflow(by: units[place].milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(product)
            guard !tooLarge, !overflow else { return nil }
            total = sum
            units = units[(place + 1)...]
            rest = rest.dropFirst(digits.count + suffix.count)
        }
        milliseconds = total
    }

    public static func < (a: Duration, b: Duration) -> Bool { a.milliseconds < b.milliseconds }
}
