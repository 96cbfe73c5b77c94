import Authority
import DeclaredKit
import StrictJSON
import Synchronization

/// How the gateway shows who it is. The secret never leaves it.
enum Credentials: Sendable {
    case none
    /// A header with a fixed value, such as an API key.
    case header(String, String)
    /// Client credentials of OAuth (RFC 6749, section 4.4).
    case oauth(url: String, body: String)
    /// A session that a request opens and, where there is one, another ends.
    case session(Session)

    struct Session: Sendable {
        let login: RequestTemplate
        /// Where the answer has the token.
        let token: Pointer
        /// How it is sent.
        let header: String
        let value: TextTemplate
        let logout: RequestTemplate?
        /// How long a token lives that nobody can end any more, in seconds.
        let life: Int64
        /// What the login is filled with: by input.
        let secrets: [String: String]
    }

    /// Whether a credential is made for one step, and ended with it.
    var isScoped: Bool { if case .session(let session) = self { session.logout != nil } else { false } }
}

/// Tokens in hand: one for reading, and one for each step.
final class Tokens: Sendable {
    private let reading = Mutex<String?>(nil)
    private let steps = Mutex<[String: String]>([:])

    var forReading: String? {
        get { reading.withLock { $0 } }
        set { reading.withLock { $0 = newValue } }
    }

    subscript(lease: String) -> String? {
        get { steps.withLock { $0[lease] } }
        set { steps.withLock { $0[lease] = newValue } }
    }
}

/// The host, asked as somebody.
struct HTTPAccess: Sendable {
    let backend: HTTPBackend
    let credentials: Credentials
    let tokens = Tokens()
    let errors: ErrorMap
    /// Where tokens come from, when that is elsewhere.
    let loginBackend: HTTPBackend?

    /// Asks as the base identity, logged in anew when the session is over.
    ///
    /// - Throws: `ConnectorError` for an answer that is an error.
    func ask(_ request: FilledRequest) async throws(ConnectorError) -> HTTPBackend.Answer {
        let answer = try await backend.send(try await signed(request, with: try await tokenForReading(isNew: false)))
        guard answer.status == 401, hasTokens else { return try errors.check(answer) }
        return try errors.check(try await backend.send(try await signed(request, with: tokenForReading(isNew: true))))
    }

    /// Writes with the credential of a step: once, whatever is answered. What the host says of it may repeat what it was sent, so
    /// that nobody is told.
    func write(_ request: FilledRequest, as lease: String) async throws(ConnectorError) -> HTTPBackend.Answer {
        let token = tokens[lease]
        if hasTokens, token == nil { throw ConnectorError(.refused, "the session of the step is over") }
        return try errors.check(try await backend.send(try await signed(request, with: token)), ofWrite: true)
    }

    var hasTokens: Bool {
        switch credentials {
        case .session, .oauth: true
        case .none, .header: false
        }
    }

    private func signed(_ request: FilledRequest, with token: String?) async throws(ConnectorError) -> FilledRequest {
        var request = request
        switch credentials {
        case .none: break
        case .header(let name, let value): request.headers.append((name, value))
        case .oauth: if let token { request.headers.append(("Authorization", "Bearer \(token)")) }
        case .session(let session):
            guard let token else { break }
            do {
                let value = try session.value.filled(Values { $0 == .token ? .string(token) : nil }) { $0 }
                request.headers.append((session.header, value))
            } catch { throw ConnectorError(.refused, "the session's token can't be sent: \(error)") }
        }
        return request
    }

    private func tokenForReading(isNew: Bool) async throws(ConnectorError) -> String? {
        guard hasTokens else { return nil }
        if !isNew, let known = tokens.forReading { return known }
        let token = try await login()
        tokens.forReading = token
        return token
    }

    /// A fresh token.
    func login() async throws(ConnectorError) -> String {
        let (request, pointer): (FilledRequest, Pointer?)
        switch credentials {
        case .oauth(_, let body):
            request = FilledRequest(
                method: .post, target: "", headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8))
            pointer = Pointer("/access_token")
        case .session(let session):
            do {
                request = try session.login.filled(
                    Values { if case .input(let name) = $0 { session.secrets[name].map(JSONValue.string) } else { nil } })
            } catch { throw ConnectorError(.refused, "the login can't be made: \(error)") }
            pointer = session.token
        case .none, .header: throw ConnectorError(.refused, "there is nothing to log in with")
        }
        let answer = try errors.check(try await (loginBackend ?? backend).send(request))
        guard let token = pointer.flatMap({ pointer in answer.json.flatMap { pointer.find(in: $0) } })?.string, !token.isEmpty
        else {
            throw ConnectorError(.refused, "the login's answer has no token")
        }
        return token
    }

    /// Ends the session of a step.
    func logout(_ lease: String) async throws(ConnectorError) {
        guard case .session(let session) = credentials, let logout = session.logout, let token = tokens[lease] else { return }
        let request: FilledRequest
        do { request = try logout.filled(Values { $0 == .token ? .string(token) : nil }) } catch {
            throw ConnectorError(.refused, "the logout can't be made: \(error)")
        }
        let answer = try await backend.send(try await signed(request, with: token))
        // A session that is over already is what was wanted.
        if ![401, 403, 404, 410].contains(answer.status) { _ = try errors.check(answer) }
        tokens[lease] = nil
    }
}

/// What the host's errors mean.
struct ErrorMap: Sendable {
    struct Rule: Sendable {
        let status: Int
        let at: Pointer?
        let contains: String?
        let code: ConnectorError.Code
    }

    let rules: [Rule]

    func check(_ answer: HTTPBackend.Answer, ofWrite isWrite: Bool = false) throws(ConnectorError) -> HTTPBackend.Answer {
        guard !(200..<300).contains(answer.status) else { return answer }
        // A body may repeat what it was sent, and more: nothing of it is told.
        throw ConnectorError(code(answer, isWrite), "the host answered with HTTP \(answer.status)")
    }

    private func code(_ answer: HTTPBackend.Answer, _ isWrite: Bool) -> ConnectorError.Code {
        for rule in rules where rule.status == answer.status {
            guard let wanted = rule.contains else { return rule.code }
            let found = rule.at.flatMap { at in answer.json.flatMap { at.find(in: $0) } }?.string ?? ""
            if found.contains(wanted) { return rule.code }
        }
        switch answer.status {
        case 404: return .notFound
        case 409, 412: return .conflict
        // Hosts send on whoever made them do something: it may be done.
        case 300..<400: return isWrite ? .unavailable : .refused
        case 401, 403: return .refused
        case 408, 429, 500...: return .unavailable
        default: return .invalid
        }
    }
}
