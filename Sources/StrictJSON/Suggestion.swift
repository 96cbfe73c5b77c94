/// Finds what somebody probably meant to write.
public enum Suggestion {
    /// The candidate nearest to `word`, when it is near enough to be a slip of the hand.
    public static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        guard word.unicodeScalars.count <= 64 else { return nil }
        let count = word.unicodeScalars.count
        let limit = count < 4 ? 1 : max(2, count / 3)
        return candidates.map { (distance(word, $0), $0) }
            .filter { $0.0 <= limit }
            .min { $0.0 != $1.0 ? $0.0 < $1.0 : ExactString($0.1) < ExactString($1.1) }?.1
    }

    /// Levenshtein distance over scalars, letter case ignored.
    static func distance(_ a: String, _ b: String) -> Int {
        let (left, right) = (Array(a.lowercased().unicodeScalars), Array(b.lowercased().unicodeScalars))
        var row = Array(0...right.count)
        for (i, x) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in right.enumerated() {
                let substituted = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
