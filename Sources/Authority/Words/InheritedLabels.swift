/// Labels come down: what is in a protected group is protected.
public enum InheritedLabels {
    /// The labels of an entry and of every group above it.
    ///
    /// - Parameters:
    ///   - parents: the groups each entry is directly in.
    ///   - own: the labels each entry carries itself.
    public static func of(_ id: String, parents: [String: [String]], own: [String: Set<String>]) -> Set<String> {
        var (labels, seen, waiting): (Set<String>, Set<String>, [String]) = ([], [], [id])
        while let next = waiting.popLast() {
            guard seen.insert(next).inserted else { continue }
            labels.formUnion(own[next] ?? [])
            waiting += parents[next] ?? []
        }
        return labels
    }
}
