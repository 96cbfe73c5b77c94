extension JSONReader {
    func error(_ code: JSONError.Code, _ message: String, at offset: Int? = nil) -> JSONError {
        let before = bytes[..<min(offset ?? position, bytes.count)]
        let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
        let line = before.count { $0 == 0x0A } + 1
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return JSONError(code: code, message: message, line: line, column: column)
    }

    /// The offset of the first byte that is not part of well-formed UTF-8, or nil.
    func firstInvalidUTF8(in bytes: [UInt8]) -> Int? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.parseScalar(from: &iterator) {
            case .valid(let scalar): offset += scalar.count
            case .error, .emptyInput: return offset
            }
        }
    }
}
