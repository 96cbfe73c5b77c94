/// A tree that only grows: its size, and the complete subtrees at its edge. Enough to know its root and to add to it.
public struct TreeEdge: Sendable {
    public private(set) var size: Int64 = 0
    private var nodes: [TreeNodeID: Hash] = [:]

    public init() {}

    /// Adds a leaf.
    ///
    /// - Returns: the subtrees that became complete, the leaf itself first.
    @discardableResult
    public mutating func append(_ leaf: Hash) -> [(TreeNodeID, Hash)] {
        let known = nodes
        let added = MerkleTree.append(leaf, size: size) { known[$0] ?? .empty }
        for (id, hash) in added {
            nodes[id] = hash
            if id.level > 0 {
                nodes[TreeNodeID(level: id.level - 1, index: id.index * 2)] = nil
                nodes[TreeNodeID(level: id.level - 1, index: id.index * 2 + 1)] = nil
            }
        }
        size += 1
        return added
    }

    public var root: Hash { MerkleTree.root(size: size) { nodes[$0] ?? .empty } }
}
