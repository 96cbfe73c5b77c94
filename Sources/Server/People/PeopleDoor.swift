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
    private let api: RouteTable<Sessions.Session>
    private let entrance: RouteTable<HTTPCall>

    public init(gateway: Gateway, sessions: Sessions) {
        self.gateway = gateway
        self.sessions = sessions
        api = PeopleAPI(gateway: gateway, sessions: sessions).table
        entrance = PeopleEntrance(gateway: gateway, sessions: sessions).table
    }

    public func answer(_ call: HTTPCall) async -> HTTPAnswer {
        do {
            if entrance.knows(call.path) { return try await entrance.answer(call, call) }
            guard call.path.prefix(2) == ["people", "v1"] else { throw HTTPProblem.nothingHere }
            guard let session = call.bearer.flatMap(sessions.session) else {
                throw HTTPProblem(.session, "Log in first.")
            }
            try PeopleEntrance.recognize(session.person, call)
            return try await api.answer(call, session)
        } catch { return problem(error).answer }
    }

    private func problem(_ error: any Error) -> HTTPProblem {
        if let problem = HTTPProblem(error) { return problem }
        switch error {
        case let error as ConnectorError:
            return HTTPProblem(Refusal.Code(error.code).kind.status, error.code, error.message)
        case let error as AuthenticationError:
            gateway.environment.log.notice("\(error)")
            return HTTPProblem(401, error.code, "The signature was not accepted: \(error.detail).")
        default:
            gateway.environment.log.error("\(error)")
            return HTTPProblem(.unavailable, "The gateway could not do this now.")
        }
    }
}

/// Where people log in, and what they may read before that.
struct PeopleEntrance: Sendable {
    let gateway: Gateway
    let sessions: Sessions

    /// What nobody has logged in for may be so long.
    private static let shortBody = 32 << 10

    var table: RouteTable<HTTPCall> {
        RouteTable(
            base: ["people", "v1"],
            routes: [
                Route(
                    .post, "challenge", "A text to sign, to log in with", body: OpenAPI.strings(["person"]),
                    answers: .object(["challenge"]), isOpen: true, serve: challenge),
                Route(
                    .post, "session", "Log in: the challenge, signed with the person's SSH key",
                    body: OpenAPI.strings(["person", "challenge", "signature"]), answers: .object(["token", "expires"]),
                    isOpen: true,
                    serve: open),
                Route(
                    .get, "openapi.json", "This description", answers: .object(["openapi", "info", "paths"]), isOpen: true
                ) { [gateway, sessions] _ in
                    HTTPAnswer(200, PeopleAPI.document(gateway, sessions))
                },
            ])
    }

    private func challenge(_ routed: RoutedCall<HTTPCall>) async throws -> HTTPAnswer {
        var fields = try Fields(try await routed.call.json(limit: Self.shortBody))
        let person = try fields.string("person")
        try fields.end()
        return HTTPAnswer(200, ["challenge": .string(sessions.challenge(for: person))])
    }

    private func open(_ routed: RoutedCall<HTTPCall>) async throws -> HTTPAnswer {
        var fields = try Fields(try await routed.call.json(limit: Self.shortBody))
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
                .sessionRefused,
                "The challenge was not answered with a key of that person, or its time is over; ask for a new one.")
        }
        try Self.recognize(session.person, routed.call)
        return HTTPAnswer(200, ["token": .string(session.token), "expires": .integer(session.expires.milliseconds)])
    }

    static func recognize(_ person: Person, _ call: HTTPCall) throws {
        guard call.recognize(person.id) else {
            throw HTTPProblem(
                .connections, "You have too many connections open; use those you have.",
                headers: [("Retry-After", "1"), ("Connection", "close")])
        }
    }
}
