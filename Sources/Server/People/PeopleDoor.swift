import Authority
public import Gateway
import HTTPTypes
import Identity
import Logging
import StrictJSON

/// The listener for people. Agents' tokens mean nothing here: only a session opened with a person's key does.
public struct PeopleDoor: Door {
    let gateway: Gateway
    private let sessions: Sessions

    public init(gateway: Gateway, sessions: Sessions) {
        self.gateway = gateway
        self.sessions = sessions
    }

    public func answer(_ call: HTTPCall) async -> HTTPAnswer {
        do {
            guard call.path.prefix(2) == ["people", "v1"] else {
                throw HTTPProblem(404, "http.not_found", "There is nothing at this path.")
            }
            return try await answer(call, Array(call.path.dropFirst(2)))
        } catch { return problem(error).answer }
    }

    private func answer(_ call: HTTPCall, _ path: [String]) async throws -> HTTPAnswer {
        if call.method == .post, path == ["challenge"] { return try await challenge(call) }
        if call.method == .post, path == ["session"] { return try await open(call) }
        guard let session = call.bearer.flatMap(sessions.session) else {
            throw HTTPProblem(401, "auth.session", "Log in first.")
        }
        try recognize(session.person, call)
        switch (path.first, path.count) {
        case ("changes", 1) where call.method == .get: return try await list(call, session)
        case ("changes", 2) where call.method == .get:
            try gateway.rights.require(.view, of: session.person)
            return HTTPAnswer(200, try await gateway.desk.sheet(path[1]).json)
        case ("changes", 3) where call.method == .post: return try await act(call, session, path[1], path[2])
        case ("reach", 2): return try await reach(call, session, path[1])
        case ("locks", 1): return try await locks(call, session)
        case ("checkpoints", 2) where call.method == .get:
            guard let log = LogName(rawValue: path[1]) else { throw HTTPProblem(404, "http.not_found", "There is no such log.") }
            return HTTPAnswer(200, text: try gateway.journal.checkpoint(log))
        default: throw HTTPProblem(404, "http.not_found", "There is nothing at this path.")
        }
    }

    /// What nobody has logged in for may be so long.
    private static let shortBody = 32 << 10

    private func challenge(_ call: HTTPCall) async throws -> HTTPAnswer {
        var fields = try Fields(try await call.json(limit: Self.shortBody))
        let person = try fields.string("person")
        try fields.end()
        return HTTPAnswer(200, ["challenge": .string(sessions.challenge(for: person))])
    }

    private func open(_ call: HTTPCall) async throws -> HTTPAnswer {
        var fields = try Fields(try await call.json(limit: Self.shortBody))
        let (person, challenge, signature) = (
            try fields.string("person"), try fields.string("challenge"), try fields.string("signature")
        )
        try fields.end()
        let session: Sessions.Session
        do { session = try sessions.open(person: person, challenge: challenge, signature: signature) } catch let error
            as AuthenticationError
        {
            // One answer for all: whoever asks does not learn who is known here.
            gateway.strangers.note(error)
            throw HTTPProblem(
                401, "auth.session_refused",
                "The challenge was not answered with a key of that person, or its time is over; ask for a new one.")
        }
        try recognize(session.person, call)
        return HTTPAnswer(200, ["token": .string(session.token), "expires": .integer(session.expires.milliseconds)])
    }

    private func recognize(_ person: Person, _ call: HTTPCall) throws {
        guard call.recognize(person.id) else {
            throw HTTPProblem(
                429, "limit.connections", "You have too many connections open; use those you have.",
                headers: [("Retry-After", "1"), ("Connection", "close")])
        }
    }

    private func list(_ call: HTTPCall, _ session: Sessions.Session) async throws -> HTTPAnswer {
        try gateway.rights.require(.view, of: session.person)
        let isWaiting = call.query["state"] == "waiting"
        let states: Set<Change.State> = isWaiting ? [.proposed, .approved] : Set(Change.State.allCases)
        let page = try await gateway.desk.rows(states, after: call.query["after"])
        var answer: JSONValue = ["changes": .array(page.rows.map(\.json))]
        answer.add("next", page.next.map(JSONValue.string))
        return HTTPAnswer(200, answer)
    }

