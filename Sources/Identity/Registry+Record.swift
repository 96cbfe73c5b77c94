import Authority
public import StrictJSON

/// The registry as the log keeps it.
extension Registry {
    public var record: JSONValue {
        ["persons": .array(authenticator.people.map(\.json)), "workloads": .array(workloads.map(\.json))]
    }

    public init(json: JSONValue) throws {
        var fields = try Fields(json)
        let people = try fields.array("persons").map { try PersonRegistration(json: $0) }
        let workloads = try fields.array("workloads").map { try WorkloadRegistration(json: $0) }
        try fields.end()
        self.init(workloads: workloads, people: people)
    }
}

extension PersonRegistration {
    fileprivate var json: JSONValue {
        [
            "id": .string(id), "teams": .array(teams.map(JSONValue.string)), "keys": .array(keys.map { .string($0.line) }),
            "aliases": .array(aliases.map(JSONValue.string)),
            "subjects": .array(subjects.map { [.string($0.issuer), .string($0.subject)] }),
        ]
    }

    fileprivate init(json: JSONValue) throws {
        var fields = try Fields(json)
        let keys = try fields.strings("keys").map { line in
            guard let key = SSHPublicKey(line: line) else { throw ShapeError(.invalid, at: "/keys", "not an SSH key") }
            return key
        }
        let subjects = try fields.array("subjects").map {
            (issuer: $0.array?.first?.string ?? "", subject: $0.array?.last?.string ?? "")
        }
        self.init(
            id: try fields.string("id"), teams: try fields.strings("teams"), keys: keys, aliases: try fields.strings("aliases"),
            subjects: subjects)
        try fields.end()
    }
}

extension WorkloadRegistration {
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
