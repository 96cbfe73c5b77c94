public import Authority
import TransparencyLog

/// The logs, each entry and body proved to be what was written.
extension WitnessedStore {
    public func logSize(_ log: LogName) async throws -> Int64 { writer.known { $0.trees[log]?.size ?? 0 } }

    /// A single entry is proved to be in the log; of several only their number.
    public func entries(_ log: LogName, in range: Range<Int64>) async throws -> [[UInt8]] {
        guard range.count == 1 else { return try await inner.entries(log, in: range) }
        return try await settled { _ in
            let entries = try await inner.entries(log, in: range)
            guard let bytes = entries.first else { return [] }
            let checkpoint = try checkpoint(log).checkpoint
            guard range.lowerBound < checkpoint.size else { throw Mismatch(what: "\(log.rawValue)/\(range.lowerBound)") }
            let proof = try await inclusion(of: range.lowerBound, in: log, size: checkpoint.size)
            guard
                Verification.inclusion(
                    leaf: .leaf(bytes), index: range.lowerBound, size: checkpoint.size, proof: proof, root: checkpoint.root)
            else { throw Mismatch(what: "\(log.rawValue)/\(range.lowerBound)") }
            return entries
        }
    }

    /// The audit path of an entry in the tree of that size, from the stored nodes: whoever uses it checks it.
    func inclusion(of index: Int64, in log: LogName, size: Int64) async throws -> [Hash] {
        let tree = writer.known { $0.trees[log] ?? LogTree() }
        return try await TreeReader(log, tree, in: inner).inclusion(of: index, size: size)
    }

    public func position(ofEntry id: String) async throws -> LogPosition? { try await inner.position(ofEntry: id) }

    public func positions(linkedTo id: String) async throws -> [LogPosition] { try await inner.positions(linkedTo: id) }

    /// The first so many hashes of a tile, as they were written.
    func tile(_ id: TileID, of log: LogName, width: Int) async throws -> Tile {
        let tree = writer.known { $0.trees[log] ?? LogTree() }
        let kept = try await inner.tiles([id], of: log)[id]?.hashes
        guard let hashes = tree.open(id) ?? kept, hashes.count >= width else {
            throw StoreError(.altered, "a tile of the \(log.rawValue) log is missing")
        }
        return Tile(id: id, hashes: Array(hashes.prefix(width)))
    }

    /// The body that an entry names by its digest, proved to be it.
    func blob(_ digest: Authority.Digest) async throws -> [UInt8]? {
        try await settled { _ in
            guard let bytes = try await inner.blob(digest) else { return nil }
            guard Authority.Digest(of: bytes) == digest else { throw Mismatch(what: "blob/\(digest)") }
            return bytes
        }
    }
}
