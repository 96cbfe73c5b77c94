import Authority
import TransparencyLog

/// Reads of a log's tree what a proof needs: from the tiles that are kept, and what is not kept yet from the tree at hand.
struct TreeReader {
    private let log: LogName
    private let tree: LogTree
    private let store: any Store

    init(_ log: LogName, _ tree: LogTree, in store: any Store) {
        (self.log, self.tree, self.store) = (log, tree, store)
    }

    /// The audit path of an entry in the tree of that size. Whoever uses it checks it.
    func inclusion(of index: Int64, size: Int64) async throws -> [Hash] {
        try await proof { MerkleTree.inclusionProof(index: index, size: size, read: $0) }
    }

    /// The proof that the tree goes on from its first so many entries. Whoever uses it checks it.
    func consistency(of size: Int64) async throws -> [Hash] {
        try await proof { MerkleTree.consistencyProof(old: size, new: tree.size, read: $0) }
    }

    /// The tree as it was when it had that size; nil where what is kept does not make one.
    static func tree(of log: LogName, size: Int64, in store: any Store) async throws -> LogTree? {
        var ids: [TileID] = []
        var (level, count) = (1, size >> 8)
        while count > 0 {
            ids.append(TileID(level: level, index: count >> 8))
            (level, count) = (level + 1, count >> 8)
        }
        let tiles = try await store.tiles(ids, of: log)
        let leaves = try await store.entries(log, in: (size & ~255)..<size).map { Hash.leaf($0) }
        return LogTree(size: size, leaves: leaves) { tiles[$0] }
    }

    /// Works a proof out twice: once to see which nodes it asks for, and once with them, fetched together.
    private func proof(_ work: (MerkleTree.Reader<Never>) -> [Hash]) async throws -> [Hash] {
        var wanted: Set<TileID> = []
        _ = work {
            wanted.insert(TileID(of: $0))
            return .empty
        }
        let kept = wanted.filter { tree.open($0) == nil }.sorted { ($0.level, $0.index) < ($1.level, $1.index) }
        let tiles = try await store.tiles(kept, of: log)
        var isWhole = true
        let proof = work { node in
            let id = TileID(of: node)
            let tile = tree.open(id).map { Tile(id: id, hashes: $0) } ?? tiles[id]
            guard let hash = tile?.hash(of: node) else {
                isWhole = false
                return .empty
            }
            return hash
        }
        guard isWhole else { throw StoreError(.altered, "a tile of the \(log.rawValue) log is missing") }
        return proof
    }
}
