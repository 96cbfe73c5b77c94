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

    /// The unique name of a log: `exequatur/<gateway>/<log>`.
    public static func origin(_ log: LogName, gateway: String) -> String { "exequatur/\(gateway)/\(log.rawValue)" }

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
    func receipt(ofEntry id: String) async throws -> JSONValue? {
        guard let (position, bytes, _) = try await entry(id) else { return nil }
        let (log, text) = (JSONValue.string(position.log.rawValue), JSONValue.string(String(decoding: bytes, as: UTF8.self)))
        guard let published = shown.withLock({ $0[position.log] }), position.index < published.checkpoint.size else {
            return ["state": "pending", "log": log, "entry": text]
        }
        let size = published.checkpoint.size
        let proof = try await store.inclusion(of: position.index, in: position.log, size: size)
        guard
            Verification.inclusion(
                leaf: .leaf(bytes), index: position.index, size: size, proof: proof, root: published.checkpoint.root)
        else { throw StoreError(.altered, "the stored tree of the \(position.log.rawValue) log is not that which was written") }
        return [
            "state": "complete", "log": log, "entry": text, "index": .integer(position.index),
            "proof": .array(proof.map { .string($0.description) }), "checkpoint": .string(published.note),
        ]
    }

    /// The body of an entry, whole.
    func body(ofEntry id: String) async throws -> JSONValue? {
        guard let (_, _, entry) = try await entry(id) else { return nil }
        return try await body(of: entry)
    }

    /// The body of the entry that stands there, whole.
    func body(at position: LogPosition) async throws -> JSONValue? {
        guard let (_, entry) = try await entry(at: position) else { return nil }
        return try await body(of: entry)
    }

    /// The bodies of the entries of a log that link to `id`, newest first.
    func bodies(linkedTo id: String, in log: LogName, where isWanted: (JSONValue) -> Bool) async throws -> JSONValue? {
        for position in try await store.positions(linkedTo: id).reversed() where position.log == log {
            guard let (_, entry) = try await entry(at: position) else { continue }
            // Where an entry is found is the store's word; what it links to is the log's.
            guard entry["links"]?.object?.members.contains(where: { $0.value == .string(id) }) == true else { continue }
            let body = try await body(of: entry)
            if isWanted(body) { return body }
        }
        return nil
    }

    private func body(of entry: JSONValue) async throws -> JSONValue {
        var texts: [String: String] = [:]
        for id in LogEntry.parts(of: entry) { texts[id] = try await self.entry(id)?.json["body"]?["text"]?.string }
        return try LogEntry.body(of: entry, parts: texts)
    }

    private func entry(_ id: String) async throws -> (position: LogPosition, bytes: [UInt8], json: JSONValue)? {
        guard let position = try await store.position(ofEntry: id), let (bytes, json) = try await entry(at: position) else {
            return nil
        }
        guard json["id"] == .string(id) else {
            throw StoreError(.altered, "the entry \(id) is not where the store says")
        }
        return (position, bytes, json)
    }

    private func entry(at position: LogPosition) async throws -> (bytes: [UInt8], json: JSONValue)? {
        let bytes = try await store.entries(position.log, in: position.index..<(position.index + 1)).first
        return try bytes.map { ($0, try JSONReader.read($0, limits: LogEntry.reading)) }
    }
}
