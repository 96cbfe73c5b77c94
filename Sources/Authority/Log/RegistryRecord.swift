import StrictJSON

/// Everybody and every key, as registered at the time.
public struct RegistryRecord: Sendable {
    public struct Person: Sendable {
        public let id: String
        public let teams: [String]
        /// Public keys, as lines of `authorized_keys`.
        public let keys: [String]
        /// Other ids of the same human.
        public let aliases: [String]
        /// Who they are to token issuers.
        public let subjects: [(issuer: String, subject: String)]

        public init(
            id: String, teams: [String], keys: [String], aliases: [String], subjects: [(issuer: String, subject: String)]
        ) {
            self.id = id
            self.teams = teams
            self.keys = keys
            self.aliases = aliases
            self.subjects = subjects
        }
    }

    public struct Workload: Sendable {
        public let id: String
        public let issuer: String
        public let subject: String
        public let owner: String?
        /// Milliseconds since 1970.
        public let expires: Int64
        public let groups: [String]
        public let clients: [String]

        public init(
            id: String, issuer: String, subject: String, owner: String?, expires: Int64, groups: [String], clients: [String]
        ) {
            self.id = id
            self.issuer = issuer
            self.subject = subject
            self.owner = owner
            self.expires = expires
            self.groups = groups
            self.clients = clients
        }
    }

    public let people: [Person]
    public let workloads: [Workload]

    public init(people: [Person], workloads: [Workload]) {
        self.people = people
        self.workloads = workloads
    }

    public var digest: Digest { Digest(of: json) }

    var json: JSONValue { ["persons": .array(people.map(\.json)), "workloads": .array(workloads.map(\.json))] }

    init(json: JSONValue) throws {
        var fields = try Fields(json)
        people = try fields.array("persons").map { try Person(json: $0) }
        workloads = try fields.array("workloads").map { try Workload(json: $0) }
        try fields.end()
    }
}

extension RegistryRecord.Person {
    fileprivate var json: JSONValue {
        [
            "id": .string(id), "teams": .array(teams.map(JSONValue.string)), "keys": .array(keys.map(JSONValue.string)),
            "aliases": .array(aliases.map(JSONValue.string)),
            "subjects": .array(subjects.map { [.string($0.issuer), .string($0.subject)] }),
        ]
    }

    fileprivate init(json: JSONValue) throws {
        var fields = try Fields(json)
        let subjects = try fields.array("subjects").map {
            guard let pair = $0.array, pair.count == 2, let issuer = pair[0].string, let subject = pair[1].string else {
                throw ShapeError(.invalid, at: "/subjects", "an issuer and a subject belong here")
            }
            return (issuer: issuer, subject: subject)
        }
        self.init(
            id: try fields.string("id"), teams: try fields.strings("teams"), keys: try fields.strings("keys"),
            aliases: try fields.strings("aliases"), subjects: subjects)
        try fields.end()
    }
}

extension RegistryRecord.Workload {
    fileprivate var json: JSONValue {
        var json: JSONValue = [
            "id": .string(id), "issuer": .string(issuer), "subject": .string(subject), "expires": .integer(expires),
            "groups": .array(groups.map(JSONValue.string)), "clients": .array(clients.map(JSONValue.string)),
        ]
        json.add("owner", owner.map(JSONValue.string))
        return json
    }

    fileprivate init(json: JSONValue) throws {
        var fields = try Fields(json)
        self.init(
            id: try fields.string("id"), issuer: try fields.string("issuer"), subject: try fields.string("subject"),
            owner: try fields.optionalString("owner"), expires: try fields.integer("expires"),
            groups: try fields.strings("groups"), clients: try fields.strings("clients"))
        try fields.end()
    }
}
