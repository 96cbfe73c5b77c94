import Authority

/// Reads a stream of events (HTML, section 9.2): each one's data. What else an event has means nothing here.
struct EventReader {
    private let largest: Int
    private var line: [UInt8] = []
    private var data: [UInt8]?
    private var total = 0
    private var isAfterReturn = false

    /// - Parameter largest: how many bytes an event may have.
    init(largest: Int) { self.largest = largest }

    /// The data of the events that end in these bytes.
    ///
    /// - Throws: `ConnectorError` `unavailable` for an event that is too long, or a stream that has no end.
    mutating func read(_ bytes: [UInt8]) throws(ConnectorError) -> [[UInt8]] {
        total += bytes.count
        guard total <= 16 * largest else { throw ConnectorError(.unavailable, "the server's stream does not end") }
        var events: [[UInt8]] = []
        for byte in bytes {
            defer { isAfterReturn = byte == 13 }
            switch byte {
            case 10 where isAfterReturn: break
            case 10, 13:
                if let event = end() { events.append(event) }
            default:
                line.append(byte)
                guard line.count + (data?.count ?? 0) <= largest + 64 else {
                    throw ConnectorError(.unavailable, "an event has more than \(largest) bytes")
                }
            }
        }
        return events
    }

    /// The end of a line; an empty one ends the event.
    private mutating func end() -> [UInt8]? {
        defer { line = [] }
        guard !line.isEmpty else {
            defer { data = nil }
            return data.flatMap { $0.isEmpty ? nil : $0 }
        }
        guard line.starts(with: Array("data:".utf8)) else { return nil }
        let value = line.dropFirst(5)
        let text = Array(value.first == 32 ? value.dropFirst() : value)
        data = data.map { $0 + [10] + text } ?? text
        return nil
    }
}
