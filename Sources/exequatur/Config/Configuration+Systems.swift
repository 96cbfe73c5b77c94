import Authority
import ConnectorEmbedded
import ConnectorHTTP
import ConnectorKit
import ConnectorLDAP
import ConnectorMCP
import Foundation
import StrictJSON
import StrictYAML

extension Configuration {
    /// The kinds of system there are: a new one is its folder, its page, and its line here.
    static let kinds = [EmbeddedDirectory.kind, HTTPSystem.kind, LDAPDirectory.kind, MCPSystem.kind]

    struct System {
        let name: String
        let settings: ConfiguredSystem

        var catalogue: Catalogue { settings.catalogue }
    }

    /// What writes the catalogue of a system, whose configuration can't be read whole before it is there.
    static func importer(of name: String, in path: String) throws -> any CatalogueImport {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError(file: path, line: 1, message: "the file can't be read: does it exist?")
        }
        var root = try YAMLFields.read(text, file: path)
        let deadline = try root.optionalMapping("gateway").map { fields in
            var fields = fields
            return Int(try fields.integer("deadline", default: 10, in: 1...120))
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var known: [String] = []
        for fields in try root.mappings("systems") {
            let (found, kind, own) = try named(fields)
            known.append(found)
            guard found == name else { continue }
            guard let importer = kind.importer else {
                throw Problem(
                    "`\(name)` is of kind \(kind.name), and nothing is imported of that: it is for MCP servers, which say what they offer"
                )
            }
            var rest = own
            let context = SystemContext(
                system: name, timeout: deadline ?? 10, resolve: { $0.hasPrefix("/") ? $0 : folder + "/" + $0 },
                now: SystemClock.now)
            return try importer(&rest, context)
        }
        let hint = Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? ""
        throw Problem("there is no system `\(name)`\(hint)")
    }

    static func system(_ fields: YAMLFields, timeout: Int, _ resolve: @escaping @Sendable (String) -> String) throws -> System {
        let (name, kind, rest) = try named(fields)
        var fields = rest
        let context = SystemContext(system: name, timeout: timeout, resolve: resolve, now: SystemClock.now)
        let settings = try kind.read(&fields, context)
        try fields.end()
        return System(name: name, settings: settings)
    }

    /// The system's name and kind, and the fields that are the kind's own.
    private static func named(_ fields: YAMLFields) throws -> (name: String, kind: ConnectorKind, rest: YAMLFields) {
        var fields = fields
        let name = try fields.string("name")
        guard name.wholeMatch(of: /[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?/) != nil, name != NodeID.gateway else {
            throw fields.problem(
                "a system's name has up to 20 lower-case letters, digits and hyphens, and is not `exequatur`: \(name)", of: "name"
            )
        }
        let asked = try fields.string("kind")
        guard let kind = kinds.first(where: { $0.name == asked }) else {
            let known = kinds.map(\.name)
            let hint = Suggestion.nearest(to: asked, in: known).map { "; did you mean `\($0)`?" } ?? ""
            throw fields.problem(
                "there is no kind of system `\(asked)`; known: \(known.joined(separator: ", "))\(hint)", of: "kind")
        }
        return (name, kind, fields)
    }
}
