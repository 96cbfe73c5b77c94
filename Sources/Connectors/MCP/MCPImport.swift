import Authority
public import ConnectorKit
import Foundation
import StrictJSON
public import StrictYAML

/// Looks at a server and writes down what it offers, for a person to classify.
public struct MCPImport: CatalogueImport {
    private let settings: ServerSettings
    private let system: String

    public init(_ fields: inout YAMLFields, _ context: SystemContext) throws {
        settings = try ServerSettings(&fields, context)
        system = context.system
    }

    public func run() async throws -> [ImportFinding] {
        let offered = Definitions(try await settings.server.definitions(notOlderThan: 0))
        let known = FileManager.default.contents(atPath: settings.definitions)
        let before = try known.map { try Definitions(file: Array($0)) } ?? Definitions([:])
        let findings = self.findings(offered, before)
        try Data(offered.file).write(to: URL(fileURLWithPath: settings.definitions), options: .atomic)
        guard !FileManager.default.fileExists(atPath: settings.catalogue) else { return findings }
        let text = CatalogueText(system, findings, offered).text
        try Data(text.utf8).write(to: URL(fileURLWithPath: settings.catalogue), options: .withoutOverwriting)
        return findings
    }

    private func findings(_ offered: Definitions, _ before: Definitions) -> [ImportFinding] {
        let keys = Set(Array(offered.all.keys) + Array(before.all.keys)).sorted()
        var names: Set<String> = []
        return keys.map { key in
            var name = key.operation
            while !names.insert(name).inserted { name += "-2" }
            guard let now = offered[key] else {
                return ImportFinding(name: name, kind: key.kind.rawValue, state: .gone, pinned: nil, notes: [])
            }
            let pinned = Definitions.digest(of: key, now, at: settings.endpoint).hex
            if let problem = Self.problem(key, now) {
                return ImportFinding(name: name, kind: key.kind.rawValue, state: .unusable, pinned: pinned, notes: [problem])
            }
            guard let then = before[key] else {
                return ImportFinding(name: name, kind: key.kind.rawValue, state: .new, pinned: pinned, notes: [])
            }
            let differences = Difference.lines(then.json, now.json)
            return ImportFinding(
                name: name, kind: key.kind.rawValue, state: differences.isEmpty ? .same : .changed, pinned: pinned,
                notes: differences)
        }
    }

    private static func problem(_ key: DefinitionKey, _ document: SystemDocument) -> String? {
        if document.json["twice"] != nil { return "the server offers two of this name" }
        if key.kind == .tool, key.name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/) == nil {
            return "its name is not letters, digits and _ . - only"
        }
        do {
            _ = try ToolInput(key.kind, document.json)
            _ = try OutputSchema(document.json["outputSchema"])
            return nil
        } catch { return "\(error)" }
    }
}

extension DefinitionKey {
    /// What its operation is called in a new catalogue.
    fileprivate var operation: String {
        guard kind != .tool else { return Printable.text(name) }
        let slug = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "-" }.joined()
        let parts = slug.split(separator: "-")
        return ([kind == .resourceTemplate ? "template" : kind.rawValue] + parts.map(String.init)).joined(separator: "-")
    }
}

/// A catalogue in which nothing is classified yet.
private struct CatalogueText {
    private let system: String
    private let findings: [ImportFinding]
    private let offered: Definitions

    init(_ system: String, _ findings: [ImportFinding], _ offered: Definitions) {
        (self.system, self.findings, self.offered) = (system, findings, offered)
    }

    var text: String {
        let namespace = system.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let head = """
            # What \(system) offers. Nothing of it is served before a person has said what it does: `access: read`, or
            # `access: write` with its effects (docs/connectors/mcp.md). What the server says of itself decides nothing.
            namespace: \(namespace.first?.isNumber == true ? "S" + namespace : namespace)
            kinds: {}
            operations:

            """
        return head + offered.all.keys.sorted().enumerated().map { stanza($1, findings[$0]) }.joined()
    }

    private func stanza(_ key: DefinitionKey, _ finding: ImportFinding) -> String {
        let json = offered[key]?.json ?? .null
        let summary = (json["description"]?.string ?? json["title"]?.string ?? "").split(separator: "\n").first ?? ""
        var lines = ["  # " + Printable.text(String(summary.prefix(110)))]
        if json["annotations"]?["readOnlyHint"]?.bool == true { lines.append("  # The server says that it only reads.") }
        guard finding.state != .unusable else {
            return lines.joined(separator: "\n") + "\n  # \(finding.name) can't be offered: \(finding.notes.joined())\n"
        }
        lines.append("  \(finding.name):")
        switch key.kind {
        case .tool: break
        case .resourceTemplate: lines.append("    template: \(JSONWriter.canonicalText(.string(key.name)))")
        case .resource, .prompt: lines.append("    \(key.kind.rawValue): \(JSONWriter.canonicalText(.string(key.name)))")
        }
        lines += ["    pinned: \(finding.pinned ?? "")", "    access: unclassified"]
        return lines.joined(separator: "\n") + "\n"
    }
}
