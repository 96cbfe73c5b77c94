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
        let offered = try await settings.makeServer().offered(notOlderThan: 0)
        let known = FileManager.default.contents(atPath: settings.definitions)
        let before = try known.map { try Definitions(file: Array($0)) } ?? Definitions([:])
        let pinned = try Pinned(settings.catalogue)
        let comparison = ImportComparison(offered, before, pinned, at: settings.endpoint)
        try Data(comparison.definitions.file).write(to: URL(fileURLWithPath: settings.definitions), options: .atomic)
        if pinned == nil {
            let text = CatalogueText(system, comparison.findings, offered).text
            try Data(text.utf8).write(to: URL(fileURLWithPath: settings.catalogue), options: .withoutOverwriting)
        }
        return comparison.findings.map(\.finding)
    }
}

/// What a person has said so far: by definition, the operation's name and the digest that it is pinned by.
struct Pinned {
    private let operations: [DefinitionKey: (name: String, pinned: String?)]

    /// Nil where there is no catalogue yet.
    init?(_ path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        try self.init(text: text, path)
    }

    init(text: String, _ path: String) throws {
        var (root, operations) = (try YAMLFields.read(text, file: path), [DefinitionKey: (name: String, pinned: String?)]())
        var all = try root.mapping("operations")
        for name in all.left {
            var one = try all.mapping(name)
            guard !one.left.contains("answer") else { continue }
            let key = try DefinitionKey(of: name, &one)
            let isClassified = try one.optionalString("access") != "unclassified"
            operations[key] = (name, isClassified ? try one.optionalString("pinned") : nil)
        }
        self.operations = operations
    }

    subscript(key: DefinitionKey) -> (name: String, pinned: String?)? { operations[key] }

    var keys: [DefinitionKey] { Array(operations.keys) }
}

/// Holds what a server offers against what a person has classified.
struct ImportComparison {
    let findings: [(key: DefinitionKey, finding: ImportFinding)]
    /// What is offered now, and beside it what is still pinned: so that what differs can be looked at again.
    let definitions: Definitions

    init(_ offered: Offered, _ before: Definitions, _ pinned: Pinned?, at endpoint: String) {
        func digest(_ key: DefinitionKey, _ document: SystemDocument) -> String {
            Definitions.digest(of: key, document, at: endpoint).hex
        }
        var kept: [DefinitionKey: SystemDocument] = [:]
        for key in pinned?.keys ?? [] {
            guard let pin = pinned?[key]?.pinned, offered.all[key].map({ digest(key, $0) }) != pin else { continue }
            kept[key] = [before.pinned[key], before[key]].compactMap { $0 }.first { digest(key, $0) == pin }
        }
        definitions = Definitions(offered.all, pinned: kept)
        var names: Set<String> = []
        let keys = Set(Array(offered.all.keys) + (pinned?.keys ?? [])).sorted()
        findings = keys.map { key in
            var name = pinned?[key]?.name ?? key.operation
            while !names.insert(name).inserted { name += "-2" }
            let (now, known) = (offered.all[key], pinned?[key])
            func finding(_ state: ImportFinding.State, _ notes: [String] = []) -> (DefinitionKey, ImportFinding) {
                let finding = ImportFinding(
                    name: Printable.text(name), kind: key.kind.rawValue, state: state, pinned: now.map { digest(key, $0) },
                    notes: notes.map { Printable.text($0) })
                return (key, finding)
            }
            guard let now else { return finding(.gone) }
            if let problem = Self.problem(key, now, offered) { return finding(.unusable, [problem]) }
            guard let known else { return finding(.new) }
            guard let pin = known.pinned else { return finding(.unclassified) }
            if digest(key, now) == pin { return finding(.same) }
            let differences = kept[key].map { Difference.lines($0.json, now.json) } ?? []
            let elsewhere = "it was pinned with another command or URL, or with a definition that is not known any more"
            return finding(.changed, differences.isEmpty ? [elsewhere] : differences)
        }
    }

    private static func problem(_ key: DefinitionKey, _ document: SystemDocument, _ offered: Offered) -> String? {
        if offered.twice.contains(key) { return "the server offers two of this name" }
        if Printable.text(key.name) != key.name { return "its name can't be written down as it is" }
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
        guard kind != .tool else { return name }
        let slug = name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "-" }.joined()
        let parts = slug.split(separator: "-")
        return ([kind == .resourceTemplate ? "template" : kind.rawValue] + parts.map(String.init)).joined(separator: "-")
    }
}
