public import StrictJSON

/// Entries have a longest length, the same for who writes and who reads: whatever was written can be read. A body that is
/// longer stands in further entries before its own, and is put together again by whoever reads it.
extension LogEntry {
    /// The most bytes of one entry.
    public static let limit = 1 << 20
    /// The most bytes of a body in parts.
    public static let longest = 16 << 20
    /// How entries are read.
    public static let reading = JSONReader.Limits(bytes: limit)

    /// Left in each entry for what its batch makes of the store's records.
    private static let room = 64 << 10
    /// A part's bytes, which escaping can at most double.
    private static let partSize = 400 << 10

    /// This entry, or the parts of its body followed by an entry that names them; each with its bytes at hand. Cut once, they
    /// stay as they are: a batch's records are added later, and must not have its entries cut anew.
    ///
    /// - Throws: ``StoreError`` ``StoreError/Code/tooLarge``.
    public var inParts: [LogEntry] {
        get throws(StoreError) {
            var whole = prepared
            whole.isCut = true
            guard !isCut, whole.bytes.count > Self.limit - Self.room else { return [whole] }
            let text = JSONWriter.canonical(body)
            guard text.count <= Self.longest else {
                throw StoreError(.tooLarge, "an entry of \(text.count) bytes; at most \(Self.longest) are written")
            }
            let parts = Self.pieces(text).enumerated().map { index, piece -> LogEntry in
                var part = LogEntry(log, id: "\(id).\(index)", kind: .part, time: time, body: ["text": .string(piece)]).prepared
                part.isCut = true
                return part
            }
            let named: JSONValue = [
                "parts": .array(parts.map { .string($0.id) }), "digest": .string(Digest(of: text).hex),
            ]
            var main = LogEntry(log, id: id, kind: kind, time: time, links: links, body: named, record: record)
            (main.records, main.isCut) = (records, true)
            return parts + [main]
        }
    }

    /// Cuts UTF-8 text between characters.
    private static func pieces(_ text: [UInt8]) -> [String] {
        var pieces: [String] = []
        var start = 0
        while start < text.count {
            var end = min(start + partSize, text.count)
            while end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
            pieces.append(String(decoding: text[start..<end], as: UTF8.self))
            start = end
        }
        return pieces
    }
}
