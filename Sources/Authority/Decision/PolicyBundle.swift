public import Cedar
import StrictJSON

/// A policy set that may be decided with: parsed, its names checked against the catalogues, and hashed.
public struct PolicyBundle: Sendable {
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        public let file: String
        public let position: SourcePosition
        public let message: String
        public var description: String { "\(file):\(position): \(message)" }
    }

    /// Everything wrong with a policy set, in the order of the texts.
    public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        public let problems: [Problem]
        public var description: String { problems.map(\.description).joined(separator: "\n") }
    }

    public let policies: PolicySet
    /// The texts as loaded, by file name.
    public let sources: [(name: String, text: String)]
    public let digest: Digest
    /// The digest of the catalogues that the names were checked against.
    public let schema: Digest

    /// - Throws: ``Refusal`` with everything that is wrong.
    public init(_ sources: [(name: String, text: String)], catalogues: [Catalogue]) throws(Refusal) {
        let schema = Digest(of: .array(catalogues.sorted { $0.namespace < $1.namespace }.map { .string($0.digest.hex) }))
        try self.init(sources, names: KnownNames(catalogues), schema: schema)
    }

    /// A policy set from the log, which was checked when it was loaded, so that decisions can be replayed.
    public init(recorded sources: [(name: String, text: String)], schema: Digest) throws(Refusal) {
        try self.init(sources, names: nil, schema: schema)
    }

    private init(_ sources: [(name: String, text: String)], names: KnownNames?, schema: Digest) throws(Refusal) {
        var policies: [Policy] = []
        var problems: [Problem] = []
        var ids: Set<String> = []
        for (name, text) in sources {
            do throws(SyntaxError) {
                for policy in try PolicySet.parse(text) {
                    problems += names?.problems(in: policy, file: name) ?? []
                    let id = policy.annotation("id") ?? "\(name)#\(policy.id)"
                    if !ids.insert(id).inserted {
                        problems.append(
                            Problem(file: name, position: policy.position, message: "another policy has the id `\(id)` already"))
                    }
                    policies.append(policy.renamed(id))
                }
            } catch {
                problems.append(Problem(file: name, position: error.position, message: error.message))
            }
        }
        guard problems.isEmpty else { throw Refusal(problems: problems) }
        do { self.policies = try PolicySet(policies) } catch {
            preconditionFailure("ids were checked one by one: \(error.id)")
        }
        self.sources = sources
        digest = Digest(of: .array(sources.map { ["name": .string($0.name), "text": .string($0.text)] }))
        self.schema = schema
    }
}

/// The names that policies may use, until there is a validator (#3): a typo fails when loading.
struct KnownNames {
    private var types: Set<EntityType> = [
        "Exequatur::Workload", "Exequatur::WorkloadGroup", "Exequatur::Person", "Exequatur::Team", "Exequatur::System",
    ]
    private var actions: Set<EntityUID> = []
    private var attributes: Set<ExactString> = [
        "owner", "input", "task", "delegator", "approvals", "precondition", "system", "count", "distinctTeams", "userVerified",
        "people", "teams", "now", "environment", "id", "tenant", "purpose", "expires", "name", "labels", "kind",
    ]

    init(_ catalogues: [Catalogue]) {
        for catalogue in catalogues {
            types.formUnion([catalogue.userType, catalogue.groupType])
            actions.formUnion(catalogue.actions.map(\.uid))
            attributes.formUnion(catalogue.attributes.map { ExactString($0.name) } + ["enabled"])
            attributes.formUnion(catalogue.operations.flatMap(\.input).map { ExactString($0.name) })
        }
    }

    func problems(in policy: Policy, file: String) -> [PolicyBundle.Problem] {
        policy.names.compactMap { use in
            problem(use.kind).map { PolicyBundle.Problem(file: file, position: use.position, message: $0) }
        }
    }

    private func problem(_ kind: NameUse.Kind) -> String? {
        switch kind {
        case .attribute(let name):
            attributes.contains(name) ? nil : unknown("attribute", name.string, attributes.map(\.string))
        case .entityType(let type): types.contains(type) ? nil : unknown("entity type", type.string, types.map(\.string))
        case .entity(let uid) where uid.type.string.hasSuffix("::Action"):
            actions.contains(uid) ? nil : unknown("action", uid.description, actions.map(\.description))
        case .entity(let uid): types.contains(uid.type) ? nil : unknown("entity type", uid.type.string, types.map(\.string))
        }
    }

    private func unknown(_ what: String, _ name: String, _ known: [String]) -> String {
        "there is no \(what) `\(name)`" + (Suggestion.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? "")
    }
}
