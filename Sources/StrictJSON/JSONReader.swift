/// Reads one JSON text strictly.
///
/// Refused beyond RFC 8259: duplicate keys (also when an escape hides it), a byte order mark, lone
/// surrogates, nesting deeper than ``Limits/depth``, integers outside 64 bits.
public struct JSONReader {
    public struct Limits: Sendable {
        public var depth: Int
        public var bytes: Int
        /// Whether `1.5`, `1.0` and `1e3` are accepted at all.
        public var fractions: Bool

        public init(depth: Int = 64, bytes: Int = 1 << 20, fractions: Bool = true) {
            self.depth = depth
            self.bytes = bytes
            self.fractions = fractions
        }

        /// For our own formats, in which no number has a fraction.
        public static let integersOnly = Limits(fractions: false)
    }

    let bytes: [UInt8]
    let limits: Limits
    var position = 0

    init(bytes: [UInt8], limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// - Throws: ``JSONError`` with the place of the first thing wrong.
    public static func read(_ bytes: some Sequence<UInt8>, limits: Limits = Limits()) throws(JSONError) -> JSONValue {
        var reader = JSONReader(bytes: Array(bytes), limits: limits)
        return try reader.document()
    }

    public static func read(_ text: String, limits: Limits = Limits()) throws(JSONError) -> JSONValue {
        try read(text.utf8, limits: limits)
    }

    /// The members of an object, each value as it was written.
    ///
    /// - Throws: ``JSONError`` for what ``read(_:limits:)`` refuses, and for what is no object.
    public static func members(of bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) -> [(
        key: String, value: ArraySlice<UInt8>
    )] {
        guard let keys = try read(bytes, limits: limits).object?.keys else {
            throw JSONReader(bytes: bytes, limits: limits).error(.unexpected, "an object should stand here", at: 0)
        }
        return Array(zip(keys, try parts(of: bytes, limits, areNamed: true))).map { (key: $0, value: $1) }
    }

    /// The elements of an array, each as it was written.
    ///
    /// - Throws: ``JSONError`` for what ``read(_:limits:)`` refuses, and for what is no array.
    public static func elements(of bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) -> [ArraySlice<UInt8>] {
        guard try read(bytes, limits: limits).array != nil else {
            throw JSONReader(bytes: bytes, limits: limits).error(.unexpected, "an array should stand here", at: 0)
        }
        return try parts(of: bytes, limits, areNamed: false)
    }

    /// Where the values of an array or an object stand that was read before.
    private static func parts(of bytes: [UInt8], _ limits: Limits, areNamed: Bool) throws(JSONError) -> [ArraySlice<UInt8>] {
        var reader = JSONReader(bytes: bytes, limits: limits)
        var parts: [ArraySlice<UInt8>] = []
        let end: Unicode.Scalar = areNamed ? "}" : "]"
        reader.skipSpace()
        reader.position += 1
        var more = try !reader.opensEmpty(closing: end)
        while more {
            reader.skipSpace()
            if areNamed {
                _ = try reader.string()
                reader.skipSpace()
                try reader.expect(":", "a colon should follow the member's name")
                reader.skipSpace()
            }
            let start = reader.position
            _ = try reader.value(depth: 1)
            parts.append(bytes[start..<reader.position])
            more = try reader.continues(closing: end)
        }
        return parts
    }

    private mutating func document() throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw error(.tooLong, "the text has \(bytes.count) bytes; at most \(limits.bytes) are accepted", at: 0)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error(.byteOrderMark, "the text starts with a byte order mark; remove it", at: 0)
        }
        if let bad = firstInvalidUTF8(in: bytes) { throw error(.invalidUTF8, "this byte is not valid UTF-8", at: bad) }
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error(.trailingBytes, "there is more after the end of the value") }
        return value
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        guard let byte = peek else { throw error(.endOfInput, "the text ends where a value should begin") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw error(.unexpected, "a value should begin here")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        try enter(depth)
        var members: [JSONObject.Member] = []
        var places: [Int] = []
        var more = try !opensEmpty(closing: "}")
        while more {
            skipSpace()
            places.append(position)
            guard peek == UInt8(ascii: "\"") else { throw error(.unexpected, "a member's name in quotes should stand here") }
            let key = try string()
            skipSpace()
            try expect(":", "a colon should follow the member's name")
            members.append(.init(key: key, value: try value(depth: depth)))
            more = try continues(closing: "}")
        }
        if let duplicate = JSONObject.firstDuplicate(in: members) {
            throw error(.duplicateKey, "this name appears twice in the object", at: places[duplicate])
        }
        return .object(JSONObject(checked: members))
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        try enter(depth)
        var elements: [JSONValue] = []
        var more = try !opensEmpty(closing: "]")
        while more {
            elements.append(try value(depth: depth))
            more = try continues(closing: "]")
        }
        return .array(elements)
    }

    private mutating func enter(_ depth: Int) throws(JSONError) {
        guard depth <= limits.depth else { throw error(.tooDeep, "nested deeper than \(limits.depth) levels") }
        position += 1
    }

    private mutating func opensEmpty(closing: Unicode.Scalar) throws(JSONError) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: closing) else { return false }
        position += 1
        return true
    }

    /// After an element: true past a comma, false past the closing bracket.
    private mutating func continues(closing: Unicode.Scalar) throws(JSONError) -> Bool {
        skipSpace()
        if peek == UInt8(ascii: closing) {
            position += 1
            return false
        }
        let comma = position
        try expect(",", "a comma or '\(closing)' should stand here")
        skipSpace()
        if peek == UInt8(ascii: closing) { throw error(.trailingComma, "no comma may stand before '\(closing)'", at: comma) }
        return true
    }

    private mutating func expect(_ scalar: Unicode.Scalar, _ message: String) throws(JSONError) {
        guard let byte = peek else { throw error(.endOfInput, "the text ends too early: " + message) }
        guard byte == UInt8(ascii: scalar) else { throw error(.unexpected, message) }
        position += 1
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        let matches = word.withUTF8Buffer { bytes[position...].prefix(count).elementsEqual($0) }
        guard matches else { throw error(.unexpected, "'\(word)' should stand here") }
        position += count
        return value
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }
}
