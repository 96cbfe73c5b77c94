/// Finds principals again whose request was authenticated earlier, as they stand now.
public protocol Principals: Sendable {
    /// The registered principal; nil when it is no longer registered, owned or within its term.
    func principal(_ id: PrincipalID, at now: Instant) -> Principal?
    /// Who answers for a workload, whether or not its term is over.
    func owner(of workload: PrincipalID) -> String?
    /// The ids of the workloads registered.
    var workloadIDs: [String] { get }
    /// Everybody and every key, for the log: signatures are checked years later by what was registered then.
    var record: RegistryRecord { get }
    /// Everybody registered, as decisions see them.
    var people: RegisteredPeople { get }
    /// The fact that a stored approval proves, its signature checked again with the keys of today; nil when it does not hold.
    func fact(of approval: SignedApproval) -> ApprovalFact?
    /// The ids of the same human.
    func aliases(of person: String) -> Set<String>
}
