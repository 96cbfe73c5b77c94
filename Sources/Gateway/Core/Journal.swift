public import Authority
import StrictJSON
import Synchronization
public import TransparencyLog

/// Publishes the logs' checkpoints, reads entries whole, and makes receipts.
///
/// Whoever may not read the logs sees checkpoints as of the last ``publish()`` only: how a log grows from one request to the
/// next would tell what became of it.
public final class Journal: Sendable {
    let store: WitnessedStore
    private let shown = Mutex<[LogName: SignedCheckpoint]>([:])

    init(store: WitnessedStore) { self.store = store }

    /// The unique name of a log: `exequatur/<gateway>/<log>`; with `.2` at its end where it goes on from one that was closed.
    public static func origin(_ log: LogName, gateway: String, isSuccessor: Bool = false) -> String {
        "exequatur/\(gateway)/\(log.rawValue)" + (isSuccessor ? ".2" : "")
    }

    /// Makes the logs as they stand what agents and the public see from now on. Called at fixed intervals, whatever happens.
    ///
    /// - Returns: the checkpoints' notes.
    @discardableResult
    public func publish() throws -> [LogName: String] {
        var checkpoints: [LogName: SignedCheckpoint] = [:]
        for log in LogName.allCases { checkpoints[log] = try store.checkpoint(log) }
        shown.withLock { [checkpoints] in $0 = checkpoints }
        return checkpoints.mapValues(\.note)
    }

    /// The checkpoint published last; nil before the first.
    public func published(_ log: LogName) -> String? { shown.withLock { $0[log]?.note } }

    /// The signed checkpoint of the log as it stands.
    public func checkpoint(_ log: LogName) throws -> String { try store.checkpoint(log).note }

    /// An entry with the proof that it is in its log. Needs the log's public key to be checked, and nothing else: the entry's
    /// bytes give the leaf. Before a checkpoint that covers it is published, the proof is pending.
    func receipt(ofEntry id: String) async throws -> Receipt? {
        guard let (position, bytes, _) = try await entry(id) else { return nil }
        let (log, text) = (position.log, String(decoding: bytes, as: UTF8.self))
        guard let published = shown.withLock({ $0[log] }), position.index < published.checkpoint.size else {
            return Receipt(log: log, entry: text)
        }
        let size = published.checkpoint.size
        let proof = try await store.inclusion(of: position.index, in: log, size: size)
        guard
            Verification.inclusion(
                leaf: .leaf(bytes), index: position.index, size: size, proof: proof, root: published.checkpoint.root)
        else { throw StoreError(.altered, "the stored tree of the \(log.rawValue) log is not that which was written") }
        return Receipt(
            log: log, entry: text,
            inclusion: .init(index: position.index, hashes: proof, checkpoint: published.note))
    }

    /// A tile of a log as last published (c2sp.org/tlog-tiles): its hashes one after the other.
    ///
    /// - Returns: nil when there is none, or not of that width; it is not for entries.
    public func tile(_ path: TilePath, of log: LogName) async throws -> [UInt8]? {
        guard let level = path.level, let published = shown.withLock({ $0[log] }),
            path.index * 256 + Int64(path.width) <= published.checkpoint.size >> (8 * level)
        else { return nil }
        return try await store.tile(TileID(level: level, index: path.index), of: log, width: path.width).bytes
    }

    /// The entries under a tile of leaves, each with its length before it. For whoever may read the logs.
    ///
    /// - Returns: nil when there are not so many.
    public func entries(_ path: TilePath, of log: LogName) async throws -> [UInt8]? {
        let start = path.index * 256
        guard path.level == nil, start + Int64(path.width) <= (try await store.logSize(log)) else { return nil }
        guard let bundle = TilePath.bundle(try await store.entries(log, in: start..<(start + Int64(path.width)))) else {
            throw StoreError(.altered, "an entry of the \(log.rawValue) log is longer than any that was written")
        }
        return bundle
    }

    /// What an entry says.
    func record(ofEntry id: String) async throws -> LogRecord? {
        guard let (_, _, entry) = try await entry(id) else { return nil }
        return try await record(of: entry)
    }

    /// What the entry that stands there says.
    func record(at position: LogPosition) async throws -> LogRecord? {
        guard let (_, entry) = try await entry(at: position) else { return nil }
        return try await record(of: entry)
    }

    /// The newest record of a log that links to `id` and that `pick` takes.
    func newest<T>(linkedTo id: String, in log: LogName, _ pick: (LogRecord) -> T?) async throws -> T? {
        for position in try await store.positions(linkedTo: id).reversed() where position.log == log {
            guard let (_, entry) = try await entry(at: position) else { continue }
            // Where an entry is found is the store's word; what it links to is the log's.
            guard entry.links.values.contains(id) else { continue }
            if let found = pick(try await record(of: entry)) { return found }
        }
        return nil
    }

    private func record(of entry: LoggedEntry) async throws -> LogRecord {
        guard let digest = entry.blob else { return try entry.record() }
        return try entry.record(blob: try await store.blob(digest))
    }

    private func entry(_ id: String) async throws -> (position: LogPosition, bytes: [UInt8], entry: LoggedEntry)? {
        guard let position = try await store.position(ofEntry: id), let (bytes, entry) = try await entry(at: position) else {
            return nil
        }
        guard entry.id == id else { throw StoreError(.altered, "the entry \(id) is not where the store says") }
        return (position, bytes, entry)
    }

    private func entry(at position: LogPosition) async throws -> (bytes: [UInt8], entry: LoggedEntry)? {
        let bytes = try await store.entries(position.log, in: position.index..<(position.index + 1)).first
        return try bytes.map { ($0, try LoggedEntry(bytes: $0)) }
    }
}

extension LogKey {
    /// The keys, and those of the logs that go on from theirs: they are signed with the same.
    public static func withSuccessors(_ keys: [LogKey]) -> [LogKey] {
        keys + keys.map { LogKey(name: $0.name + ".2", key: $0.key) }
    }
}

/// An entry that its reader can prove to be in the log.
public struct Receipt: Sendable {
    public struct Inclusion: Sendable {
        public let index: Int64
        /// The audit path.
        let hashes: [Hash]
        /// The same, each hash in hexadecimal digits.
        public var proof: [String] { hashes.map(\.description) }
        /// The signed checkpoint that it is proved against.
        public let checkpoint: String
    }

    public let log: LogName
    /// The entry's bytes, as text.
    public let entry: String
    /// Nil until a checkpoint that covers the entry is published.
    public var inclusion: Inclusion?

    /// The proof in the form that any verifier reads (c2sp.org/tlog-proof): it is of the entry's bytes.
    public var proofText: String? {
        inclusion.map { inclusion in
            let hashes = inclusion.hashes.map { Base64.encode($0.bytes) + "\n" }.joined()
            return "c2sp.org/tlog-proof@v1\nindex \(inclusion.index)\n\(hashes)\n\(inclusion.checkpoint)"
        }
    }
}
