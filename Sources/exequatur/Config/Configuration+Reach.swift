import Authority
import ConnectorKit
import Foundation
import Gateway
import Identity
import Reach
import StrictJSON
import StrictYAML

extension Configuration {
    /// What the section `reach` says. Without it, entries labelled `tier-0` are protected.
    struct ReachSection {
        var rules: [String] = []
        var longestAge: Int64 = 900
        var interval: Int64 = 300
        var refusesTakeovers = false
        var labels: Set<String> = ["tier-0"]
        var entries: Set<ReachSettings.EntryName> = []
        var attributes: [String: Set<String>] = [:]
        var links: [ReachSettings.Link] = []

        static let `default` = ReachSection()
    }

    static func reach(_ fields: YAMLFields?, _ names: EntryNames, _ resolve: (String) -> String) throws -> ReachSection {
        guard var fields else { return .default }
        var section = ReachSection()
        section.rules = try fields.strings("rules").map(resolve)
        section.longestAge = try fields.integer("maxAge", default: 900, in: 10...86_400)
        section.interval = try fields.integer("reread", default: 300, in: 1...43_200)
        guard section.interval <= section.longestAge else {
            throw fields.problem(
                "`reach.reread` must not be longer than `reach.maxAge`, or nothing would run in between", of: "reread")
        }
        section.refusesTakeovers = try fields.flag("refuseTakeovers")
        if let labels = try fields.optionalStrings("labels") { section.labels = Set(labels) }
        for var one in try fields.mappings("protected") {
            let system = try one.string("system")
            for kind in try names.catalogue(of: system, one, "system").kinds {
                for name in try one.strings(kind.plural) {
                    section.entries.insert(.init(system: system, kind: kind.name, name: name))
                }
            }
            section.attributes[system, default: []].formUnion(try one.strings("attributes"))
            try one.end()
        }
        section.links = try fields.mappings("links").map { try link($0, names) }
        try fields.end()
        return section
    }

    private static func link(_ fields: YAMLFields, _ names: EntryNames) throws -> ReachSettings.Link {
        var fields = fields
        let from = try names.entry(try fields.string("from"), fields, "from")
        let to = try names.entry(try fields.string("to"), fields, "to")
        let relation = names.relation(try fields.string("relation"), of: from.system)
        try fields.end()
        return ReachSettings.Link(from: from, relation: relation, to: to)
    }

    /// All that the graph needs from the configuration.
    func reachSettings() throws -> ReachSettings {
        let files = try reach.rules.map { path in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Problem("the rule file \(path) can't be read")
            }
            return (name: path, text: text)
        }
        let rules = try RuleSet.shipped(with: systems.flatMap(\.settings.rules) + files)
        for link in reach.links {
            guard let relation = rules[link.relation], relation.words.count == 2 else {
                throw Problem("`reach.links`: no rule file declares a relation `\(link.relation)` with two places")
            }
        }
        return ReachSettings(
            rules: rules, longestAge: reach.longestAge, labels: reach.labels, entries: reach.entries,
            attributes: reach.attributes, accounts: accounts, links: reach.links,
            workloads: workloads.map(\.id), persons: persons.map(\.id))
    }
}

/// Entries as configuration names them: by system, kind and name.
struct EntryNames {
    private let catalogues: [String: Catalogue]

    init(_ systems: [Configuration.System]) {
        catalogues = Dictionary(systems.map { ($0.name, $0.catalogue) }, uniquingKeysWith: { first, _ in first })
    }

    func catalogue(of system: String, _ fields: YAMLFields, _ key: String) throws -> Catalogue {
        guard let catalogue = catalogues[system] else {
            let hint = Suggestion.nearest(to: system, in: catalogues.keys.sorted()).map { "; did you mean `\($0)`?" } ?? ""
            throw fields.problem("there is no system `\(system)`\(hint)", of: key)
        }
        return catalogue
    }

    /// `corp/user/ann`.
    func entry(_ text: String, _ fields: YAMLFields, _ key: String) throws -> ReachSettings.EntryName {
        let parts = text.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count == 3 else {
            throw fields.problem("an entry is written system/kind/name, such as corp/user/ann, not `\(text)`", of: key)
        }
        let kinds = try catalogue(of: parts[0], fields, key).kinds.map(\.name)
        guard kinds.contains(parts[1]) else {
            throw fields.problem("\(parts[0]) has no kind `\(parts[1])`; it has \(kinds.joined(separator: ", "))", of: key)
        }
        return .init(system: parts[0], kind: parts[1], name: parts[2])
    }

    /// A relation of the system's kind may be written without the kind's name before it.
    func relation(_ name: String, of system: String) -> String {
        catalogues[system]?.relations.first { $0.localName == name }?.name ?? name
    }

    func accounts(_ all: [YAMLFields], _ node: (String) -> ReachNode) throws -> [(
        holder: ReachNode, account: ReachSettings.EntryName
    )] {
        try all.flatMap { fields in
            var fields = fields
            let holder = node(try fields.string("id"))
            return try fields.strings("accounts").map { (holder, try entry($0, fields, "accounts")) }
        }
    }
}
