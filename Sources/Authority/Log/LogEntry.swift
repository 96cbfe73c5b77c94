public import StrictJSON

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
    /// What it says.
    public let record: LogRecord
    /// Whether it is written even on a full disk.
    public var isEssential: Bool { record.isEssential }

    public init(_ record: LogRecord, id: String, time: Instant, links: [String: String] = [:]) {
        self.record = record
        (log, kind) = (record.log, record.kind)
        self.id = id
        self.time = time
        self.links = links
    }

    /// The entry as it is written. A body that is too long for an entry stands beside it, and the entry names it by its digest.
    ///
    /// - Throws: ``StoreError`` ``StoreError/Code/tooLarge``.
    public func written() throws(StoreError) -> WrittenEntry {
        let body = JSONWriter.canonical(record.body)
        guard body.count <= Self.longest else {
            throw StoreError(.tooLarge, "an entry of \(body.count) bytes; at most \(Self.longest) are written")
        }
        let isLong = body.count > Self.limit - Self.room
        return WrittenEntry(self, body: body, blob: isLong ? Digest(of: body) : nil)
    }
}

extension LogEntry {
    /// The most bytes of an entry (c2sp.org/tlog-tiles).
    public static let limit = 65_535
    /// The most bytes of a body, which may stand beside its entry.
    public static let longest = 16 << 20
    /// How entries are read: those of versions before 3 are longer.
    public static let reading = JSONReader.Limits(bytes: 1 << 20)

    /// Left in each entry for what is not its body: with it, what its batch makes of the store's records.
    private static let room = 16 << 10
}

/// An entry with its body in bytes.
public struct WrittenEntry: Sendable {
    public let entry: LogEntry
    /// Its body, when that stands beside it, with its digest.
    public let blob: (digest: Digest, bytes: [UInt8])?
    /// The bytes that are hashed into the tree.
    public private(set) var bytes: [UInt8]
    private let body: [UInt8]

    fileprivate init(_ entry: LogEntry, body: [UInt8], blob: Digest?) {
        self.entry = entry
        self.body = body
        self.blob = blob.map { ($0, body) }
        bytes = []
        bytes = write(nil)
    }

    /// The same in a batch that makes this of the store's records.
    ///
    /// - Throws: ``StoreError`` ``StoreError/Code/tooLarge``.
    public func telling(of records: RecordChanges) throws(StoreError) -> WrittenEntry {
        var entry = self
        entry.bytes = write(records)
        guard entry.bytes.count <= LogEntry.limit else {
            throw StoreError(.tooLarge, "an entry of \(entry.bytes.count) bytes; at most \(LogEntry.limit) are written")
        }
        return entry
    }

    /// Canonical JSON, its members in order.
    private func write(_ records: RecordChanges?) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(body.count + 512)
        func add(_ text: String) { out += text.utf8 }
        func add(_ value: JSONValue) { out += JSONWriter.canonical(value) }
        add("{")
        if let blob {
            add("\"blob\":")
            add(["digest": .string(blob.digest.hex), "size": .integer(Int64(body.count))])
        } else {
            add("\"body\":")
            out += body
        }
        add(",\"id\":")
        add(.string(entry.id))
        add(",\"kind\":\"\(entry.kind.rawValue)\",\"links\":")
        add(.object(JSONObject(entry.links.keys.sorted().map { .init(key: $0, value: .string(entry.links[$0] ?? "")) })))
        add(",\"log\":\"\(entry.log.rawValue)\"")
        if let records {
            add(",\"records\":")
            add(records.json)
        }
        add(",\"time\":\(entry.time.milliseconds),\"v\":\(LogRecord.version)}")
        return out
    }
}
