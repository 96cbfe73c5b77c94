import Authority
import Foundation
import Gateway
import Identity
import StrictYAML

/// The configuration file, read strictly. Paths in it are relative to its folder.
struct Configuration {
    struct TLSFiles {
        let certificate: String
        let key: String
    }

    struct AgentListener {
        let host: String
        let port: Int
        let publicURL: String?
        let hosts: [String]
        let origins: [String]
        /// How many connections it holds at once, and of one peer.
        let connections: Int
        let connectionsPerPeer: Int
        let tls: TLSFiles?
    }

    enum PeopleListener {
        case socket(String)
        case tls(host: String, port: Int, TLSFiles)
    }

    struct IssuerSource {
        let issuer: Issuer
        let jwks: String
    }

    let file: String
    let id: String
    let tenant: String
    let environment: String
    let state: String
    let changeLife: Int64
    let waitingChanges: Int64
    let approversSeePrompts: Bool
    let deadline: Int64
    let purposes: [String]
    let logKey: String
    let sealKey: String
    let agents: AgentListener
    let people: PeopleListener
    let issuers: [IssuerSource]
    let workloads: [WorkloadRegistration]
    let persons: [PersonRegistration]
    let policies: [String]
    let systems: [System]
    let reach: ReachSection
    /// The accounts of persons and workloads.
    let accounts: [(holder: ReachNode, account: ReachSettings.EntryName)]

    static func load(_ path: String) throws -> Configuration {
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ConfigurationError(file: path, line: 1, message: "the file can't be read: does it exist?")
        }
        return try read(text, path)
    }

    /// - Parameter path: the file's, which others in it are relative to.
    static func read(_ text: String, _ path: String) throws -> Configuration {
        try Configuration(YAMLFields.read(text, file: path))
    }

    private init(_ root: YAMLFields) throws {
        var root = root
        file = root.file
        let folder = URL(fileURLWithPath: root.file).deletingLastPathComponent().path
        @Sendable func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : folder + "/" + path }

        var gateway = try root.mapping("gateway")
        id = try gateway.string("id")
        tenant = try gateway.string("tenant")
        environment = try gateway.string("environment")
        state = resolve(try gateway.string("state"))
        changeLife = try gateway.integer("changeLife", default: 86_400, in: 60...2_592_000)
        waitingChanges = try gateway.integer("waitingChanges", default: 20, in: 1...10_000)
        approversSeePrompts = try gateway.flag("approversSeePrompts")
        deadline = try gateway.integer("deadline", default: 10, in: 1...120)
        purposes = try gateway.strings("purposes")
        guard !purposes.isEmpty else { throw gateway.problem("`gateway.purposes` must name at least one purpose") }
        try gateway.end()

        var keys = try root.mapping("keys")
        logKey = resolve(try keys.string("log"))
        sealKey = resolve(try keys.string("seal"))
        try keys.end()

        agents = try Self.agents(try root.mapping("listen"), resolve)
        people = try Self.people(try root.mapping("people"), resolve)
        let issuerFields = try root.mappings("issuers")
        let (workloadFields, personFields) = (try root.mappings("workloads"), try root.mappings("persons"))
        issuers = try issuerFields.map { try Self.issuer($0, resolve) }
        workloads = try workloadFields.map(Self.workload)
        persons = try personFields.map(Self.person)
        policies = try root.strings("policies").map(resolve)
        let timeout = Int(deadline)
        systems = try root.mappings("systems").map { try Self.system($0, timeout: timeout, resolve) }
        let names = EntryNames(systems)
        accounts = try names.accounts(workloadFields, ReachNode.workload) + names.accounts(personFields, ReachNode.person)
        reach = try Self.reach(try root.optionalMapping("reach"), names, resolve)
        guard Set(systems.map(\.name)).count == systems.count else { throw root.problem("two systems have one name") }
        if let conflict = Catalogue.conflict(among: systems.map(\.catalogue)) { throw root.problem(conflict) }
        guard !policies.isEmpty, !issuers.isEmpty else {
            throw root.problem("`policies` and `issuers` must each name at least one")
        }
        try root.end()
        try checkReferences(issuerFields, workloadFields, personFields)
    }
}
