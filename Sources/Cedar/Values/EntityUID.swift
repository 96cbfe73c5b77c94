public import StrictJSON

/// The name of an entity type, such as `LDAP::User`.
public typealias EntityType = ExactString

/// The unique identifier of an entity: its type and its id, such as `LDAP::User::"alice"`.
public struct EntityUID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let type: EntityType
    public let id: ExactString

    public init(type: EntityType, id: ExactString) {
        self.type = type
        self.id = id
    }

    /// As a Cedar literal.
    public var description: String { "\(type)::\(StringLiteral.quoted(id.string))" }

    public static func < (a: EntityUID, b: EntityUID) -> Bool { a.type != b.type ? a.type < b.type : a.id < b.id }
}

enum StringLiteral {
    /// The string as a Cedar literal, everything not plainly printable escaped.
    static func quoted(_ string: String) -> String {
        // Nearly every id is plain: then nothing is to be looked at scalar by scalar.
        if string.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            return "\"\(string)\""
        }
        var out = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\0": out += "\\0"
            default: out += Printable.isVisible(scalar) ? String(Character(scalar)) : "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return out + "\""
    }
}
