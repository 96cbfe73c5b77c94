import Foundation

/// Foreign text on a terminal: a line that wraps by itself would begin a line that looks like the program's own.
extension Terminal {
    /// How many columns standard output shows; nil where it is no terminal.
    static let columns: Int? = {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return size.ws_col > 0 ? max(20, Int(size.ws_col)) : 80
    }()

    /// How many columns a text takes.
    static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

    /// Two for what East Asian terminals show wide (Unicode Standard Annex 11), by blocks.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F000...0x1FAFF, 0x20000...0x3FFFD:
            2
        default: scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// How many columns a scalar takes at most: beyond ASCII terminals differ.
    private static func most(_ scalar: Unicode.Scalar) -> Int { scalar.value < 0xA1 ? 1 : 2 }

    private static func most(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + most($1) } }

    /// A text of one line after its mark. What does not fit stands in lines of its own, each of which begins with the mark of what
    /// goes on; elsewhere than on a terminal it is one line.
    ///
    /// - Parameters:
    ///   - mark: what the first line begins with.
    ///   - next: what each further line begins with.
    static func wrapped(_ text: String, _ mark: String, next: String = "  … ", _ style: Style? = nil) -> String {
        let parts = columns.map { lines(text, $0 - max(most(mark), most(next))) } ?? [text]
        return parts.enumerated().map { index, part in
            let line = (index == 0 ? mark : next) + part
            return style.map { styled(line, $0) } ?? line
        }.joined(separator: "\n")
    }

    /// Broken after a space, where there is one in the second half of the line.
    private static func lines(_ text: String, _ columns: Int) -> [String] {
        var (lines, rest) = ([String](), Substring(text).unicodeScalars)
        repeat {
            var (end, gap, used) = (rest.startIndex, rest.startIndex, 0)
            while end < rest.endIndex, used == 0 || used + most(rest[end]) <= columns {
                used += most(rest[end])
                let isGap = rest[end] == " " && used > columns / 2
                end = rest.index(after: end)
                if isGap { gap = end }
            }
            if end < rest.endIndex, gap > rest.startIndex { end = gap }
            lines.append(String(rest[..<end]))
            rest = rest[end...]
        } while !rest.isEmpty
        return lines
    }
}
