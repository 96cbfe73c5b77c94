public import Authority
public import Crypto
import StrictJSON
import TransparencyLog

/// Signs the logs' checkpoints and makes receipts.
public struct Journal: Sendable {
    let store: any Store
    /// The gateway's id, which begins the logs' origins.
    let gateway: String
    let key: Curve25519.Signing.PrivateKey

    public init(store: any Store, gateway: String, key: Curve25519.Signing.PrivateKey) {
        self.store = store
        self.gateway = gateway
        self.key = key
    }

    /// The unique name of a log: `exequatur/<gateway>/<log>`.
    public static func origin(_ log: LogName, gateway: String) -> String { "exequatur/\(gateway)/\(log.rawValue)" }

    /// The signed checkpoint of the log as it stands.
    public func checkpoint(_ log: LogName) async throws -> String {
        let size = try await store.logSize(log)
        let nodes = try await nodes(log, for: .root(size: size))
        let root = try MerkleTree.root(size: size, read: nodes.read)
        let checkpoint = Checkpoint(origin: Self.origin(log, gateway: gateway), size: size, root: root)
        return try SignedCheckpoint(checkpoint, key: key).note
    }

    /// Proof that an entry is in its log, with the checkpoint it is proved against. Needs the log's public
    /// key to be checked, and nothing else.
    func receipt(_ position: LogPosition) async throws -> JSONValue {
        let size = try await store.logSize(position.log)
        let nodes = try await nodes(position.log, for: .inclusion(index: position.index, size: size))
        let proof = try MerkleTree.inclusionProof(index: position.index, size: size, read: nodes.read)
        let root = try MerkleTree.root(size: size, read: nodes.read)
        let leaf = try nodes.read(NodeID(level: 0, index: position.index))
        let checkpoint = Checkpoint(origin: Self.origin(position.log, gateway: gateway), size: size, root: root)
        return [
            "log": .string(position.log.rawValue), "index": .integer(position.index), "leaf": .string(leaf.description),
            "proof": .array(proof.map { .string($0.description) }),
            "checkpoint": .string(try SignedCheckpoint(checkpoint, key: key).note),
        ]
    }

    /// Reads the nodes a computation asks for: it is run with what is known, and asks for what it misses, until
    /// it runs through. At most one round per level.
    private func nodes(_ log: LogName, for computation: Computation) async throws -> KnownNodes {
        var known = KnownNodes()
        while true {
            do {
                try computation.run(known)
                return known
            } catch let missing as KnownNodes.Missing {
                let bytes = try await store.node(log, level: missing.id.level, index: missing.id.index)
                guard let hash = bytes.flatMap(Hash.init(bytes:)) else {
                    throw StoreError(.corrupt, "a node of the \(log.rawValue) log is missing")
                }
                known.hashes[missing.id] = hash
            }
        }
    }
}

/// The nodes read so far.
private struct KnownNodes {
    struct Missing: Error {
        let id: NodeID
    }

    var hashes: [NodeID: Hash] = [:]

    func read(_ id: NodeID) throws -> Hash {
        guard let hash = hashes[id] else { throw Missing(id: id) }
        return hash
    }
}

private enum Computation {
    case root(size: Int64)
    case inclusion(index: Int64, size: Int64)

    func run(_ nodes: KnownNodes) throws {
        switch self {
        case .root(let size): _ = try MerkleTree.root(size: size, read: nodes.read)
        case .inclusion(let index, let size):
            _ = try MerkleTree.inclusionProof(index: index, size: size, read: nodes.read)
            _ = try MerkleTree.root(size: size, read: nodes.read)
            _ = try nodes.read(NodeID(level: 0, index: index))
        }
    }
}
