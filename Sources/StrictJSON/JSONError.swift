/// Why a text was refused as JSON, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Stable identifiers, for machines.
    public enum Code: String, Sendable {
        case invalidUTF8 = "json.invalid_utf8"
        case byteOrderMark = "json.byte_order_mark"
        case unexpected = "json.unexpected"
        case endOfInput = "json.end_of_input"
        case trailingBytes = "json.trailing_bytes"
        case trailingComma = "json.trailing_comma"
        case duplicateKey = "json.duplicate_key"
        case loneSurrogate = "json.lone_surrogate"
        case badEscape = "json.bad_escape"
        case controlCharacter = "json.control_character"
        case badNumber = "json.bad_number"
        case integerRange = "json.integer_range"
        case notAnInteger = "json.not_an_integer"
        case tooDeep = "json.too_deep"
        case tooLong = "json.too_long"
    }

    public let code: Code
    public let message: String
    /// Counted from 1.
    public let line: Int
    /// Counted from 1, in Unicode scalars.
    public let column: Int

    public var description: String { "\(line):\(column): \(message) [\(code.rawValue)]" }
}
