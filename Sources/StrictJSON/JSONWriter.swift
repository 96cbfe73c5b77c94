/// Writes canonical JSON: RFC 8785, except that integers are written exactly.
///
/// RFC 8785 prints every number as a double would be, so that 2⁵³ and 2⁵³+1 give the same bytes.
/// Here an integral value that fits 64 bits is written with all its digits; equal values give equal
/// bytes and different values different ones.
public enum JSONWriter {
    public static func canonical(_ value: JSONValue) -> [UInt8] {
        var out: [UInt8] = []
        write(value, to: &out)
        return out
    }

    public static func canonicalText(_ value: JSONValue) -> String {
        String(decoding: canonical(value), as: UTF8.self)
    }

    static func write(_ value: JSONValue, to out: inout [UInt8]) {
        switch value {
        case .null: out += "null".utf8
        case .bool(let flag): out += (flag ? "true" : "false").utf8
        case .integer(let integer): out += String(integer).utf8
        case .number(let number): out += NumberText.canonical(number).utf8
        case .string(let string): write(string, to: &out)
        case .array(let elements): write(elements, to: &out)
        case .object(let object): write(object, to: &out)
        }
    }

    private static func write(_ elements: [JSONValue], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            write(element, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    private static func write(_ object: JSONObject, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        let members = object.members
        let isSorted = zip(members, members.dropFirst()).allSatisfy { !precedes($1.key, $0.key) }
        let sorted = isSorted ? members : members.sorted { precedes($0.key, $1.key) }
        for (index, member) in sorted.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            write(member.key, to: &out)
            out.append(UInt8(ascii: ":"))
            write(member.value, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// By UTF-16, as RFC 8785 has it. That differs from the order of bytes only from U+E000 on.
    private static func precedes(_ a: String, _ b: String) -> Bool {
        let order = a.utf8.withContiguousStorageIfAvailable { x in
            b.utf8.withContiguousStorageIfAvailable { y -> Bool? in
                for place in 0..<min(x.count, y.count) where x[place] != y[place] {
                    return x[place] < 0xEE && y[place] < 0xEE ? x[place] < y[place] : nil
                }
                return x.count < y.count
            }
        }
        if let known = order ?? nil, let known { return known }
        return a.utf16.lexicographicallyPrecedes(b.utf16)
    }

    private static func write(_ string: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        let isWhole: Void? = string.utf8.withContiguousStorageIfAvailable { write($0, to: &out) }
        if isWhole == nil { for byte in string.utf8 { write(escaping: byte, to: &out) } }
        out.append(UInt8(ascii: "\""))
    }

    /// What needs no escape is copied in runs: a prompt may have hundreds of kilobytes.
    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        var start = 0
        for (place, byte) in bytes.enumerated() where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            out.append(contentsOf: bytes[start..<place])
            write(escaping: byte, to: &out)
            start = place + 1
        }
        out.append(contentsOf: bytes[start...])
    }

    private static func write(escaping byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): out += [0x5C, 0x22]
        case UInt8(ascii: "\\"): out += [0x5C, 0x5C]
        case 0x08: out += Array("\\b".utf8)
        case 0x09: out += Array("\\t".utf8)
        case 0x0A: out += Array("\\n".utf8)
        case 0x0C: out += Array("\\f".utf8)
        case 0x0D: out += Array("\\r".utf8)
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            out += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: out.append(byte)
        }
    }
}
