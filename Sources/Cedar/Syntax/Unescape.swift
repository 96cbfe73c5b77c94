/// Reads the escapes of a string literal, which are those of Rust.
enum Unescape {
    struct Failure: Error { let message: String }

    /// One scalar of a literal, and whether it was written `\*`.
    struct Element {
        let scalar: Unicode.Scalar
        let isEscapedStar: Bool
    }

    static func string(_ raw: String) throws(Failure) -> String {
        var text = String.UnicodeScalarView()
        for element in try elements(raw, stars: false) { text.append(element.scalar) }
        return String(text)
    }

    static func pattern(_ raw: String) throws(Failure) -> Pattern {
        Pattern(
            try elements(raw, stars: true).map { element in
                element.scalar == "*" && !element.isEscapedStar ? .wildcard : .scalar(element.scalar)
            })
    }

    private static func elements(_ raw: String, stars: Bool) throws(Failure) -> [Element] {
        var out: [Element] = []
        var rest = Array(raw.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            if scalar == "\r" {
                throw Failure(message: "a bare carriage return may not stand in a string")
            }
            if scalar != "\\" {
                out.append(Element(scalar: scalar, isEscapedStar: false))
            } else if stars, rest.first == "*" {
                rest.removeFirst()
                out.append(Element(scalar: "*", isEscapedStar: true))
            } else {
                guard let escaped = escape(&rest) else {
                    throw Failure(message: "this string has an escape that does not exist")
                }
                out.append(Element(scalar: escaped, isEscapedStar: false))
            }
        }
        return out
    }

    private static func escape(_ rest: inout ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        switch rest.popFirst() {
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        case "0": "\0"
        case "\\": "\\"
        case "'": "'"
        case "\"": "\""
        case "x": byte(&rest)
        case "u": unicode(&rest)
        default: nil
        }
    }

    private static func byte(_ rest: inout ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        let digits = String(String.UnicodeScalarView(rest.prefix(2)))
        rest = rest.dropFirst(2)
        guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16), value < 0x80
        else { return nil }
        return Unicode.Scalar(value)
    }

    private static func unicode(_ rest: inout ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        guard rest.popFirst() == "{", let close = rest.firstIndex(of: "}") else { return nil }
        let body = String(String.UnicodeScalarView(rest[..<close]))
        rest = rest[(close + 1)...]
        let digits = body.filter { $0 != "_" }
        guard !body.hasPrefix("_"), (1...6).contains(digits.utf8.count), digits.utf8.allSatisfy({ $0 < 0x80 }),
            digits.allSatisfy(\.isHexDigit)
        else { return nil }
        return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
    }
}
