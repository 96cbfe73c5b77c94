import Authority
import Crypto
import Foundation
import Gateway
import GatewayWorld
import HTTPTypes
import Identity
import StrictJSON
import TestSupport

@testable import Server

/// A gateway with both its doors, called without a network between.
struct DoorWorld {
    let world: GatewayFixture
    let agents: AgentDoor
    let people: PeopleDoor
    private let issuer: TestIssuer

    init(policy: String = GatewayFixture.policy) async throws {
        world = try await GatewayFixture(policy: policy)
        issuer = TestIssuer()
        let registry = Registry(
            workloads: [
                WorkloadRegistration(
                    id: "agent", issuer: TestIssuer.name, subject: "agent", owner: "olga", expires: .max, groups: ["desk"])
            ], people: [PersonRegistration(id: "olga", teams: ["desk"], keys: [], aliases: [], subjects: [])])
        agents = AgentDoor(
            gateway: world.gateway, authenticator: try issuer.authenticator(registry),
            publicURL: "http://test", issuers: [TestIssuer.name], hosts: ["test"], origins: [])
        people = PeopleDoor(gateway: world.gateway, sessions: world.sessions)
    }

    /// A call as an agent with a good token, or as somebody else.
    func agent(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, bearer: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> HTTPAnswer {
        let token: String
        if let bearer { token = bearer } else { token = try issuer.token(now: world.clock.now) }
        return await agents.answer(Self.call(method, path, body, token, headers))
    }

    /// Logs a person in; the session's token.
    func login(_ person: String) async throws -> String {
        let asked = await people.answer(Self.call(.post, "/people/v1/challenge", ["person": .string(person)], nil, [:]))
        let challenge = asked.body?["challenge"]?.string ?? ""
        let signature = try world.signers[person]?.sign(Array(challenge.utf8), namespace: "exequatur-session") ?? ""
        let opened = await people.answer(
            Self.call(
                .post, "/people/v1/session",
                ["person": .string(person), "challenge": .string(challenge), "signature": .string(signature)], nil, [:]))
        return opened.body?["token"]?.string ?? ""
    }

    func person(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, session: String?) async -> HTTPAnswer {
        await people.answer(Self.call(method, "/people/v1/" + path, body, session, [:]))
    }

    private static func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue?, _ bearer: String?, _ more: [String: String]
    ) -> HTTPCall {
        var headers = HTTPFields()
        if let bearer { headers[.authorization] = "Bearer \(bearer)" }
        if body != nil { headers[.contentType] = "application/json" }
        for (name, value) in more { if let name = HTTPField.Name(name) { headers[name] = value } }
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        var query: [String: String] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            query[sides[0]] = sides.count > 1 ? sides[1] : ""
        }
        return HTTPCall(
            method: method, path: HTTPCall.segments(of: parts[0]), query: query, host: "test", headers: headers
        ) { _ in body.map { JSONWriter.canonical($0) } ?? [] }
    }
}

/// An issuer whose key is made on the spot.
struct TestIssuer {
    static let name = "https://issuer.test"
    private let key = Curve25519.Signing.PrivateKey()

    func authenticator(_ registry: Registry) throws -> TokenAuthenticator {
        let issuer = Issuer(name: Self.name, audiences: ["gateway"], algorithms: ["EdDSA"], trustDomain: nil)
        guard let issuer else { throw Refusal(.denied, "no issuer") }
        let x = Self.text(key.publicKey.rawRepresentation)
        let jwks = #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","alg":"EdDSA","x":"\#(x)"}]}"#
        return TokenAuthenticator(issuers: [(issuer: issuer, keys: KeySource { Array(jwks.utf8) })], registry: registry)
    }

    func token(now: Instant) throws -> String {
        let header = Self.text(#"{"alg":"EdDSA","kid":"k"}"#.utf8)
        let claims =
            #"{"iss":"\#(Self.name)","aud":"gateway","sub":"agent","jti":"\#(UUID().uuidString)","exp":\#(now.milliseconds / 1000 + 600)}"#
        let signed = header + "." + Self.text(claims.utf8)
        return signed + "." + Self.text(try key.signature(for: Data(signed.utf8)))
    }

    private static func text(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
