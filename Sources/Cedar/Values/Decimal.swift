/// A fixed-point number with four fraction digits: an i64 count of ten-thousandths.
public struct Decimal: Hashable, Comparable, Sendable {
    public let tenThousandths: Int64

    public init(tenThousandths: Int64) { self.tenThousandths = tenThousandths }

    /// Reads `-?digits.digits` with one to four fraction digits; nil when malformed or out of range.
    public init?(_ text: String) {
        var rest = Substring(text)
        let negative = rest.utf8.first == UInt8(ascii: "-")
        if negative { rest = rest.dropFirst() }
        let parts = rest.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, (1...4).contains(parts[1].count),
            parts.allSatisfy({ $0.allSatisfy(isDigit) })
        else { return nil }
        let digits = String(Substring(parts[0])) + String(Substring(parts[1])) + String(repeating: "0", count: 4 - parts[1].count)
        guard let value = Int64((negative ? "-" : "") + digits) else { return nil }
        tenThousandths = value
    }

    public static func < (a: Decimal, b: Decimal) -> Bool { a.tenThousandths < b.tenThousandths }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
