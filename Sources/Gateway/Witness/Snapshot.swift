import Authority
import Crypto
import StrictJSON
import Synchronization
import TransparencyLog

/// The ledger at some moment, as far as it can't be told from the logs' ends: signed, so that a start may go by it, and made anew
/// from the logs by whoever does not.
struct Snapshot: Sendable {
    /// What a log had come to.
    struct Log: Sendable {
        let size: Int64
        let root: String
    }

    private static let limits = JSONReader.Limits(bytes: 256 << 20, fractions: false)

    let sequence: Int64
    let logs: [LogName: Log]
    /// Of the map of digests.
    let records: Authority.Digest
    let counts: [String: Int64]
    /// The keys of the records that decide what may go on.
    let open: [String]
    /// The last decision on each change that may still go on.
    let decisions: [String: Ledger.Decided]
    /// What the graph must know of all that was done; nil where it must be told from the changes.
    let reach: JSONValue?

    init(_ ledger: Ledger, records: Authority.Digest, reach: JSONValue?) {
        sequence = ledger.sequence
        logs = ledger.trees.mapValues { Log(size: $0.size, root: "\($0.root)") }
        self.records = records
        counts = ledger.map.counts
        open = ledger.openKeys
        decisions = ledger.open.compactMapValues(\.decision)
        self.reach = reach
    }

    /// - Returns: nil unless `key` signed it.
    init?(_ stored: StoredSnapshot, key: LogKey) {
        guard let checkpoint = SignedCheckpoint(note: stored.note, key: key)?.checkpoint,
            checkpoint.root == .leaf(stored.document), let json = try? JSONReader.read(stored.document, limits: Self.limits)
        else { return nil }
        do { try self.init(json: json) } catch { return nil }
    }

    /// The name that snapshots are signed under: no log has it.
    static func origin(_ gateway: String) -> String { "exequatur/\(gateway)/snapshot" }

    func signed(_ gateway: String, _ key: Curve25519.Signing.PrivateKey, hashes: [Int: [UInt8]]) throws -> StoredSnapshot {
        let document = JSONWriter.canonical(json)
        let checkpoint = Checkpoint(origin: Self.origin(gateway), size: sequence, root: .leaf(document))
        return StoredSnapshot(note: try SignedCheckpoint(checkpoint, key: key).note, document: document, hashes: hashes)
    }

    // MARK: JSON

    private var json: JSONValue {
        let json: JSONValue = [
            "sequence": .integer(sequence), "records": .string(records.hex), "open": .array(open.map(JSONValue.string)),
            "logs": Self.object(logs.map { ($0.rawValue, ["size": .integer($1.size), "root": .string($1.root)]) }),
            "counts": Self.object(counts.map { ($0, .integer($1)) }), "decisions": Self.object(decisions.map { ($0, $1.json) }),
        ]
        return json.adding("reach", reach)
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members.sorted { $0.0 < $1.0 }.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }

    private init(json: JSONValue) throws {
        var fields = try Fields(json)
        sequence = try fields.integer("sequence")
        records = try fields.digest("records")
        open = try fields.array("open").compactMap(\.string)
        logs = try Self.members(&fields, "logs") { name, json in
            var fields = try Fields(json)
            guard let log = LogName(rawValue: name) else { throw ShapeError(.invalid, at: "/logs", "not a log") }
            return (log, Log(size: try fields.integer("size"), root: try fields.string("root")))
        }
        counts = try Self.members(&fields, "counts") { ($0, $1.integer ?? 0) }
        decisions = try Self.members(&fields, "decisions") { ($0, try Ledger.Decided(json: $1)) }
        reach = fields.optional("reach")
        try fields.end()
    }

    private static func members<Key: Hashable, Value>(
        _ fields: inout Fields, _ name: String, _ read: (String, JSONValue) throws -> (Key, Value)
    ) throws -> [Key: Value] {
        let members = try fields.required(name).object?.members ?? []
        return Dictionary(try members.map { try read($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }
}

extension Ledger.Decided {
    fileprivate var json: JSONValue {
        [
            "log": .string(position.log.rawValue), "index": .integer(position.index),
            "eligible": .array(eligible.map(JSONValue.string)),
        ]
    }

    fileprivate init(json: JSONValue) throws {
        var fields = try Fields(json)
        guard let log = LogName(rawValue: try fields.string("log")) else {
            throw ShapeError(.invalid, at: "/log", "not a log")
        }
        position = LogPosition(log: log, index: try fields.integer("index"))
        eligible = try fields.array("eligible").compactMap(\.string)
        try fields.end()
    }
}

/// Keeps snapshots from time to time: often enough that a start reads little after the last, and seldom enough to cost little.
final class SnapshotKeeper: Sendable {
    /// Whichever comes first: so many entries of all logs, or records, since the last.
    static let entries: Int64 = 4096
    static let records = 1024

    private let store: any Store
    private let gateway: String
    private let key: Curve25519.Signing.PrivateKey
    /// What the graph must know of all that was done.
    private let reach = Mutex<(@Sendable () -> JSONValue?)?>(nil)

    init(_ store: any Store, gateway: String, key: Curve25519.Signing.PrivateKey) {
        (self.store, self.gateway, self.key) = (store, gateway, key)
    }

    /// Keeps with each snapshot what the graph must know of all that was done.
    func keep(_ reach: @escaping @Sendable () -> JSONValue?) { self.reach.withLock { $0 = reach } }

    /// Keeps what the ledger knows. Called while nothing is written.
    ///
    /// - Returns: the map that then is the ledger's.
    /// - Throws: ``StoreError``; `altered` when the store's buckets are not what was written.
    func keep(_ ledger: Ledger) async throws -> RecordMap {
        let numbers = ledger.map.stale
        let fetched = ledger.map.check(numbers.isEmpty ? [:] : try await store.buckets(numbers), of: numbers)
        let (map, buckets, parts) = try ledger.map.settled(fetched)
        let snapshot = Snapshot(ledger, records: map.root, reach: reach.withLock { $0 }?())
        try await store.keep(try snapshot.signed(gateway, key, hashes: parts), buckets: buckets)
        return map
    }
}
