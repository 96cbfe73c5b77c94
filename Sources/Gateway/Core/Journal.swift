public import Authority
import StrictJSON
import Synchronization
import TransparencyLog

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
            inclusion: .init(index: position.index, proof: proof.map(\.description), checkpoint: published.note))
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

/// An entry that its reader can prove to be in the log.
public struct Receipt: Sendable {
    public struct Inclusion: Sendable {
        public let index: Int64
        /// The audit path, each hash in hexadecimal digits.
        public let proof: [String]
        /// The signed checkpoint that it is proved against.
        public let checkpoint: String
    }

    public let log: LogName
    /// The entry's bytes, as text.
    public let entry: String
    /// Nil until a checkpoint that covers the entry is published.
    public var inclusion: Inclusion?
}
