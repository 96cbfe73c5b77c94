/// Makes foreign text safe to show on a terminal or in a log line.
public enum Printable {
    /// Control, format, private and unassigned scalars, line separators, bidirectional marks and
    /// combining marks are shown as `\u{…}`, a backslash as `\\`, so that what is seen is what is there.
    public static func text(_ text: String, limit: Int = 512) -> String {
        var out = ""
        for scalar in text.unicodeScalars.prefix(limit) { out += show(scalar) }
        return text.unicodeScalars.count > limit ? out + "…" : out
    }

    /// Whether the scalar can be seen for what it is.
    public static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        if scalar.properties.isDefaultIgnorableCodePoint { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .nonspacingMark, .enclosingMark, .spacingMark:
            return false
        case .spaceSeparator: return scalar == " "
        default: return true
        }
    }

    private static func show(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\\" { return "\\\\" }
        return isVisible(scalar) ? String(Character(scalar)) : "\\u{" + String(scalar.value, radix: 16) + "}"
    }
}
