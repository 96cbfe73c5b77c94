import StrictJSON

/// One thing that is wrong, or doubtful, in a text: what, where, and how to mend it.
public struct Diagnostic: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Severity: String, Sendable { case error, warning }

    public let severity: Severity
    /// A stable name for this kind of problem, such as `schema.unknown_type`.
    public let code: String
    public let message: String
    /// What to do about it, where that can be said.
    public let hint: String?
    /// Where it starts and ends; nil when it was not read from a text.
    public let start: SourcePosition?
    public let end: SourcePosition?
    /// The policy it is in, where that is known.
    public var policy: String?

    init(
        _ code: String, _ message: String, hint: String? = nil, severity: Severity = .error, start: SourcePosition? = nil,
        end: SourcePosition? = nil, policy: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.hint = hint
        self.start = start
        self.end = end
        self.policy = policy
    }

    public var description: String {
        (start.map { "\($0): " } ?? "") + (severity == .warning ? "warning: " : "") + message + (hint.map { "; \($0)" } ?? "")
    }
}

/// All that is wrong with a text, in the order of their places.
public struct Diagnostics: Error, Equatable, Sendable, CustomStringConvertible {
    public let all: [Diagnostic]

    init(_ all: [Diagnostic]) { self.all = all.sorted(by: Self.precedes) }

    public var description: String { all.map(\.description).joined(separator: "\n") }

    /// By place; what has none comes last, by policy and message.
    static func precedes(_ a: Diagnostic, _ b: Diagnostic) -> Bool {
        switch (a.start, b.start) {
        case (let x?, let y?) where x != y: x < y
        case (_?, nil): true
        case (nil, _?): false
        default: (a.policy ?? "", a.code, a.message) < (b.policy ?? "", b.code, b.message)
        }
    }
}

extension Diagnostic {
    /// The message under the line it is about, the place marked, as compilers show it.
    public func marked(in text: String, file: String) -> String {
        var out = "\(file):\(start.map { "\($0): " } ?? " ")\(severity.rawValue): \(message) [\(code)]"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if let start, lines.indices.contains(start.line - 1) {
            let line = lines[start.line - 1].unicodeScalars
            let lineEnd = max(start.column, line.count)
            let last = end.map { $0.line == start.line ? max($0.column - 1, start.column) : lineEnd } ?? start.column
            let gutter = String(repeating: " ", count: String(start.line).count)
            out += "\n \(start.line) | \(Self.visible(String(line)))\n \(gutter) | "
            out +=
                String(repeating: " ", count: start.column - 1) + String(repeating: "^", count: max(1, last - start.column + 1))
        }
        if let hint { out += "\n   hint: \(hint)" }
        return out
    }

    /// Control and invisible characters each become one visible one, so that the mark stays under its place.
    private static func visible(_ line: String) -> String {
        String(String.UnicodeScalarView(line.unicodeScalars.map { Printable.isVisible($0) ? $0 : "\u{FFFD}" }))
    }
}
