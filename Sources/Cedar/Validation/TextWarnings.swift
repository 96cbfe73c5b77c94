import StrictJSON

/// Warns of texts that could be read as others: bidirectional controls, mixed scripts, look-alike characters (Unicode
/// TR 36 and TS 39). Nothing is refused for it: a policy may have to compare with such a string.
enum TextWarnings {
    static func warnings(_ policy: Policy) -> [Diagnostic] {
        var found: [Diagnostic] = []
        func warn(_ code: String, _ message: String, _ range: SourceRange) {
            found.append(policy.diagnostic("validation." + code, message, severity: .warning, at: range))
        }
        func string(_ text: String, _ range: SourceRange) {
            guard !isPlain(text) else { return }
            if text.unicodeScalars.contains(where: isBidirectionalControl) {
                warn("bidi_string", "the string holds characters that change the direction of text", range)
            } else if Script.isMixed(text) {
                warn("mixed_script_string", "the string mixes letters of different scripts", range)
            }
        }
        func identifier(_ text: String, _ range: SourceRange) {
            guard !isPlain(text) else { return }
            if text.unicodeScalars.contains(where: isBidirectionalControl) {
                warn("bidi_identifier", "the name holds characters that change the direction of text", range)
            } else if let scalar = text.unicodeScalars.first(where: { !isAllowedInName($0) }) {
                warn(
                    "confusable_identifier",
                    "the name holds U+\(String(scalar.value, radix: 16, uppercase: true)), which may be taken for another", range)
            } else if Script.isMixed(text) {
                warn("mixed_script_identifier", "the name mixes letters of different scripts", range)
            }
        }
        func entity(_ uid: EntityUID, _ range: SourceRange) { identifier(uid.id.string, range) }
        func walk(_ expression: Expression) {
            switch expression.kind {
            case .literal(.string(let text)): string(text.string, expression.range)
            case .literal(.entity(let uid)): entity(uid, expression.range)
            case .attribute(_, let name), .has(_, let name): identifier(name.string, expression.range)
            case .record(let members): for (name, _) in members { identifier(name.string, expression.range) }
            case .like(_, let pattern): string(pattern.text, expression.range)
            default: break
            }
            for child in expression.children { walk(child) }
        }
        for reference in [policy.principal.reference, policy.resource.reference] {
            if let reference, let uid = reference.entity { entity(uid, reference.range) }
        }
        for condition in policy.conditions { walk(condition.body) }
        return found
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    private static func isBidirectionalControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// Near to Identifier_Status of TS 39: what may go on an identifier and is not ignorable.
    private static func isAllowedInName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII || (scalar.properties.isXIDContinue && !scalar.properties.isDefaultIgnorableCodePoint)
    }
}

/// The script of a character, for those scripts that are commonly confused; the rest count as one more.
enum Script: Hashable {
    case latin, greek, cyrillic, armenian, hebrew, arabic, devanagari, thai, georgian, cherokee, hangul, kana, bopomofo, han,
        other

    private static let ranges: [(ClosedRange<UInt32>, Script)] = [
        (0x41...0x5A, .latin), (0x61...0x7A, .latin), (0xAA...0xAA, .latin), (0xBA...0xBA, .latin), (0xC0...0xD6, .latin),
        (0xD8...0xF6, .latin), (0xF8...0x2B8, .latin), (0x370...0x373, .greek), (0x375...0x3E1, .greek), (0x3F0...0x3FF, .greek),
        (0x3E2...0x3EF, .other), (0x400...0x52F, .cyrillic), (0x531...0x58F, .armenian), (0x591...0x5F4, .hebrew),
        (0x600...0x6FF, .arabic), (0x750...0x77F, .arabic), (0x900...0x97F, .devanagari), (0xE01...0xE5B, .thai),
        (0x10A0...0x10FF, .georgian), (0x1100...0x11FF, .hangul), (0x13A0...0x13FD, .cherokee), (0x1C80...0x1C8F, .cyrillic),
        (0x1C90...0x1CBF, .georgian), (0x1D00...0x1D25, .latin), (0x1E00...0x1EFF, .latin), (0x1F00...0x1FFE, .greek),
        (0x2126...0x2126, .greek), (0x212A...0x212B, .latin), (0x2160...0x2188, .latin), (0x2C60...0x2C7F, .latin),
        (0x2DE0...0x2DFF, .cyrillic), (0x2E80...0x2FD5, .han), (0x3005...0x3005, .han), (0x3007...0x3007, .han),
        (0x3041...0x3096, .kana), (0x309D...0x309F, .kana), (0x30A1...0x30FF, .kana), (0x3105...0x312F, .bopomofo),
        (0x3131...0x318E, .hangul), (0x31F0...0x31FF, .kana), (0x3400...0x4DBF, .han), (0x4E00...0x9FFF, .han),
        (0xA640...0xA69F, .cyrillic), (0xA722...0xA7FF, .latin), (0xAB30...0xAB64, .latin), (0xAB70...0xABBF, .cherokee),
        (0xAC00...0xD7FB, .hangul), (0xF900...0xFAD9, .han), (0xFB00...0xFB06, .latin), (0xFB13...0xFB17, .armenian),
        (0xFB1D...0xFB4F, .hebrew), (0xFB50...0xFDFF, .arabic), (0xFE70...0xFEFC, .arabic), (0xFF21...0xFF3A, .latin),
        (0xFF41...0xFF5A, .latin), (0xFF66...0xFF9D, .kana), (0xFFA0...0xFFDC, .hangul), (0x20000...0x323AF, .han),
    ]

    /// The writing systems that use the scripts of several: Japanese, Korean, and Chinese with Bopomofo.
    private static let together: [Set<Script>] = [[.han, .kana], [.han, .hangul], [.han, .bopomofo]]

    /// Nil for digits, marks and punctuation, which all scripts share.
    private static func of(_ scalar: Unicode.Scalar) -> Script? {
        guard scalar.properties.isAlphabetic else { return nil }
        return ranges.first { $0.0.contains(scalar.value) }?.1 ?? .other
    }

    static func isMixed(_ text: String) -> Bool {
        let scripts = Set(text.unicodeScalars.compactMap(of))
        return scripts.count > 1 && !together.contains { scripts.isSubset(of: $0) }
    }
}
