public import StrictJSON

/// An entry as it is read from a log.
public struct LoggedEntry: Sendable {
    public let version: Int64
    public let log: LogName
    public let id: String
    public let kind: LogRecord.Kind
    public let time: Instant
    /// The ids of the entries this one follows from, by role.
    public let links: [String: String]
    /// What its batch made of the store's records.
    public let records: RecordChanges?
    /// The body as it stands in the entry; nil when it stands beside it. Before version 3 it may name parts.
    private let body: JSONValue?
    /// The digest of a body that stands beside the entry.
    public let blob: Digest?

    /// - Throws: ``StoreError`` `corrupt` for what is no entry, or of a version that this program has no reader for.
    public init(bytes: [UInt8]) throws(StoreError) {
        do {
            try self.init(json: try JSONReader.read(bytes, limits: LogEntry.reading))
        } catch let error as StoreError { throw error } catch { throw StoreError(.corrupt, "an entry can't be read: \(error)") }
    }

    private init(json: JSONValue) throws {
        var fields = try Fields(json)
        version = try fields.integer("v")
        guard LogRecord.readable.contains(version) else {
            throw StoreError(
                .corrupt,
                "an entry has version \(version), and this program reads \(LogRecord.readable.sorted()): read it with the program that wrote it"
            )
        }
        let (log, kind) = (try fields.string("log"), try fields.string("kind"))
        guard let name = LogName(rawValue: log), let known = LogRecord.Kind(rawValue: kind) else {
            throw ShapeError(.invalid, at: "/kind", "not an entry of a known kind")
        }
        (self.log, self.kind) = (name, known)
        id = try fields.string("id")
        time = try fields.instant("time")
        var links: [String: String] = [:]
        for link in try fields.required("links").object?.members ?? [] { links[link.key] = link.value.string ?? "" }
        self.links = links
        records = try fields.optional("records").map { try RecordChanges(json: $0) }
        blob = try fields.optional("blob").map { blob in
            var fields = try Fields(blob, at: "/blob")
            let digest = try fields.digest("digest")
            _ = try fields.integer("size")
            try fields.end()
            return digest
        }
        body = blob == nil ? Optional(try fields.required("body")) : Optional.none
        try fields.end()
    }

    /// The ids of the parts that its body stands in, before version 3; none when it stands in the entry itself.
    public var parts: [String] {
        guard version < 3, let body, body["digest"] != nil else { return [] }
        return (body["parts"]?.array ?? []).compactMap(\.string)
    }

    /// The text of a part; nil of anything else.
    public var text: String? { kind == .part ? body?["text"]?.string : nil }

    /// Its body, wherever it stands.
    ///
    /// - Parameters:
    ///   - texts: the text of each part, by id.
    ///   - beside: the bytes of ``blob``.
    /// - Throws: ``StoreError`` when these are not those that were written.
    public func body(parts texts: [String: String] = [:], blob beside: [UInt8]? = nil) throws(StoreError) -> JSONValue {
        if let body, parts.isEmpty { return body }
        let whole = beside ?? Array(parts.map { texts[$0] ?? "" }.joined().utf8)
        guard Digest(of: whole).hex == blob?.hex ?? body?["digest"]?.string else {
            throw StoreError(.corrupt, "what \(id) says is not what was written")
        }
        do { return try JSONReader.read(whole, limits: .init(bytes: LogEntry.longest)) } catch {
            throw StoreError(.corrupt, "what \(id) says can't be read: \(error)")
        }
    }

    /// What it says.
    ///
    /// - Throws: ``StoreError`` `corrupt`.
    public func record(parts texts: [String: String] = [:], blob: [UInt8]? = nil) throws(StoreError) -> LogRecord {
        let body = try body(parts: texts, blob: blob)
        do { return try LogRecord(kind, body, version: version) } catch let error as StoreError { throw error } catch {
            throw StoreError(.corrupt, "\(id) can't be read as \(kind.rawValue): \(error)")
        }
    }
}
