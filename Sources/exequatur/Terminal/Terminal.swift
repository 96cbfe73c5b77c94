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

    /// Columns aligned by what is seen; the first row is the heading. One cell that is very wide moves only its own row.
    static func table(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { min(72, width($0[column])) }.max() ?? 0 }
        return rows.enumerated().map { index, row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: max(0, $1 - width($0))) }
            let line = String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
            return index == 0 ? styled(line, .bold) : line
        }.joined(separator: "\n")
    }

    /// Whether no row of the table is wider than the terminal, if there is one.
    static func holds(_ rows: [[String]]) -> Bool {
        guard let columns else { return true }
        let widths = (rows.first ?? []).indices.map { column in rows.map { width($0[column]) }.max() ?? 0 }
        return widths.reduce(0, +) + 2 * (widths.count - 1) <= columns
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
