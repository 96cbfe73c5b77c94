import Authority
import Foundation
import Gateway
import Identity
import Reach

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

    static func reach(_ fields: YAMLFields?, _ resolve: (String) -> String) throws -> ReachSection {
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
            for (key, kind) in [("groups", ReachNode.Kind.group), ("users", .user)] {
                for name in try one.strings(key) { section.entries.insert(.init(system: system, kind: kind, name: name)) }
            }
            section.attributes[system, default: []].formUnion(try one.strings("attributes"))
            try one.end()
        }
        section.links = try fields.mappings("links").map(link)
        try fields.end()
        return section
    }

    private static func link(_ fields: YAMLFields) throws -> ReachSettings.Link {
        var fields = fields
        let link = ReachSettings.Link(
            from: try entry(try fields.string("from"), fields, "from"), relation: try fields.string("relation"),
            to: try entry(try fields.string("to"), fields, "to"))
        try fields.end()
        return link
    }

    /// `corp/user/ann`.
    private static func entry(_ text: String, _ fields: YAMLFields, _ key: String) throws -> ReachSettings.EntryName {
        let parts = text.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count == 3, let kind = ReachNode.Kind(rawValue: parts[1]), [.user, .group].contains(kind) else {
            throw fields.problem("an entry is written system/user/name or system/group/name, not `\(text)`", of: key)
        }
        return .init(system: parts[0], kind: kind, name: parts[2])
    }

    static func accounts(_ all: [YAMLFields], _ kind: ReachNode.Kind) throws -> [(
        holder: ReachNode, account: ReachSettings.EntryName
    )] {
        try all.flatMap { fields in
            var fields = fields
            let holder = ReachNode(own: kind, try fields.string("id"))
            return try accounts(&fields).map { (holder, $0) }
        }
    }

    /// `accounts: [corp/user/ann]` of a person or a workload.
    static func accounts(_ fields: inout YAMLFields) throws -> [ReachSettings.EntryName] {
        try fields.strings("accounts").map { try entry($0, fields, "accounts") }
    }

    /// All that the graph needs from the configuration.
    func reachSettings() throws -> ReachSettings {
        let files = try reach.rules.map { path in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Problem("the rule file \(path) can't be read")
            }
            return (name: path, text: text)
        }
        let rules = try RuleSet.shipped(with: files)
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
