import Foundation

/// By what a dynamic group takes its members: the URL's filter, with all that it looks at (RFC 4516; RFC 4515).
struct MemberURL: Equatable {
    /// Attributes by the names written there: those the filter compares, and those whose values are taken as members.
    private(set) var attributes: Set<String> = []
    /// The names of groups whose members it takes (`memberOf`).
    private(set) var groups: [String] = []
    /// Whether it looks at what can't be told: then any attribute may count.
    private(set) var isOpaque = false

    init(_ url: String) {
        let parts = url.split(separator: "?", maxSplits: 4, omittingEmptySubsequences: false).map { $0.removingPercentEncoding }
        guard parts.allSatisfy({ $0 != nil }) else {
            isOpaque = true
            return
        }
        if parts.count > 1 { attributes = Set((parts[1] ?? "").split(separator: ",").map(String.init)) }
        let filter = (parts.count > 3 ? parts[3] : nil) ?? ""
        // Without a filter it takes whoever is there at all.
        for item in (filter.isEmpty ? "objectClass=*" : filter).split(whereSeparator: { "()".contains($0) }) { read(item) }
    }

    /// One comparison, or the operator before some.
    private mutating func read(_ item: Substring) {
        let item = item.drop { "&|! ".contains($0) }
        guard !item.isEmpty else { return }
        guard let equals = item.firstIndex(of: "=") else {
            isOpaque = true
            return
        }
        let name = String(item[..<equals]).trimmingCharacters(in: CharacterSet(charactersIn: "~<> "))
        let value = String(item[item.index(after: equals)...])
        if name.isEmpty || name.contains(":") {
            isOpaque = true
        } else if name.lowercased() == "memberof" {
            if let group = Self.unescaped(value), group != "*" { groups.append(group) } else { isOpaque = true }
        } else {
            attributes.insert(name)
        }
    }

    /// A value with its `\xx` read; nil when they are no text.
    private static func unescaped(_ value: String) -> String? {
        value.contains("\\") ? value.replacing("\\", with: "%").removingPercentEncoding : value
    }
}
