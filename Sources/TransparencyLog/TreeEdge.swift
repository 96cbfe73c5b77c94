/// A tree that only grows: its size, and the complete subtrees at its edge. Enough to know its root and to add to it.
public struct TreeEdge: Sendable {
    public private(set) var size: Int64 = 0
    /// The largest complete subtrees, from the left: one for each bit of the size.
    private var subtrees: [Hash] = []

    public init() {}

    /// Adds a leaf.
    ///
    /// - Returns: the subtrees that became complete, the leaf itself first.
    @discardableResult
    public mutating func append(_ leaf: Hash) -> [(TreeNodeID, Hash)] {
        var added = [(TreeNodeID(level: 0, index: size), leaf)]
        grow(leaf, level: 0) { added.append(($0, $1)) }
        return added
    }

    /// Adds a leaf.
    public mutating func grow(_ leaf: Hash) { grow(leaf, level: 0) }

    /// Adds a complete subtree of that level; the size must be a multiple of how many leaves it has.
    ///
    /// - Parameter visit: told of the subtrees above it that became complete.
    mutating func grow(_ hash: Hash, level: Int, _ visit: (TreeNodeID, Hash) -> Void = { _, _ in }) {
        precondition(size & (1 << level - 1) == 0, "a subtree begins where it belongs")
        var (hash, at, index) = (hash, level, size >> level)
        while index & 1 == 1 {
            hash = .node(subtrees.removeLast(), hash)
            (at, index) = (at + 1, index >> 1)
            visit(TreeNodeID(level: at, index: index), hash)
        }
        subtrees.append(hash)
        size += 1 << level
    }

    public var root: Hash {
        guard var root = subtrees.last else { return .empty }
        for subtree in subtrees.dropLast().reversed() { root = .node(subtree, root) }
        return root
    }
}
