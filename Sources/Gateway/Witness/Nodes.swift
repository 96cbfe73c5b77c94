import Authority
import TransparencyLog

/// Reads the nodes a computation over a stored tree asks for: it is run with what is known, and asks for what it misses, until it
/// runs through. At most one round per level.
struct Nodes {
    private struct Missing: Error {
        let id: TreeNodeID
    }

    private let log: LogName
    private let store: any Store

    init(of log: LogName, in store: any Store) {
        self.log = log
        self.store = store
    }

    /// The audit path of an entry in the tree of that size.
    func proof(_ index: Int64, _ size: Int64) async throws -> [Hash] {
        var known: [TreeNodeID: Hash] = [:]
        while true {
            do {
                return try MerkleTree.inclusionProof(index: index, size: size) { id in
                    guard let hash = known[id] else { throw Missing(id: id) }
                    return hash
                }
            } catch let missing as Missing {
                let bytes = try await store.node(log, level: missing.id.level, index: missing.id.index)
                guard let hash = bytes.flatMap(Hash.init(bytes:)) else {
                    throw StoreError(.altered, "a node of the \(log.rawValue) log is missing")
                }
                known[missing.id] = hash
            }
        }
    }
}
