import Foundation

/// The lines of standard input as bytes: what is no text is for whoever reads them to refuse.
struct LineReader: Sequence, IteratorProtocol {
    private static let chunk = 1 << 16
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    mutating func next() -> [UInt8]? {
        var scanned = start
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Array(buffer[start..<end])
            }
            scanned = buffer.count - start
            buffer.removeFirst(start)
            start = 0
            guard !isAtEnd else {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : buffer
            }
            fill()
        }
    }

    private mutating func fill() {
        var bytes = [UInt8](repeating: 0, count: Self.chunk)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count > 0 { buffer += bytes[..<count] } else { isAtEnd = true }
    }
}
