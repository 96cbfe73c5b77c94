public import Authority
public import Identity
import StrictJSON
import Synchronization

/// People's sessions: a challenge signed with the person's SSH key becomes a token for a while. In memory only: a restart
/// logs everybody out.
public final class Sessions: Sendable {
    public struct Session: Sendable {
        public let person: Person
        public let token: String
        public let expires: Instant
    }

    private struct State {
        var challenges: [String: (person: String, expires: Instant)] = [:]
        var sessions: [String: Session] = [:]
    }

    /// Seconds a challenge waits for its signature, and a session lasts.
    private static let patience: Int64 = 120
    private static let life: Int64 = 900
    /// Challenges that may be open at once for one person; the oldest make room.
    private static let limit = 8

    private let authenticator: PersonAuthenticator
    private let environment: GatewayEnvironment
    private let state = Mutex(State())

    public init(authenticator: PersonAuthenticator, environment: GatewayEnvironment) {
        self.authenticator = authenticator
        self.environment = environment
    }

    /// The text to sign: it names this gateway, so that a signature is good for no other.
    /// For somebody unknown it is made too, and forgotten: nobody learns who is known, and nobody fills the memory.
    public func challenge(for person: String) -> String {
        let now = environment.now()
        let expires = now.adding(seconds: Self.patience)
        let text = JSONWriter.canonicalText([
            "type": "exequatur-session-v1", "gateway": .string(environment.id), "person": .string(person),
            "nonce": .string(environment.id("challenge")), "expires": .integer(expires.milliseconds),
        ])
        guard authenticator.people.contains(where: { $0.id.isExactly(person) }) else { return text }
        state.withLock { state in
            state.challenges = state.challenges.filter { $0.value.expires > now }
            let own = state.challenges.filter { $0.value.person == person }.sorted { $0.value.expires < $1.value.expires }
            for (old, _) in own.prefix(max(0, own.count - Self.limit + 1)) { state.challenges[old] = nil }
            state.challenges[text] = (person, expires)
        }
        return text
    }

    /// Opens a session for whoever signed the challenge. Each challenge is good for one try.
    public func open(person: String, challenge: String, signature: String) throws -> Session {
        let now = environment.now()
        let known = state.withLock { $0.challenges.removeValue(forKey: challenge) }
        guard let known, known.expires > now, try JSONReader.read(challenge)["person"] == .string(person) else {
            throw AuthenticationError(.expired, "the challenge is not one of ours, or its time is over")
        }
        let (who, _) = try authenticator.authenticate(
            person, message: Array(challenge.utf8), signature: signature, namespace: PersonAuthenticator.sessionNamespace)
        let session = Session(person: who, token: environment.id("session"), expires: now.adding(seconds: Self.life))
        state.withLock { state in
            state.sessions = state.sessions.filter { $0.value.expires > now }
            state.sessions[session.token] = session
        }
        return session
    }

    public func session(_ token: String) -> Session? {
        let now = environment.now()
        return state.withLock { $0.sessions[token] }.flatMap { $0.expires > now ? $0 : nil }
    }

    /// Verifies a signed approval statement of that person.
    public func verify(statement text: String, signature: String, by person: Person) throws -> SignedApproval {
        let statement = try ApprovalStatement(text: text)
        let (_, verified) = try authenticator.authenticate(
            person.id, message: Array(text.utf8), signature: signature, namespace: PersonAuthenticator.approvalNamespace)
        return SignedApproval(statement: statement, signature: signature, userVerified: verified)
    }
}
