import Foundation

/// Text in a header, as revision 2026-07-28 writes it: visible ASCII as it is, all else as `=?base64?…?=`.
enum HeaderText {
    static func encode(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && text.utf8.first != 0x20 && text.utf8.last != 0x20
        guard isPlain, !(text.hasPrefix("=?base64?") && text.hasSuffix("?=")) else {
            return "=?base64?\(Data(text.utf8).base64EncodedString())?="
        }
        return text
    }
}
