/// The text that policies or a schema were read from.
final class SourceText: Sendable {
    let bytes: [UInt8]
    /// Where each line starts.
    private let lines: [Int32]

    init(_ text: String) {
        bytes = Array(text.utf8)
        var lines: [Int32] = [0]
        for (place, byte) in bytes.enumerated() where byte == 0x0A { lines.append(Int32(place + 1)) }
        self.lines = lines
    }

    /// The place of a UTF-8 offset.
    func position(of offset: Int32) -> SourcePosition {
        var (low, high) = (0, lines.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle] <= offset { low = middle } else { high = middle }
        }
        let column = bytes[Int(lines[low])..<Int(offset)].count { $0 & 0xC0 != 0x80 }
        return SourcePosition(line: low + 1, column: column + 1)
    }
}