    private func act(_ call: HTTPCall, _ session: Sessions.Session, _ id: String, _ verb: String) async throws -> HTTPAnswer {
        var fields = try Fields(try await call.json(empty: [:]))
        switch verb {
        case "statement":
            let (statement, signature) = (try fields.string("statement"), try fields.string("signature"))
            try fields.end()
            let proof = try sessions.verify(statement: statement, signature: signature, by: session.person)
            guard proof.statement.change == id else {
                throw Refusal(.approvalOtherChange, "The statement is about another change.")
            }
            return try await sheet(of: gateway.approvals.record(proof, by: session.person))
        case "adopt":
            try fields.end()
            return try await sheet(of: gateway.approvals.adopt(id, by: session.person))
        case "retry":
            try fields.end()
            return try await sheet(of: gateway.queue.retry(id, by: session.person))
        case "rollback":
            try fields.end()
            try gateway.rights.require(.view, of: session.person)
            let task = try await gateway.tasks.task(for: session.person, session: session.token, expires: session.expires)
            return HTTPAnswer(200, try await gateway.submissions.rollback(id, by: session.person, task: task).json)
        case "secret":
            try fields.end()
            let disclosure = try await gateway.desk.takeSecret(of: id, by: session.person)
            return HTTPAnswer(200, ["label": .string(disclosure.label), "value": .string(disclosure.value)])
        default: throw HTTPProblem(404, "http.not_found", "There is nothing at this path.")
        }
    }

    private func sheet(of change: Change) async throws -> HTTPAnswer {
        HTTPAnswer(200, try await gateway.desk.sheet(of: change).json)
    }

    private func locks(_ call: HTTPCall, _ session: Sessions.Session) async throws -> HTTPAnswer {
        if call.method == .get {
            return HTTPAnswer(200, ["locks": .array(gateway.locks.inForce.map(Self.json))])
        }
        var fields = try Fields(try await call.json())
        guard let scope = Lock.Scope(rawValue: try fields.string("scope")) else {
            throw ShapeError(.invalid, at: "/scope", "one of workload, task, operation, system, all belongs here")
        }
        let subject = try fields.optionalString("subject") ?? ""
        try fields.end()
        guard scope == .all || !subject.isEmpty else { throw ShapeError(.missing, at: "/subject", "'subject' is missing") }
        if call.method == .post {
            let (lock, isStored) = try await gateway.locks.place(scope, subject, by: session.person)
            var answer = Self.json(lock)
            answer.add("stored", .bool(isStored))
            return HTTPAnswer(isStored ? 200 : 202, answer)
        }
        guard call.method == .delete else { throw HTTPProblem(405, "http.method", "GET, POST and DELETE are served here.") }
        try await gateway.locks.lift(scope, subject, by: session.person)
        return HTTPAnswer(200, ["status": "lifted"])
    }

    private static func json(_ lock: Lock) -> JSONValue {
        [
            "scope": .string(lock.scope.rawValue), "subject": .string(lock.subject), "by": .string(lock.by),
            "at": .integer(lock.at.milliseconds),
        ]
    }

    private func problem(_ error: any Error) -> HTTPProblem {
        if let problem = HTTPProblem(error) { return problem }
        switch error {
        case let error as ConnectorError:
            return HTTPProblem(Refusal.Code(error.code).kind.status, error.code.rawValue, error.message)
        case let error as AuthenticationError:
            gateway.environment.log.notice("\(error)")
            return HTTPProblem(401, error.code.rawValue, "The signature was not accepted: \(error.detail).")
        default:
            gateway.environment.log.error("\(error)")
            return HTTPProblem(503, "unavailable", "The gateway could not do this now.")
        }
    }
}
