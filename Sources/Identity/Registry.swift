@_spi(Authenticated) public import Authority
public import Cedar

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

    public func principal(_ uid: EntityUID, at now: Instant) -> Principal? {
        if let person = authenticator.people.first(where: { EntityUID.person($0.id) == uid }) {
            return .person(Person(id: person.id, teams: person.teams))
        }
        return workloads.first { EntityUID.workload($0.id) == uid }.flatMap { workload($0, at: now) }.map(Principal.workload)
    }

    public func owner(of workload: EntityUID) -> String? {
        workloads.first { EntityUID.workload($0.id) == workload }?.owner
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
