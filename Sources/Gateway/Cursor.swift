import Authority
import Cedar
import Crypto
import StrictJSON

/// Where a page of members ended, as its reader is told: the member's id with a code over it, the group and the reader. So a page
/// begins where one ended that the same reader was shown, and nowhere else.
extension Gateway {
    func cursor(after member: String, of group: String, for reader: Principal) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.bytes(member, group, reader), using: cursorKey)
        return member + "." + code.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The member's id.
    ///
    /// - Throws: ``Refusal`` when the cursor is not one that this reader was given for this group since the gateway started.
    func member(of cursor: String, in group: String, for reader: Principal) throws -> String {
        let member = cursor.split(separator: ".").dropLast().joined(separator: ".")
        guard self.cursor(after: member, of: group, for: reader).isExactly(cursor) else {
            throw Refusal(
                "input.cursor", "`after` is not where a page of yours ended, or the gateway was restarted: begin again.")
        }
        return member
    }

    private static func bytes(_ member: String, _ group: String, _ reader: Principal) -> [UInt8] {
        Array(Digest(of: .array([.string(member), .string(group), .string(reader.uid.description)])).hex.utf8)
    }
}
