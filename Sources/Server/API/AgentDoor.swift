import Authority
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
        api = AgentAPI(gateway).table
        openAPI = JSONWriter.canonical(AgentAPI.document(gateway))
        brake = Brake(now: gateway.environment.now)
        lanes = Lanes(running: 2, waiting: 30, patience: .seconds(gateway.environment.deadline))
    }

    public func answer(_ call: HTTPCall) async -> HTTPAnswer {
        do {
            try guardAgainstBrowsers(call)
            let entrance = AgentEntrance.table
            if entrance.knows(call.path) { return try await entrance.answer(call, self) }
            guard call.path.first == "v1" else { throw HTTPProblem.nothingHere }
            return try await serving(call) { caller in
                let task = try await task(of: caller, purpose: try call.single("Exequatur-Purpose"))
                return try await api.answer(call, AgentCaller(principal: .workload(caller.workload), task: task))
            }
        } catch { return problem(error).answer }
    }

    /// A page in somebody's browser must not be able to drive the gateway.
    private func guardAgainstBrowsers(_ call: HTTPCall) throws {
        if let origin = call.headers[.origin], !origins.contains(origin) {
            throw HTTPProblem(.origin, "Calls from this origin are not accepted.")
        }
        let host = call.host.map { $0.lowercased() } ?? ""
        guard hosts.contains(host) else { throw HTTPProblem(.host, "This host name is not served here.") }
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
                .connections, "This workload has too many connections open; use those it has.",
                headers: [("Retry-After", "1"), ("Connection", "close")])
        }
        guard await lanes.enter(caller.workload.id) else {
            call.rest()
            await brake.hold()
            throw HTTPProblem(
                .inFlight, "This workload has too many calls in flight; wait for their answers.",
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
            status, error.code, "A valid token of a trusted issuer is needed.",
            headers: [("WWW-Authenticate", challenge)])
    }

    /// Any failure as an HTTP answer. What is not ours to explain is only logged.
    func problem(_ error: any Error) -> HTTPProblem {
        if let problem = HTTPProblem(error) { return problem }
        gateway.environment.log.error("\(error)")
        return HTTPProblem(
            .unavailable, "The gateway could not answer. Ask for the state of your changes before you try again.")
    }
}
