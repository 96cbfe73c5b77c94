import Foundation
import StrictJSON

/// Reads a URI by a template with plain variables (RFC 6570, level 1).
enum URIMatch {
    /// Whether two URIs are one, however they are written.
    static func isSame(_ a: String, _ b: String) -> Bool {
        (a.removingPercentEncoding ?? a).utf8.elementsEqual((b.removingPercentEncoding ?? b).utf8)
    }

    /// The variables' values, percent-decoded; nil where the URI is not of the template. A value is one segment: it has no slash,
    /// however that is written.
    static func values(of uri: String, _ template: String) -> JSONValue? {
        var (rest, values): (Substring, JSONValue) = (uri[...], [:])
        var pieces = template.split(separator: "{", omittingEmptySubsequences: false)[...]
        guard let start = pieces.popFirst(), rest.utf8.starts(with: start.utf8) else { return nil }
        rest = Substring(rest.utf8.dropFirst(start.utf8.count))
        for piece in pieces {
            let halves = piece.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2 else { return nil }
            let raw: Substring
            if halves[1].isEmpty {
                raw = rest
                rest = ""
            } else {
                guard let next = rest.firstRange(of: halves[1]) else { return nil }
                raw = rest[..<next.lowerBound]
                rest = rest[next.upperBound...]
            }
            guard !raw.isEmpty, let value = String(raw).removingPercentEncoding, !value.contains("/"), value != "..", value != "."
            else { return nil }
            values.add(String(halves[0]), .string(value))
        }
        guard rest.isEmpty else { return nil }
        return values
    }
}
