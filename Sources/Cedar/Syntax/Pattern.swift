/// The right side of `like`: literal scalars, and wildcards that match any number of them.
public struct Pattern: Hashable, Sendable {
    public enum Element: Hashable, Sendable {
        case scalar(Unicode.Scalar)
        case wildcard
    }

    let elements: [Element]

    init(_ elements: [Element]) { self.elements = elements }

    /// Whether the whole text matches. At most text × pattern steps: only the last wildcard is retried.
    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (i, p) = (0, 0)
        var retry: (i: Int, p: Int)?
        while i < scalars.count {
            if p < elements.count, elements[p] == .wildcard {
                retry = (i, p + 1)
                p += 1
            } else if p < elements.count, elements[p] == .scalar(scalars[i]) {
                (i, p) = (i + 1, p + 1)
            } else if let (from, after) = retry {
                retry = (from + 1, after)
                (i, p) = (from + 1, after)
            } else {
                return false
            }
        }
        return elements[p...].allSatisfy { $0 == .wildcard }
    }
}
