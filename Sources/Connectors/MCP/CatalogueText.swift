import Authority
import ConnectorKit
import StrictJSON

/// A catalogue in which nothing is classified yet. What the server wrote stands in it only where it can't be more than it is.
struct CatalogueText {
    private let system: String
    private let findings: [(key: DefinitionKey, finding: ImportFinding)]
    private let offered: Offered

    init(_ system: String, _ findings: [(key: DefinitionKey, finding: ImportFinding)], _ offered: Offered) {
        (self.system, self.findings, self.offered) = (system, findings, offered)
    }

    var text: String {
        let namespace = system.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let head = """
            # What \(system) offers. Nothing of it is served before a person has said what it does: `access: read`, or
            # `access: write` with its effects (docs/connectors/mcp.md). What the server says of itself decides nothing.
            namespace: \(namespace.first?.isNumber == true ? "S" + namespace : namespace)
            kinds: {}
            operations:\(findings.isEmpty ? " {}" : "")

            """
        return head + findings.map { stanza($0.key, $0.finding) }.joined()
    }

    private func stanza(_ key: DefinitionKey, _ finding: ImportFinding) -> String {
        let json = offered.all[key]?.json ?? .null
        let summary = (json["description"]?.string ?? json["title"]?.string ?? "").split(separator: "\n").first ?? ""
        var lines = ["  # " + Printable.text(String(summary.prefix(110)))]
        if json["annotations"]?["readOnlyHint"]?.bool == true { lines.append("  # The server says that it only reads.") }
        guard finding.state != .unusable, let pinned = finding.pinned else {
            return lines.joined(separator: "\n")
                + "\n  # \(finding.name) can't be offered: \(Printable.text(finding.notes.joined(separator: " ")))\n"
        }
        lines.append("  \(finding.name):")
        if key.kind != .tool {
            lines.append("    \(key.kind.field): \(JSONWriter.canonicalText(.string(Printable.text(key.name))))")
        }
        lines += ["    pinned: \(pinned)", "    access: unclassified"]
        return lines.joined(separator: "\n") + "\n"
    }
}
