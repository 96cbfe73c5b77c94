/// An instant: milliseconds since 1970-01-01T00:00:00Z.
public struct Datetime: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    static let day: Int64 = 86_400_000

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads `YYYY-MM-DD` or `YYYY-MM-DDThh:mm:ss[.SSS](Z|±hhmm)`; nil when malformed. There are no
    /// leap seconds.
    public init?(_ text: String) {
        var scanner = DigitScanner(text)
        guard let days = scanner.date() else { return nil }
        var total = days * Self.day
        if !scanner.isAtEnd {
            guard let time = scanner.time(), let offset = scanner.offset(), scanner.isAtEnd else { return nil }
            total += time - offset
        }
        milliseconds = total
    }

    func offset(by duration: Duration) -> Datetime? {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration.milliseconds)
        return overflow ? nil : Datetime(milliseconds: sum)
    }

    func since(_ other: Datetime) -> Duration? {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        return overflow ? nil : Duration(milliseconds: difference)
    }

    /// The start of the day, rounded down; nil when that lies before the earliest instant.
    var date: Datetime? { offset(by: Duration(milliseconds: -time.milliseconds)) }

    /// The time passed since the start of the day.
    var time: Duration {
        let rest = milliseconds % Self.day
        return Duration(milliseconds: rest < 0 ? rest + Self.day : rest)
    }

    public static func < (a: Datetime, b: Datetime) -> Bool { a.milliseconds < b.milliseconds }
}

/// Reads the fixed-width fields of a date and time.
private struct DigitScanner {
    var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number(_ width: Int, in range: ClosedRange<Int64>) -> Int64? {
        let digits = rest.prefix(width)
        guard digits.count == width, digits.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(width)
        let value = digits.reduce(0 as Int64) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        return range.contains(value) ? value : nil
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: scalar) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Days since 1970-01-01.
    mutating func date() -> Int64? {
        guard let year = number(4, in: 0...9999), take("-"), let month = number(2, in: 1...12), take("-"),
            let day = number(2, in: 1...31), day <= Self.length(of: month, in: year)
        else { return nil }
        return Self.days(year, month, day)
    }

    /// Milliseconds since midnight, of `Thh:mm:ss[.SSS]`.
    mutating func time() -> Int64? {
        guard take("T"), let hour = number(2, in: 0...23), take(":"), let minute = number(2, in: 0...59), take(":"),
            let second = number(2, in: 0...59)
        else { return nil }
        var milliseconds: Int64 = 0
        if take(".") {
            guard let fraction = number(3, in: 0...999) else { return nil }
            milliseconds = fraction
        }
        return ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds
    }

    /// Milliseconds east of UTC, of `Z` or `±hhmm`.
    mutating func offset() -> Int64? {
        if take("Z") { return 0 }
        let east = take("+")
        guard east || take("-"), let hour = number(2, in: 0...23), let minute = number(2, in: 0...59) else { return nil }
        return (east ? 1 : -1) * (hour * 60 + minute) * 60_000
    }

    static func length(of month: Int64, in year: Int64) -> Int64 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
