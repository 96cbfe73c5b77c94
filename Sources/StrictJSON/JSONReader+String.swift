extension JSONReader {
    /// Reads a string; `position` stands on its opening quote.
    mutating func string() throws(JSONError) -> String {
        let open = position
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text.append(contentsOf: Array(String(Character(try escape())).utf8))
            case 0..<0x20:
                throw error(.controlCharacter, "a control character must be escaped inside a string")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw error(.endOfInput, "this string is never closed", at: open)
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 2
        guard start + 1 < bytes.count else { throw error(.endOfInput, "the text ends inside an escape", at: start) }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(start)
        default: throw error(.badEscape, "this escape does not exist in JSON", at: start)
        }
    }

    private mutating func unicodeEscape(_ start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimal(start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
            throw error(.loneSurrogate, "half of a surrogate pair stands alone", at: start)
        }
        position += 2
        let second = try hexadecimal(start)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error(.loneSurrogate, "half of a surrogate pair stands alone", at: start) }
        return scalar
    }

    private mutating func hexadecimal(_ start: Int) throws(JSONError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        var value: UInt32 = 0
        for digit in digits {
            guard let nibble = Character(Unicode.Scalar(digit)).hexDigitValue else {
                throw error(.badEscape, "four hexadecimal digits should follow \\u", at: start)
            }
            value = value << 4 + UInt32(nibble)
        }
        guard digits.count == 4 else { throw error(.badEscape, "four hexadecimal digits should follow \\u", at: start) }
        position += 4
        return value
    }
}
