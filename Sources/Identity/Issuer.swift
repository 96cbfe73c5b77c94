import StrictJSON

/// An issuer whose tokens are accepted.
public struct Issuer: Sendable {
    /// The value of `iss`, compared exactly.
    public let name: String
    /// The values of `aud` that mean this gateway; never empty.
    public let audiences: Set<String>
    /// The algorithms accepted (`alg`); never `none`, never symmetric.
    public let algorithms: Set<String>
    /// The SPIFFE trust domain whose identities it may issue, if any.
    public let trustDomain: String?

    public static let safeAlgorithms: Set<String> = [
        "EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    ]

    /// Nil when no audience is given or an algorithm is not a safe one.
    public init?(name: String, audiences: Set<String>, algorithms: Set<String>, trustDomain: String?) {
        guard !audiences.isEmpty, !algorithms.isEmpty, algorithms.isSubset(of: Self.safeAlgorithms) else { return nil }
        self.name = name
        self.audiences = audiences
        self.algorithms = algorithms
        self.trustDomain = trustDomain
    }
}

/// What an issuer calls somebody.
struct IssuedName: Hashable {
    let issuer: ExactString
    let subject: ExactString

    init(_ issuer: String, _ subject: String) { (self.issuer, self.subject) = (ExactString(issuer), ExactString(subject)) }
}

/// A workload that configuration knows.
public struct WorkloadRegistration: Sendable {
    public let id: String
    public let issuer: String
    public let subject: String
    /// Nil is an ownerless workload, which is refused.
    public let owner: String?
    public let expires: Int64
    public let groups: [String]
    /// Clients besides the subject itself that its tokens may be issued to (`azp`).
    public let clients: [String]

    /// - Parameter expires: milliseconds since 1970.
    public init(
        id: String, issuer: String, subject: String, owner: String?, expires: Int64, groups: [String], clients: [String] = []
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

/// A person that configuration knows, with the keys that are theirs.
public struct PersonRegistration: Sendable {
    public let id: String
    public let teams: [String]
    public let keys: [SSHPublicKey]
    /// Other ids of the same human; an alias can't approve what the other asked for.
    public let aliases: [String]
    /// Who the person is to token issuers, for tokens that a workload holds on their behalf.
    public let subjects: [(issuer: String, subject: String)]

    public init(
        id: String, teams: [String], keys: [SSHPublicKey], aliases: [String], subjects: [(issuer: String, subject: String)]
    ) {
        self.id = id
        self.teams = teams
        self.keys = keys
        self.aliases = aliases
        self.subjects = subjects
    }
}
