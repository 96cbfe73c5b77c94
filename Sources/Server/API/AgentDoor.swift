import Authority
import FoundationEssentials
public import Gateway
import HTTPTypes
public import Identity
import Logging
import StrictJSON

/// The listener for workloads: MCP at `/mcp`, the HTTP API at `/v1`, and what must be readable without a token.
public struct AgentDoor: Door {
    let gateway: Gateway
    let authenticator: TokenAuthenticator
    /// The URL that clients reach this listener at, without a slash at its end.
    let publicURL: String
    let issuers: [String]
    /// Hosts that a request may name (`Host`), against DNS rebinding.
    let hosts: Set<String>
    /// Origins that a browser may call from; none by default.
    let origins: Set<String>
    /// Written once: anybody may ask for it.
    let openAPI: [UInt8]
    private let api: RouteTable<AgentCaller>
    /// Calls in flight, by workload.
    let lanes: Lanes
    private let brake: Brake

    public init(
        gateway: Gateway, authenticator: TokenAuthenticator, publicURL: String, issuers: [String], hosts: Set<String>,
        origins: Set<String>
    ) {
        self.gateway = gateway
        self.authenticator = authenticator
        self.publicURL = publicURL
        self.issuers = issuers
        self.hosts = hosts
        self.origins = origins
        openAPI = JSONWriter.canonical(AgentAPI.document(gateway))
        api = AgentAPI(gateway).table
        brake = Brake(now: gateway.environment.now)
        lanes = Lanes(running: 2, waiting: 30, patience: .seconds(gateway.environment.deadline))
    }

    public func answer(_ call: HTTPCall) async -> HTTPAnswer {
        do {
            try guardAgainstBrowsers(call)
            switch call.path.first {
            case ".well-known": return try metadata(call)
            case "healthz" where call.path.count == 1: return HTTPAnswer(200, ["status": "ok"])
            case "mcp" where call.path.count == 1: return await MCPDoor(self).answer(call)
            case "v1": return try await v1(call)
            case "log" where call.path.count == 3 && call.path[2] == "checkpoint": return try await checkpoint(call.path[1])
            default: throw HTTPProblem.nothingHere
            }
        } catch { return problem(error).answer }
    }

    private func v1(_ call: HTTPCall) async throws -> HTTPAnswer {
        if call.method == .get, call.path == ["v1", "openapi.json"] { return HTTPAnswer(200, json: openAPI) }
        return try await serving(call) { caller in
            let task = try await task(of: caller, purpose: try call.single("Exequatur-Purpose"))
            return try await api.answer(call, AgentCaller(principal: .workload(caller.workload), task: task))
        }
    }

    /// A page in somebody's browser must not be able to drive the gateway.
    private func guardAgainstBrowsers(_ call: HTTPCall) throws {
        if let origin = call.headers[.origin], !origins.contains(origin) {
            throw HTTPProblem(403, "http.origin", "Calls from this origin are not accepted.")
        }
        let host = call.host.map { $0.lowercased() } ?? ""
        guard hosts.contains(host) else { throw HTTPProblem(421, "http.host", "This host name is not served here.") }
    }

    private func metadata(_ call: HTTPCall) throws -> HTTPAnswer {
        guard
            call.path == [".well-known", "oauth-protected-resource"]
                || call.path == [".well-known", "oauth-protected-resource", "mcp"]
        else { throw HTTPProblem.nothingHere }
        let resource = publicURL + (call.path.count == 3 ? "/mcp" : "")
        return HTTPAnswer(
            200,
            [
                "resource": .string(resource), "authorization_servers": .array(issuers.map(JSONValue.string)),
                "bearer_methods_supported": ["header"], "resource_name": "Exequatur",
            ])
    }

    private func checkpoint(_ name: String) async throws -> HTTPAnswer {
        guard let log = LogName(rawValue: name) else { throw HTTPProblem(404, "http.not_found", "There is no such log.") }
        guard let note = gateway.journal.published(log) else {
            throw HTTPProblem(503, "unavailable", "No checkpoint has been published yet; ask again in a few seconds.")
        }
        return HTTPAnswer(200, text: note)
    }

    // MARK: Callers

    /// Serves a call of a workload, known by the headers alone. So many of each go on at once.
    ///
    /// - Throws: ``HTTPProblem`` 401, 429 or 503, and what `body` throws.
    func serving(_ call: HTTPCall, _ body: (AuthenticatedToken) async throws -> HTTPAnswer) async throws -> HTTPAnswer {
        let caller = try await authenticate(call)
        guard call.recognize(caller.workload.id) else {
            call.rest()
            await brake.hold()
            throw HTTPProblem(
                429, "limit.connections", "This workload has too many connections open; use those it has.",
                headers: [("Retry-After", "1"), ("Connection", "close")])
        }
        guard await lanes.enter(caller.workload.id) else {
            call.rest()
            await brake.hold()
            throw HTTPProblem(
                429, "limit.in_flight", "This workload has too many calls in flight; wait for their answers.",
                headers: [("Retry-After", "1")])
        }
        defer { lanes.leave(caller.workload.id) }
        return try await body(caller)
    }

    private func authenticate(_ call: HTTPCall) async throws -> AuthenticatedToken {
        do {
            guard let token = call.bearer else { throw AuthenticationError(.missing, "no bearer token") }
            return try await authenticator.authenticate(token, now: gateway.environment.now())
        } catch let error as AuthenticationError {
            gateway.strangers.note(error, path: call.path.joined(separator: "/"))
            call.rest()
            await brake.hold()
            throw unauthorized(error)
        }
    }

    /// The task that the caller works in.
    func task(of caller: AuthenticatedToken, purpose: String?) async throws -> Task {
        try await gateway.tasks.task(
            for: caller.workload, delegator: caller.delegator, token: caller.id, expires: caller.expires, purpose: purpose)
    }

    private func unauthorized(_ error: AuthenticationError) -> HTTPProblem {
        let reason = error.code == .missing ? "" : " error=\"invalid_token\","
        let challenge = "Bearer\(reason) resource_metadata=\"\(publicURL)/.well-known/oauth-protected-resource\""
        let status = error.code == .unavailable ? 503 : 401
        return HTTPProblem(
            status, error.code.rawValue, "A valid token of a trusted issuer is needed.",
            headers: [("WWW-Authenticate", challenge)])
    }

    /// Any failure as an HTTP answer. What is not ours to explain is only logged.
    func problem(_ error: any Error) -> HTTPProblem {
        if let problem = HTTPProblem(error) { return problem }
        gateway.environment.log.error("\(error)")
        return HTTPProblem(
            503, "unavailable", "The gateway could not answer. Ask for the state of your changes before you try again.")
    }
}
