public import Authority
import Crypto
public import Identity
import StrictJSON
import Synchronization
import TransparencyLog

/// People's sessions: a challenge signed with the person's SSH key becomes a token for a while. In memory only: a restart
/// logs everybody out.
///
/// Challenges are not kept: each carries a code of this process's key. So nobody who only asks for them takes anything from
/// anybody, in memory or in turn.
public final class Sessions: Sendable {
    public struct Session: Sendable {
        public let person: Person
        public let token: String
        public let expires: Instant
    }

    private struct State {
        /// Challenges that were answered, until their time is over: each is good for one session.
        var answered: [String: Instant] = [:]
        var sessions: [String: Session] = [:]
    }

    /// Seconds a challenge waits for its signature, and a session lasts.
    private static let patience: Int64 = 120
    private static let life: Int64 = 900

    private let authenticator: PersonAuthenticator
    private let environment: GatewayEnvironment
    private let key: SymmetricKey
    private let state = Mutex(State())

    public init(authenticator: PersonAuthenticator, environment: GatewayEnvironment) {
        self.authenticator = authenticator
        self.environment = environment
        key = SymmetricKey(data: environment.random(32))
    }

    /// The text to sign: it names this gateway, so that a signature is good for no other. It is made for whoever is named,
    /// known or not.
    public func challenge(for person: String) -> String {
        let fields: JSONValue = [
            "type": "exequatur-session-v1", "gateway": .string(environment.id), "person": .string(person),
            "nonce": .string(environment.secret("challenge")),
            "expires": .integer(environment.now().adding(seconds: Self.patience).milliseconds),
        ]
        var signed = fields
        signed.add("code", .string(code(fields)))
        return JSONWriter.canonicalText(signed)
    }

    private func code(_ fields: JSONValue) -> String {
        Base64.encode(Array(HMAC<SHA256>.authenticationCode(for: JSONWriter.canonical(fields), using: key)))
    }

    /// Whether the challenge is this process's own, for that person and not too old.
    ///
    /// - Returns: when its time is over.
    private func check(_ challenge: String, for person: String) -> Instant? {
        guard let given = try? JSONReader.read(challenge), var object = given.object,
            let code = object["code"]?.string.flatMap(Base64.decode), let expires = object["expires"]?.integer
        else { return nil }
        object["code"] = nil
        let end = Instant(milliseconds: expires)
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: JSONWriter.canonical(.object(object)), using: key),
            JSONWriter.canonicalText(given).isExactly(challenge), object["person"]?.string?.isExactly(person) == true,
            environment.now() < end
        else { return nil }
        return end
    }

    /// Opens a session for whoever signed the challenge. Each challenge is good for one.
    ///
    /// - Throws: ``AuthenticationError``.
    public func open(person: String, challenge: String, signature: String) throws -> Session {
        let now = environment.now()
        guard let end = check(challenge, for: person) else {
            throw AuthenticationError(.expired, "the challenge is not one of ours, or its time is over")
        }
        let (who, _) = try authenticator.authenticate(
            person, message: Array(challenge.utf8), signature: signature, namespace: PersonAuthenticator.sessionNamespace)
        let session = Session(person: who, token: environment.secret("session"), expires: now.adding(seconds: Self.life))
        let isFirst = state.withLock { state in
            state.answered = state.answered.filter { $0.value > now }
            state.sessions = state.sessions.filter { $0.value.expires > now }
            guard state.answered.updateValue(end, forKey: challenge) == nil else { return false }
            state.sessions[session.token] = session
            return true
        }
        guard isFirst else { throw AuthenticationError(.expired, "the challenge was answered before") }
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
        return SignedApproval(
            statement: statement, signature: signature, userVerified: verified, taken: environment.now(), requirement: nil)
    }
}
