@_spi(Authenticated) public import Authority

/// Who is registered, from configuration.
public struct Registry: Principals {
    public let workloads: [WorkloadRegistration]
    public let authenticator: PersonAuthenticator

    public init(workloads: [WorkloadRegistration], people: [PersonRegistration]) {
        self.workloads = workloads
        authenticator = PersonAuthenticator(people: people)
    }

    public var workloadIDs: [String] { workloads.map(\.id) }

    public var people: [PersonRecord] { authenticator.records }

    public func aliases(of person: String) -> Set<String> { authenticator.aliases(of: person) }

    public func fact(of approval: SignedApproval) -> ApprovalFact? {
        let statement = approval.statement
        guard statement.verdict == .approve,
            let (person, verified) = try? authenticator.authenticate(
                statement.approver, message: statement.bytes, signature: approval.signature,
                namespace: PersonAuthenticator.approvalNamespace)
        else { return nil }
        return ApprovalFact(person: PersonRecord(id: person.id, teams: person.teams), userVerified: verified)
    }

    public func principal(_ id: PrincipalID, at now: Instant) -> Principal? {
        switch id {
        case .person(let id):
            authenticator.people.first { $0.id == id }.map { .person(Person(id: $0.id, teams: $0.teams)) }
        case .workload(let id): workloads.first { $0.id == id }.flatMap { workload($0, at: now) }.map(Principal.workload)
        }
    }

    public func owner(of workload: PrincipalID) -> String? {
        guard case .workload(let id) = workload else { return nil }
        return workloads.first { $0.id == id }?.owner
    }

    /// The workload, if it has an owner who is known, and has not expired.
    func workload(_ registration: WorkloadRegistration, at now: Instant) -> Workload? {
        guard let owner = registration.owner, authenticator.people.contains(where: { $0.id == owner }),
            registration.expires > now.milliseconds
        else { return nil }
        return Workload(
            id: registration.id, owner: owner, expires: Instant(milliseconds: registration.expires), groups: registration.groups)
    }
}
