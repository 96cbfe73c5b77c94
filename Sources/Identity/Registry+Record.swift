public import Authority
public import StrictJSON

extension RegistryRecord {
    /// Who is registered, as the log keeps it.
    init(_ people: [PersonRegistration], _ workloads: [WorkloadRegistration]) {
        self.init(
            people: people.map {
                .init(id: $0.id, teams: $0.teams, keys: $0.keys.map(\.line), aliases: $0.aliases, subjects: $0.subjects)
            },
            workloads: workloads.map {
                .init(
                    id: $0.id, issuer: $0.issuer, subject: $0.subject, owner: $0.owner, expires: $0.expires, groups: $0.groups,
                    clients: $0.clients)
            })
    }
}

extension Registry {
    /// - Throws: ``ShapeError`` for a key that is none.
    public init(_ record: RegistryRecord) throws(ShapeError) {
        var people: [PersonRegistration] = []
        for person in record.people {
            var keys: [SSHPublicKey] = []
            for line in person.keys {
                guard let key = SSHPublicKey(line: line) else { throw ShapeError(.invalid, at: "/keys", "not an SSH key") }
                keys.append(key)
            }
            people.append(
                PersonRegistration(
                    id: person.id, teams: person.teams, keys: keys, aliases: person.aliases, subjects: person.subjects))
        }
        let workloads = record.workloads.map {
            WorkloadRegistration(
                id: $0.id, issuer: $0.issuer, subject: $0.subject, owner: $0.owner, expires: $0.expires, groups: $0.groups,
                clients: $0.clients)
        }
        self.init(workloads: workloads, people: people)
    }
}
