import Foundation
import StrictJSON

/// Output for people: colour on a terminal, plain text elsewhere.
enum Terminal {
    enum Style: String { case bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }

    /// Colour when standard output is a terminal and `NO_COLOR` is not set, or when `CLICOLOR_FORCE` is.
    static let hasColour: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return environment["NO_COLOR"] == nil && (isatty(STDOUT_FILENO) == 1 || environment["CLICOLOR_FORCE"] != nil)
    }()

    static func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Columns aligned by what is seen; the first row is the heading.
    ///
    /// - Parameter cutting: the column of foreign text: on a terminal it is cut so far that a row stays one line.
    static func table(_ rows: [[String]], cutting: Int? = nil) -> String {
        var rows = rows
        var widths = (rows.first ?? []).indices.map { column in rows.map { Self.width($0[column]) }.max() ?? 0 }
        if let cutting {
            let others = widths.reduce(0, +) - widths[cutting] + 2 * (widths.count - 1)
            widths[cutting] = min(widths[cutting], max(24, columns.map { $0 - others } ?? 72))
            if columns != nil { for row in rows.indices { rows[row][cutting] = cut(rows[row][cutting], to: widths[cutting]) } }
        }
        return rows.enumerated().map { index, row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: max(0, $1 - Self.width($0))) }
            var line = String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
            if cutting != nil, let columns { line = cut(line, to: columns) }
            return index == 0 ? styled(line, .bold) : line
        }.joined(separator: "\n")
    }

    static func state(_ state: String) -> String {
        switch state {
        case "executed": styled(state, .green)
        case "failed", "indeterminate", "withdrawn": styled(state, .red)
        case "proposed", "approved", "executing": styled(state, .yellow)
        default: state
        }
    }

    static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
    }

    static func json(_ value: JSONValue) -> String { JSONWriter.canonicalText(value) }
}
