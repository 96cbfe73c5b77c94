/// A double as ECMAScript prints it (`Number::toString`, which RFC 8785 section 3.2.2.3 takes over),
/// save that integral values within 64 bits keep all their digits.
enum NumberText {
    static func canonical(_ number: Double) -> String {
        precondition(number.isFinite, "JSON has no infinities")
        if let integer = Int64(exactly: number) { return String(integer) }
        let (digits, exponent) = shortest(number.magnitude)
        return (number < 0 ? "-" : "") + layout(digits, exponent)
    }

    /// The shortest digits d₁d₂… that read back as `number`, with `number` = 0.d₁d₂… × 10^exponent.
    private static func shortest(_ number: Double) -> (digits: [UInt8], exponent: Int) {
        let parts = number.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = Array(mantissa[0].utf8) + Array(fraction.utf8)
        var exponent = mantissa[0].utf8.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, exponent)
    }

    private static func layout(_ digits: [UInt8], _ point: Int) -> String {
        func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
        switch point {
        case digits.count...21:
            return text(digits) + String(repeating: "0", count: point - digits.count)
        case 1...21 where point < digits.count:
            return text(digits[..<point]) + "." + text(digits[point...])
        case -5...0:
            return "0." + String(repeating: "0", count: -point) + text(digits)
        default:
            let tail = digits.count > 1 ? "." + text(digits[1...]) : ""
            return text(digits[..<1]) + tail + "e" + (point > 0 ? "+" : "-") + String(abs(point - 1))
        }
    }
}
