extension JSONReader {
    /// Reads a number by the grammar of RFC 8259, section 6.
    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        let leadingZero = peek == UInt8(ascii: "0")
        let digits = skipDigits()
        guard digits > 0, !(leadingZero && digits > 1) else {
            throw error(.badNumber, "this is not a number as JSON writes it", at: start)
        }
        let isInteger = try !skipFractionAndExponent(start)
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        return try isInteger ? integer(text, start) : fraction(text, start)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func skipFractionAndExponent(_ start: Int) throws(JSONError) -> Bool {
        var found = false
        if peek == UInt8(ascii: ".") {
            position += 1
            found = true
            guard skipDigits() > 0 else { throw error(.badNumber, "a digit should follow the decimal point", at: start) }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            found = true
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw error(.badNumber, "a digit should follow the exponent's sign", at: start) }
        }
        return found
    }

    private func integer(_ text: String, _ start: Int) throws(JSONError) -> JSONValue {
        guard let value = Int64(text) else {
            throw error(.integerRange, "this integer does not fit 64 bits", at: start)
        }
        return .integer(value)
    }

    private func fraction(_ text: String, _ start: Int) throws(JSONError) -> JSONValue {
        guard limits.fractions else {
            throw error(.notAnInteger, "an integer belongs here, without fraction or exponent", at: start)
        }
        guard let value = Double(text), value.isFinite else {
            throw error(.badNumber, "this number is too large", at: start)
        }
        // RFC 8785 writes such a number in plain digits, which would be read back as an integer, and does not fit one.
        guard value.magnitude < 0x1p63 || value.magnitude >= 1e21 else {
            throw error(.integerRange, "this number does not fit 64 bits", at: start)
        }
        return .number(value)
    }
}
