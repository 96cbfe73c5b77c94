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
    /// The body as it stands in the entry: it may name parts.
    private let body: JSONValue

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
        body = try fields.required("body")
        try fields.end()
    }

    /// The ids of the parts that its body stands in; none when it stands in the entry itself.
    public var parts: [String] {
        body["digest"] == nil ? [] : (body["parts"]?.array ?? []).compactMap(\.string)
    }

    /// The text of a part; nil of anything else.
    public var text: String? { kind == .part ? body["text"]?.string : nil }

    /// Its body, put together where it stands in parts.
    ///
    /// - Parameter texts: the text of each part, by id.
    /// - Throws: ``StoreError`` when the parts are not those that were written.
    public func body(parts texts: [String: String] = [:]) throws(StoreError) -> JSONValue {
        let ids = parts
        guard !ids.isEmpty else { return body }
        let whole = Array(ids.map { texts[$0] ?? "" }.joined().utf8)
        guard Digest(of: whole).hex == body["digest"]?.string else {
            throw StoreError(.corrupt, "the parts of \(id) are not those that were written")
        }
        do { return try JSONReader.read(whole, limits: .init(bytes: LogEntry.longest)) } catch {
            throw StoreError(.corrupt, "the parts of \(id) can't be read: \(error)")
        }
    }

    /// What it says.
    ///
    /// - Throws: ``StoreError`` `corrupt`.
    public func record(parts texts: [String: String] = [:]) throws(StoreError) -> LogRecord {
        let body = try body(parts: texts)
        do { return try LogRecord(kind, body, version: version) } catch let error as StoreError { throw error } catch {
            throw StoreError(.corrupt, "\(id) can't be read as \(kind.rawValue): \(error)")
        }
    }
}
