import Authority
import Cedar
import ConnectorEmbedded
import DirectoryKit
import Foundation
import Gateway
import Reach
import StrictJSON
import StrictYAML
import Yams

/// A small directory with policies, and what the look ahead must say of them.
struct LookAheadCase {
    let file: String
    let because: String
    let policies: PolicyBundle
    let world: LookAheadWorld
    let expected: LookAhead.Verdict
    let steps: Int?

    private static let system = "corp"

    init(_ path: String) throws {
        guard let node = try Yams.compose(yaml: Files.text(path)) else { throw Problem("\(path) is empty") }
        var root = try YAMLFields(node, file: path)
        file = path
        because = try root.string("because")
        let workloads = try root.mappings("workloads").map(Self.workload)
        var people = Directory()
        for fields in try root.mappings("users") { try people.add(fields, DirectoryVocabulary.user) }
        for fields in try root.mappings("groups") { try people.add(fields, DirectoryVocabulary.group) }
        let purposes = try root.strings("purposes")
        var protected = try root.optionalMapping("protected")
        let (groups, users) = (try protected?.strings("groups") ?? [], try protected?.strings("users") ?? [])
        let attributes = Set(try protected?.strings("attributes") ?? [])
        try protected?.end()
        let catalogue = EmbeddedDirectory.directoryCatalogue
        let bundle = try PolicyBundle([(name: "policy", text: try root.string("policy"))], catalogues: [catalogue])
        policies = bundle
        guard let verdict = LookAhead.Verdict(rawValue: try root.string("expect")) else {
            throw root.problem("`expect` is safe, reachable or possible", of: "expect")
        }
        expected = verdict
        let count = try root.integer("steps", default: -1, in: 1...9)
        steps = count < 0 ? nil : Int(count)
        try root.end()
        let written = catalogue.attributesSet.filter { bundle.policies.attributesRead.contains(ExactString($0)) }
        let guarded = attributes.union(written)
        let targets =
            people.entries.filter { entry in
                entry.node.labels.contains("tier-0")
                    || (entry.node.id.kind == DirectoryVocabulary.group ? groups : users).contains(entry.node.name)
            }.map(\.node.id) + guarded.map { NodeID.attribute($0, of: Self.system) }
        let facts = try people.facts(root)
        world = LookAheadWorld(
            system: Self.system, catalogue: catalogue, workloads: workloads, entries: people.entries,
            graph: try ReachGraph(
                rules: try RuleSet.shipped(), nodes: people.entries.map(\.node.id.text), facts: facts.sorted(),
                protected: targets.map(\.text).sorted()),
            facts: facts, purposes: purposes.isEmpty ? ["support"] : purposes, environment: "production", tenant: "t")
    }

    private static func workload(_ fields: YAMLFields) throws -> Entity {
        var fields = fields
        let id = try fields.string("id")
        let groups = try fields.strings("groups")
        try fields.end()
        return Entity(
            .workload(id), attributes: ["owner": .entity(.person("owner"))],
            parents: Set(groups.map { EntityUID(type: "Exequatur::WorkloadGroup", id: .init($0)) }))
    }

    /// The users and groups as they are written.
    private struct Directory {
        var entries: [LookAheadWorld.Entry] = []
        private var links: [(relation: String, subject: String, group: String)] = []
        private var disabled: [String] = []

        mutating func add(_ fields: YAMLFields, _ kind: String) throws {
            var fields = fields
            let name = try fields.string("name")
            var labels: Set<String> = []
            if kind == DirectoryVocabulary.group {
                labels = Set(try fields.strings("labels"))
                links += try fields.strings("members").map { (DirectoryVocabulary.member, $0, name) }
                links += try fields.strings("owners").map { (DirectoryVocabulary.owner, $0, name) }
            } else if try fields.flag("disabled") {
                disabled.append(name)
            }
            let attributes = try fields.node("attributes")?.json(fields.file).object?.members ?? []
            try fields.end()
            guard let kind = EmbeddedDirectory.directoryCatalogue[kind: kind] else { return }
            entries.append(
                LookAheadWorld.Entry(
                    ReachNode(system: LookAheadCase.system, kind, id: name, name: name, labels: labels),
                    attributes: Dictionary(
                        attributes.map { (ExactString($0.key), .string(ExactString($0.value.string ?? ""))) },
                        uniquingKeysWith: { $1 })))
        }

        func facts(_ root: YAMLFields) throws -> Set<NamedFact> {
            func node(_ name: String) throws -> NodeID {
                guard let entry = entries.first(where: { $0.node.name == name }) else {
                    throw root.problem("there is no user and no group `\(name)`")
                }
                return entry.node.id
            }
            let linked = try links.map { NamedFact($0.relation, try node($0.subject), try node($0.group)) }
            return Set(linked + (try disabled.map { NamedFact(DirectoryVocabulary.disabled, try node($0)) }))
        }
    }
}
