/// Where a tile stands (c2sp.org/tlog-tiles): tile `index` of level L has the hashes of the complete subtrees of `256^L` leaves
/// from `256 * index` on.
public struct TileID: Hashable, Sendable {
    public let level: Int
    public let index: Int64

    public init(level: Int, index: Int64) {
        self.level = level
        self.index = index
    }
}

/// Up to 256 hashes side by side.
public struct Tile: Sendable {
    public static let width = 256

    public let id: TileID
    public let hashes: [Hash]

    public init(id: TileID, hashes: [Hash]) {
        self.id = id
        self.hashes = hashes
    }

    /// Reads the form of ``bytes``; nil when malformed.
    public init?(id: TileID, bytes: [UInt8]) {
        guard bytes.count.isMultiple(of: 32), (1...Self.width).contains(bytes.count / 32) else { return nil }
        self.init(
            id: id,
            hashes: stride(from: 0, to: bytes.count, by: 32).compactMap { Hash(bytes: bytes[$0..<($0 + 32)]) })
    }

    public var bytes: [UInt8] { hashes.flatMap(\.bytes) }

    /// The hash over all of a full tile.
    public var root: Hash { Self.root(hashes[...]) }

    /// The hash over a power of two of hashes.
    static func root(_ hashes: ArraySlice<Hash>) -> Hash {
        var row = Array(hashes)
        while row.count > 1 { row = stride(from: 0, to: row.count, by: 2).map { .node(row[$0], row[$0 + 1]) } }
        return row[0]
    }
}

/// A log's tree as far as it must be at hand to be added to: its edge, and at each level the hashes that don't fill a tile yet.
///
/// A tile of leaves is kept by whoever keeps the entries once it is full, since until then the entries tell its hashes; a tile
/// above is kept from its first hash on, since those hashes change only once in 256 entries.
public struct LogTree: Sendable {
    private var edge = TreeEdge()
    /// By level, from the leaves: the hashes of the tile at the edge.
    private var open: [[Hash]] = [[]]

    public init() {}

    public var size: Int64 { edge.size }
    public var root: Hash { edge.root }

    /// Takes up a tree from what is kept of it.
    ///
    /// - Parameters:
    ///   - leaves: those after the last full tile of leaves.
    ///   - tile: gives the tile at the edge of a level above; of one that has grown since, its beginning counts.
    /// - Returns: nil when what is kept does not make a tree of this size.
    public init?(size: Int64, leaves: [Hash], tile: (TileID) throws -> Tile?) rethrows {
        var levels: [(level: Int, hashes: [Hash])] = []
        var (level, count) = (1, size >> 8)
        while count > 0 {
            // Of a full tile at the edge nothing is open.
            let width = Int(count & 255)
            let hashes = width == 0 ? [] : Array(try tile(TileID(level: level, index: count >> 8))?.hashes.prefix(width) ?? [])
            guard hashes.count == width else { return nil }
            levels.append((level, hashes))
            (level, count) = (level + 1, count >> 8)
        }
        guard leaves.count == Int(size & 255) else { return nil }
        open = [leaves] + levels.map(\.hashes)
        // From the largest subtrees to the leaves.
        for (level, hashes) in levels.reversed() { for hash in hashes { edge.grow(hash, level: 8 * level) } }
        for leaf in leaves { edge.grow(leaf) }
    }

    /// Adds a leaf.
    ///
    /// - Returns: the tiles that are to be kept anew.
    public mutating func append(_ leaf: Hash) -> [Tile] {
        let place = edge.size
        var above: [(level: Int, hash: Hash)] = []
        edge.grow(leaf, level: 0) { id, hash in if id.level.isMultiple(of: 8) { above.append((id.level / 8, hash)) } }
        open[0].append(leaf)
        guard !above.isEmpty else { return [] }
        var kept = [Tile(id: TileID(level: 0, index: place >> 8), hashes: open[0])]
        open[0] = []
        for (level, hash) in above {
            if open.count == level { open.append([]) }
            open[level].append(hash)
            kept.append(Tile(id: TileID(level: level, index: place >> (8 * (level + 1))), hashes: open[level]))
            if open[level].count == Tile.width { open[level] = [] }
        }
        return kept
    }

    /// The hashes at hand of the tile, when it is the one at its level's edge.
    public func open(_ id: TileID) -> [Hash]? {
        guard open.indices.contains(id.level), id.index == edge.size >> (8 * (id.level + 1)) else { return nil }
        return open[id.level]
    }
}

extension TileID {
    /// The tile that has what is needed to know a complete subtree's hash.
    public init(of node: TreeNodeID) {
        let level = node.level / 8
        self.init(level: level, index: (node.index << (node.level % 8)) >> 8)
    }
}

extension Tile {
    /// The hash of a complete subtree that this tile has; nil when it does not reach so far.
    public func hash(of node: TreeNodeID) -> Hash? {
        let width = 1 << (node.level % 8)
        let start = Int((node.index << (node.level % 8)) & 255)
        guard start + width <= hashes.count else { return nil }
        return Self.root(hashes[start..<(start + width)])
    }
}
