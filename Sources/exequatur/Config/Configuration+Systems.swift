import Authority
import ConnectorEmbedded
import ConnectorHTTP
import ConnectorKit
import ConnectorLDAP
import StrictJSON
import StrictYAML

extension Configuration {
    /// The kinds of system there are: a new one is its folder, its page, and its line here.
    static let kinds = [EmbeddedDirectory.kind, HTTPSystem.kind, LDAPDirectory.kind]

    struct System {
        let name: String
        let settings: ConfiguredSystem

        var catalogue: Catalogue { settings.catalogue }
    }

    static func system(_ fields: YAMLFields, timeout: Int, _ resolve: @escaping @Sendable (String) -> String) throws -> System {
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
        let context = SystemContext(system: name, timeout: timeout, resolve: resolve, now: SystemClock.now)
        let settings = try kind.read(&fields, context)
        try fields.end()
        return System(name: name, settings: settings)
    }
}
