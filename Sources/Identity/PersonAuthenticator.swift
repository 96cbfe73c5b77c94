@_spi(Authenticated) public import Authority
import StrictJSON

/// Authenticates people by their SSH keys. Keys and teams come from configuration alone.
public struct PersonAuthenticator: Sendable {
    public static let sessionNamespace = "exequatur-session"
    public static let approvalNamespace = "exequatur-approval"

    public let people: [PersonRegistration]

    public init(people: [PersonRegistration]) { self.people = people }

    /// Everybody known, as decisions see them.
    public var records: [PersonRecord] { people.map { PersonRecord(id: $0.id, teams: $0.teams) } }

    /// The ids of the same human: the id itself, its aliases and theirs, in both directions.
    public func aliases(of id: String) -> Set<String> {
        var found: Set<String> = [id]
        while true {
            let linked = people.filter { found.contains($0.id) || !found.isDisjoint(with: $0.aliases) }
            let grown = linked.reduce(into: found) { $0.formUnion([$1.id] + $1.aliases) }
            if grown.count == found.count { return found }
            found = grown
        }
    }

    /// Checks that the person signed these bytes with a key of theirs.
    ///
    /// - Returns: the person, and whether a security key verified its user.
    /// - Throws: ``AuthenticationError``.
    public func authenticate(_ id: String, message: [UInt8], signature: String, namespace: String) throws -> (
        Person, userVerified: Bool
    ) {
        let signature = try SSHSignature(armoured: signature)
        // First, so that it takes as long for somebody unknown.
        let verified = try signature.verify(message, namespace: namespace)
        guard let person = people.first(where: { $0.id.isExactly(id) }), person.keys.contains(signature.key) else {
            throw AuthenticationError(.unknownKey, "this key is not one of \(id)'s")
        }
        return (Person(id: person.id, teams: person.teams), verified)
    }
}
