@_spi(Authenticated) public import Authority
import StrictJSON

/// Who is registered, from configuration.
public struct Registry: Principals {
    public let workloads: [WorkloadRegistration]
    public let authenticator: PersonAuthenticator
    public let people: RegisteredPeople
    public let record: RegistryRecord
    private let byID: [String: WorkloadRegistration]
    private let bySubject: [IssuedName: WorkloadRegistration]

    public init(workloads: [WorkloadRegistration], people: [PersonRegistration]) {
        self.workloads = workloads
        let authenticator = PersonAuthenticator(people: people)
        self.authenticator = authenticator
        let record = RegistryRecord(people, workloads)
        self.record = record
        var seen: Set<String> = []
        self.people = RegisteredPeople(
            all: authenticator.records,
            humans: authenticator.records.filter { seen.insert(authenticator.aliases(of: $0.id).min() ?? $0.id).inserted },
            digest: record.digest)
        byID = Dictionary(workloads.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        bySubject = Dictionary(workloads.map { (IssuedName($0.issuer, $0.subject), $0) }, uniquingKeysWith: { first, _ in first })
    }

    public var workloadIDs: [String] { workloads.map(\.id) }

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
        case .person(let id): authenticator[id].map { .person(Person(id: $0.id, teams: $0.teams)) }
        case .workload(let id): byID[id].flatMap { workload($0, at: now) }.map(Principal.workload)
        }
    }

    public func owner(of workload: PrincipalID) -> String? {
        guard case .workload(let id) = workload else { return nil }
        return byID[id]?.owner
    }

    /// The workload that an issuer calls so.
    func workload(of issuer: String, _ subject: String) -> WorkloadRegistration? { bySubject[IssuedName(issuer, subject)] }

    /// The workload, if it has an owner who is known, and has not expired.
    func workload(_ registration: WorkloadRegistration, at now: Instant) -> Workload? {
        guard let owner = registration.owner, authenticator[owner] != nil,
            registration.expires > now.milliseconds
        else { return nil }
        return Workload(
            id: registration.id, owner: owner, expires: Instant(milliseconds: registration.expires), groups: registration.groups)
    }
}
