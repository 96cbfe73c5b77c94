public import Authority
public import Crypto
import StrictJSON
import Synchronization
import TransparencyLog

/// Signs the logs' checkpoints and makes receipts.
///
/// Whoever may not read the logs sees checkpoints as of the last ``publish()`` only: how a log grows from one request to the
/// next would tell what became of it.
public final class Journal: Sendable {
    let store: any Store
    /// The gateway's id, which begins the logs' origins.
    let gateway: String
    let key: Curve25519.Signing.PrivateKey
    private let shown = Mutex<[LogName: SignedCheckpoint]>([:])

    public init(store: any Store, gateway: String, key: Curve25519.Signing.PrivateKey) {
        self.store = store
        self.gateway = gateway
        self.key = key
    }

    /// The unique name of a log: `exequatur/<gateway>/<log>`.
    public static func origin(_ log: LogName, gateway: String) -> String { "exequatur/\(gateway)/\(log.rawValue)" }

    /// Makes the logs as they stand what agents and the public see from now on. Called at fixed intervals, whatever happens.
    ///
    /// - Returns: the checkpoints' notes.
    @discardableResult
    public func publish() async throws -> [LogName: String] {
        var checkpoints: [LogName: SignedCheckpoint] = [:]
        for log in LogName.allCases { checkpoints[log] = try await signed(log) }
        shown.withLock { [checkpoints] in $0 = checkpoints }
        return checkpoints.mapValues(\.note)
    }

    /// The checkpoint published last; nil before the first.
    public func published(_ log: LogName) -> String? { shown.withLock { $0[log]?.note } }

    /// The signed checkpoint of the log as it stands.
    public func checkpoint(_ log: LogName) async throws -> String { try await signed(log).note }

    private func signed(_ log: LogName) async throws -> SignedCheckpoint {
        let size = try await store.logSize(log)
        let nodes = try await nodes(log, for: .root(size: size))
        let root = try MerkleTree.root(size: size, read: nodes.read)
        let checkpoint = Checkpoint(origin: Self.origin(log, gateway: gateway), size: size, root: root)
        return try SignedCheckpoint(checkpoint, key: key)
    }

    /// An entry with the proof that it is in its log. Needs the log's public key to be checked, and nothing else: the entry's
    /// bytes give the leaf. Before a checkpoint that covers it is published, the proof is pending.
    func receipt(_ position: LogPosition) async throws -> JSONValue {
        let range = position.index..<(position.index + 1)
        guard let bytes = try await store.entries(position.log, in: range).first else {
            throw StoreError(.corrupt, "an entry of the \(position.log.rawValue) log is missing")
        }
        let entry = JSONValue.string(String(decoding: bytes, as: UTF8.self))
        let log = JSONValue.string(position.log.rawValue)
        guard let published = shown.withLock({ $0[position.log] }), position.index < published.checkpoint.size else {
            return ["state": "pending", "log": log, "entry": entry]
        }
        let size = published.checkpoint.size
        let nodes = try await nodes(position.log, for: .inclusion(index: position.index, size: size))
        let proof = try MerkleTree.inclusionProof(index: position.index, size: size, read: nodes.read)
        return [
            "state": "complete", "log": log, "entry": entry, "index": .integer(position.index),
            "proof": .array(proof.map { .string($0.description) }), "checkpoint": .string(published.note),
        ]
    }

    /// The body of the entry at a place in a log, whole.
    func body(at position: LogPosition) async throws -> JSONValue? {
        guard let entry = try await entry(at: position) else { return nil }
        var texts: [String: String] = [:]
        for id in LogEntry.parts(of: entry) {
            guard let place = try await store.position(ofEntry: id) else { continue }
            texts[id] = try await self.entry(at: place)?["body"]?["text"]?.string
        }
        return try LogEntry.body(of: entry, parts: texts)
    }

    private func entry(at position: LogPosition) async throws -> JSONValue? {
        let bytes = try await store.entries(position.log, in: position.index..<(position.index + 1)).first
        return try bytes.map { try JSONReader.read($0, limits: LogEntry.reading) }
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
        }
    }
}
