import StrictJSON

/// The three logs.
public enum LogName: String, Sendable, CaseIterable { case requests, decisions, actions }

/// One entry of a log, before it has a place.
public struct LogEntry: Sendable {
    public let log: LogName
    /// Unique among all logs; other entries link to it.
    public let id: String
    public let kind: LogRecord.Kind
    public let time: Instant
    /// The ids of the entries this one follows from, by role.
    public let links: [String: String]
    let body: JSONValue
    /// What its batch made of the store's records, in the first entry of each batch that changed any.
    public var records: RecordChanges? { didSet { written = nil } }
    /// Its bytes, once they have been worked out.
    private var written: [UInt8]?
    /// Whether it has been through ``inParts``: what is written is what the tree was worked out with.
    var isCut = false
    /// What it says; nil for a part of a long body.
    public let record: LogRecord?
    /// Whether it is written even on a full disk.
    public var isEssential: Bool { record?.isEssential ?? false }

    public init(_ record: LogRecord, id: String, time: Instant, links: [String: String] = [:]) {
        self.init(record.log, id: id, kind: record.kind, time: time, links: links, body: record.body, record: record)
    }

    init(
        _ log: LogName, id: String, kind: LogRecord.Kind, time: Instant, links: [String: String] = [:], body: JSONValue,
        record: LogRecord? = nil
    ) {
        self.log = log
        self.id = id
        self.kind = kind
        self.time = time
        self.links = links
        self.body = body
        self.record = record
    }

    /// The bytes that are hashed into the tree.
    public var bytes: [UInt8] { written ?? write() }

    /// The same entry, with its bytes at hand.
    public var prepared: LogEntry {
        var entry = self
        entry.written = bytes
        return entry
    }

    private func write() -> [UInt8] {
        let linked = JSONObject(links.keys.sorted().map { .init(key: $0, value: .string(links[$0] ?? "")) })
        var json: JSONValue = [
            "v": .integer(LogRecord.version), "log": .string(log.rawValue), "id": .string(id), "kind": .string(kind.rawValue),
            "time": .integer(time.milliseconds), "links": .object(linked), "body": body,
        ]
        json.add("records", records?.json)
        return JSONWriter.canonical(json)
    }
}

/// How much a store has of all logs together: more or less than the logs' own sizes say is somebody else's doing.
public struct LogCounts: Hashable, Sendable {
    public let entries: Int64
    /// Each entry's to each of its targets.
    public let links: Int64
    /// The complete subtrees of the trees.
    public let nodes: Int64
    /// The signed checkpoints.
    public let heads: Int64

    public init(entries: Int64, links: Int64, nodes: Int64, heads: Int64) {
        self.entries = entries
        self.links = links
        self.nodes = nodes
        self.heads = heads
    }
}

/// Where an entry came to stand.
public struct LogPosition: Hashable, Sendable {
    public let log: LogName
    public let index: Int64

    public init(log: LogName, index: Int64) {
        self.log = log
        self.index = index
    }
}
