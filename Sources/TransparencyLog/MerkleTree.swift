/// A complete subtree: level 0 are the leaves, and node `index` of level L covers the leaves from
/// `index << L` up to `(index + 1) << L`.
public struct TreeNodeID: Hashable, Sendable {
    public let level: Int
    public let index: Int64

    public init(level: Int, index: Int64) {
        self.level = level
        self.index = index
    }
}

/// The Merkle tree of RFC 6962 over stored complete subtrees.
///
/// `read` must give the hash of any complete subtree within the size asked about; it may throw what it
/// likes, and that reaches the caller.
public enum MerkleTree {
    public typealias Reader<Failure: Error> = (TreeNodeID) throws(Failure) -> Hash

    /// The subtrees that become complete when a leaf is added to a tree of `size` leaves, the leaf
    /// itself first. The caller stores them before the new size.
    public static func append<E: Error>(_ leaf: Hash, size: Int64, read: Reader<E>) throws(E) -> [(TreeNodeID, Hash)] {
        var added = [(TreeNodeID(level: 0, index: size), leaf)]
        var (level, index, hash) = (0, size, leaf)
        while index & 1 == 1 {
            hash = .node(try read(TreeNodeID(level: level, index: index - 1)), hash)
            (level, index) = (level + 1, index >> 1)
            added.append((TreeNodeID(level: level, index: index), hash))
        }
        return added
    }

    /// The root over the first `size` leaves.
    public static func root<E: Error>(size: Int64, read: Reader<E>) throws(E) -> Hash {
        size == 0 ? .empty : try hash(0, size, read)
    }

    /// The audit path of leaf `index` in the tree of `size` leaves (RFC 6962, section 2.1.1).
    public static func inclusionProof<E: Error>(index: Int64, size: Int64, read: Reader<E>) throws(E) -> [Hash] {
        precondition(0 <= index && index < size, "the leaf must be in the tree")
        var (low, high) = (0 as Int64, size)
        var path: [Hash] = []
        while high - low > 1 {
            let middle = low + split(high - low)
            if index < middle {
                path.append(try hash(middle, high, read))
                high = middle
            } else {
                path.append(try hash(low, middle, read))
                low = middle
            }
        }
        return path.reversed()
    }

    /// The proof that the tree of `new` leaves extends the one of `old` (RFC 6962, section 2.1.2).
    public static func consistencyProof<E: Error>(old: Int64, new: Int64, read: Reader<E>) throws(E) -> [Hash] {
        precondition(0 < old && old <= new, "a proof goes from a tree that is not empty to a larger one")
        var (low, high) = (0 as Int64, new)
        var path: [Hash] = []
        while old != high {
            let middle = low + split(high - low)
            if old <= middle {
                path.append(try hash(middle, high, read))
                high = middle
            } else {
                path.append(try hash(low, middle, read))
                low = middle
            }
        }
        if low > 0 { path.append(try hash(low, high, read)) }
        return path.reversed()
    }

    /// The hash over the leaves `low ..< high`, the range being a right part of the tree or complete.
    private static func hash<E: Error>(_ low: Int64, _ high: Int64, _ read: Reader<E>) throws(E) -> Hash {
        let count = high - low
        if count & (count - 1) == 0 {
            return try read(TreeNodeID(level: count.trailingZeroBitCount, index: low / count))
        }
        let middle = low + split(count)
        return .node(try hash(low, middle, read), try hash(middle, high, read))
    }

    /// The largest power of two below `count`.
    private static func split(_ count: Int64) -> Int64 { 1 << (Int64.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}
