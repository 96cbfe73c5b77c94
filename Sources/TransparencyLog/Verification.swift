/// Checks of proofs, which need nothing but what they are given.
public enum Verification {
    /// Whether `proof` shows that `leaf` is entry `index` of the tree with this size and root
    /// (RFC 9162, section 2.1.3.2).
    public static func inclusion(leaf: Hash, index: Int64, size: Int64, proof: [Hash], root: Hash) -> Bool {
        guard 0 <= index, index < size else { return false }
        var (node, last, hash) = (index, size - 1, leaf)
        for sibling in proof {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                hash = .node(sibling, hash)
                while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                hash = .node(hash, sibling)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && hash == root
    }

    /// Whether `proof` shows that the tree `new` extends the tree `old` (RFC 9162, section 2.1.4.2).
    public static func consistency(old: Int64, oldRoot: Hash, new: Int64, newRoot: Hash, proof: [Hash]) -> Bool {
        guard 0 <= old, old <= new else { return false }
        if old == 0 { return proof.isEmpty }
        if old == new { return proof.isEmpty && oldRoot == newRoot }
        let path = (old & (old - 1) == 0 ? [oldRoot] : []) + proof
        guard let first = path.first else { return false }
        var (node, last) = (old - 1, new - 1)
        while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
        var (oldHash, newHash) = (first, first)
        for sibling in path.dropFirst() {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                (oldHash, newHash) = (.node(sibling, oldHash), .node(sibling, newHash))
                while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                newHash = .node(newHash, sibling)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot
    }
}
