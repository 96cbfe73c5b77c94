import Authority
import Cedar
import Crypto
import StrictJSON
import TransparencyLog

/// Where a page of contents ended, as its reader is told: sealed, for it may be somebody whom they may not see. So a page begins
/// where one of the same reader's ended, and nowhere else.
extension Submissions {
    /// Cursors of short and of longer ids look alike.
    private static let block = 64

    func cursor(after member: String, of group: String, for reader: Principal) -> String? {
        var padded = Array(member.utf8)
        padded += Array(repeating: 0, count: Self.block - padded.count % Self.block)
        guard let nonce = try? AES.GCM.Nonce(data: core.environment.random(12)),
            let sealed = try? AES.GCM.seal(padded, using: cursorKey, nonce: nonce, authenticating: Self.place(group, reader))
        else { return nil }
        return sealed.combined.map {
            Base64.encode(Array($0)).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
    }

    /// The id of the member after which the page begins.
    ///
    /// - Throws: ``Refusal`` when the cursor is not one that this reader was given for this group since the gateway started.
    func member(of cursor: String, in group: String, for reader: Principal) throws -> String {
        let digits = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let text = digits + String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)
        guard let bytes = Base64.decode(text), let box = try? AES.GCM.SealedBox(combined: bytes),
            let padded = try? AES.GCM.open(box, using: cursorKey, authenticating: Self.place(group, reader))
        else {
            throw Refusal(
                .inputCursor, "`after` is not where a page of yours ended, or the gateway was restarted: begin again.")
        }
        return String(decoding: padded.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func place(_ group: String, _ reader: Principal) -> [UInt8] {
        JSONWriter.canonical(.array([.string(group), .string(reader.uid.description)]))
    }
}
