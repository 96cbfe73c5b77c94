@_spi(Authenticated) public import Authority
import StrictJSON

/// Authenticates people by their SSH keys. Keys and teams come from configuration alone.
public struct PersonAuthenticator: Sendable {
    public static let sessionNamespace = "exequatur-session"
    public static let approvalNamespace = "exequatur-approval"

    public let people: [PersonRegistration]

    private let byID: [ExactString: PersonRegistration]
    private let byName: [IssuedName: PersonRegistration]
    /// Which ids are said to be the same human's, in both directions.
    private let linked: [String: Set<String>]

    public init(people: [PersonRegistration]) {
        self.people = people
        byID = Dictionary(people.map { (ExactString($0.id), $0) }, uniquingKeysWith: { first, _ in first })
        let names = people.flatMap { person in person.subjects.map { (IssuedName($0.issuer, $0.subject), person) } }
        byName = Dictionary(names, uniquingKeysWith: { first, _ in first })
        linked = people.reduce(into: [:]) { linked, person in
            for alias in person.aliases {
                linked[person.id, default: []].insert(alias)
                linked[alias, default: []].insert(person.id)
            }
        }
    }

    /// Everybody known, as decisions see them.
    public var records: [PersonRecord] { people.map { PersonRecord(id: $0.id, teams: $0.teams) } }

    subscript(id: String) -> PersonRegistration? { byID[ExactString(id)] }

    /// Whom an issuer calls so.
    func person(of issuer: String, _ subject: String) -> PersonRegistration? { byName[IssuedName(issuer, subject)] }

    /// The ids of the same human: the id itself, its aliases and theirs, in both directions.
    public func aliases(of id: String) -> Set<String> {
        var (found, waiting) = (Set([id]), [id])
        while let next = waiting.popLast() {
            for other in linked[next] ?? [] where found.insert(other).inserted { waiting.append(other) }
        }
        return found
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
        guard let person = self[id], person.keys.contains(signature.key) else {
            throw AuthenticationError(.unknownKey, "this key is not one of \(id)'s")
        }
        return (Person(id: person.id, teams: person.teams), verified)
    }
}
