import Authority
import Crypto
import Foundation
@testable import Identity
import StrictJSON
import Synchronization
import TestSupport
import Testing

private func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// An issuer with an Ed25519 key and two workloads, one of them by SPIFFE ID.
private struct IssuerFixture {
    let key = Curve25519.Signing.PrivateKey()
    let now = Instant(milliseconds: 1_790_000_000_000)
    var seconds: Int64 { now.milliseconds / 1000 }

    func authenticator() throws -> TokenAuthenticator {
        let x = base64URL(key.publicKey.rawRepresentation)
        let jwks =
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"},{"kty":"RSA","use":"enc","kid":"e","n":"AQ","e":"AQ"}]}"#
        let issuer = try #require(Issuer(name: "https://i", audiences: ["us"], algorithms: ["EdDSA"], trustDomain: "td.example"))
        func workload(_ id: String, _ subject: String, owner: String?, expires: Int64 = .max) -> WorkloadRegistration {
            WorkloadRegistration(id: id, issuer: "https://i", subject: subject, owner: owner, expires: expires, groups: ["g"])
        }
        let registry = Registry(
            workloads: [
                workload("agent", "agent", owner: "olga"), workload("spiffe", "spiffe://td.example/agent", owner: "olga"),
                workload("orphan", "orphan", owner: nil), workload("old", "old", owner: "olga", expires: now.milliseconds),
                workload("foreign", "spiffe://other.example/agent", owner: "olga"),
                workload("stranger", "stranger", owner: "nobody"),
            ],
            people: [
                PersonRegistration(
                    id: "olga", teams: [], keys: [], aliases: [], subjects: [(issuer: "https://i", subject: "olga@x")])
            ])
        return TokenAuthenticator(issuers: [(issuer: issuer, keys: KeySource { Array(jwks.utf8) })], registry: registry)
    }

    func token(_ claims: String, header: String = #"{"alg":"EdDSA","kid":"k"}"#, key: Curve25519.Signing.PrivateKey? = nil) throws
        -> String
    {
        let signed = base64URL(header.utf8) + "." + base64URL(claims.utf8)
        return signed + "." + base64URL(try (key ?? self.key).signature(for: Data(signed.utf8)))
    }

    func claims(_ sub: String = "agent", extra: String = "") -> String {
        #"{"iss":"https://i","aud":"us","sub":"\#(sub)","exp":\#(seconds + 60)\#(extra)}"#
    }
}

@Suite("Workloads' tokens")
struct TokenTests {
    private let issuer = IssuerFixture()

    private func code(_ token: String) async throws -> AuthenticationError.Code? {
        let authenticator = try issuer.authenticator()
        do {
            _ = try await authenticator.authenticate(token, now: issuer.now)
            return nil
        } catch let error as AuthenticationError { return error.code }
    }

    @Test("A good token gives the registered workload")
    func good() async throws {
        let accepted = try await issuer.authenticator().authenticate(issuer.token(issuer.claims()), now: issuer.now)
        #expect(accepted.workload.id == "agent" && accepted.workload.owner == "olga" && accepted.delegator == nil)
        #expect(accepted.expires == issuer.now.adding(seconds: 60))
    }

    @Test(
        "What an issuer signs besides access tokens is refused",
        arguments: [
            (#"{"alg":"EdDSA","kid":"k","typ":"logout+jwt"}"#, ""), (#"{"alg":"EdDSA","kid":"k","typ":"dpop+jwt"}"#, ""),
            (#"{"alg":"EdDSA","kid":"k","typ":"secevent+jwt"}"#, ""), (#"{"alg":"EdDSA","kid":"k","typ":7}"#, ""),
            (#"{"alg":"EdDSA","kid":"k"}"#, #","nonce":"n""#), (#"{"alg":"EdDSA","kid":"k"}"#, #","at_hash":"h""#),
            (#"{"alg":"EdDSA","kid":"k"}"#, #","cnf":{"jkt":"x"}"#), (#"{"alg":"EdDSA","kid":"k"}"#, #","events":{}"#),
            (#"{"alg":"EdDSA","kid":"k"}"#, #","htm":"POST""#), (#"{"alg":"EdDSA","kid":"k"}"#, #","typ":"Logout""#),
            (#"{"alg":"EdDSA","kid":"k"}"#, #","typ":"Refresh""#), (#"{"alg":"EdDSA","kid":"k"}"#, #","typ":"ID""#),
        ])
    func kinds(header: String, extra: String) async throws {
        #expect(try await code(issuer.token(issuer.claims(extra: extra), header: header)) == .kind)
    }

    @Test("Access tokens are taken by any of their types", arguments: ["JWT", "at+jwt", "application/at+jwt", "JOSE"])
    func types(type: String) async throws {
        #expect(try await code(issuer.token(issuer.claims(), header: #"{"alg":"EdDSA","kid":"k","typ":"\#(type)"}"#)) == nil)
    }

    @Test("Who issued it, to whom, and for how long, must be plain")
    func provenance() async throws {
        #expect(try await code(issuer.token(issuer.claims(extra: #","azp":"agent""#))) == nil)
        #expect(try await code(issuer.token(issuer.claims(extra: #","azp":"another""#))) == .untrusted)
        #expect(try await code(issuer.token(issuer.claims(extra: #","azp":["agent"]"#))) == .untrusted)
        let list = #"{"iss":["https://i"],"aud":"us","sub":"spiffe://td.example/agent","exp":\#(issuer.seconds + 60)}"#
        #expect(try await code(issuer.token(list)) == .malformed)
        let acting = { (extra: String) in issuer.claims("olga@x", extra: #","act":{"sub":"agent"\#(extra)}"#) }
        #expect(try await code(issuer.token(acting(#","iss":"https://i""#))) == nil)
        #expect(try await code(issuer.token(acting(#","iss":"https://else""#))) == .untrusted)
        let far = #"{"iss":"https://i","aud":"us","sub":"agent","exp":999999999999}"#
        #expect(try await code(issuer.token(far)) == .tooLong)
        let s = issuer.seconds
        #expect(try await code(issuer.token(issuer.claims(extra: #","iat":\#(s - 3600),"typ":"Bearer""#))) == nil)
        #expect(try await code(issuer.token(issuer.claims(extra: #","iat":\#(s - 86_400)"#))) == .tooLong)
        #expect(try await code(issuer.token(issuer.claims(extra: #","iat":\#(s + 31)"#))) == .notYetValid)
    }

    @Test("A JWT-SVID without issuer is taken from its trust domain's keys; an array of audiences will do")
    func spiffe() async throws {
        let claims = #"{"aud":["them","us"],"sub":"spiffe://td.example/agent","exp":\#(issuer.seconds + 60).5}"#
        let accepted = try await issuer.authenticator().authenticate(issuer.token(claims), now: issuer.now)
        #expect(accepted.workload.id == "spiffe")
    }

    @Test("With an actor, the actor is the workload and the subject the person it acts for")
    func actor() async throws {
        let accepted = try await issuer.authenticator().authenticate(
            issuer.token(issuer.claims("olga@x", extra: #","act":{"sub":"agent"}"#)), now: issuer.now)
        #expect(accepted.workload.id == "agent" && accepted.delegator == "olga")
    }

    @Test("Claims that do not hold are refused")
    func refusals() async throws {
        let s = issuer.seconds
        let tries: [(String, AuthenticationError.Code)] = [
            (issuer.claims("nobody"), .unregistered), (issuer.claims("orphan"), .unregistered),
            (issuer.claims("old"), .unregistered),
            (issuer.claims("stranger"), .unregistered), (issuer.claims("spiffe://other.example/agent"), .untrusted),
            (#"{"iss":"https://evil","aud":"us","sub":"agent","exp":\#(s + 60)}"#, .untrusted),
            (#"{"aud":"us","sub":"agent","exp":\#(s + 60)}"#, .untrusted),
            (#"{"iss":"https://i","aud":"them","sub":"agent","exp":\#(s + 60)}"#, .audience),
            (#"{"iss":"https://i","sub":"agent","exp":\#(s + 60)}"#, .audience),
            (#"{"iss":"https://i","aud":"us","sub":"agent","exp":\#(s)}"#, .expired),
            (#"{"iss":"https://i","aud":"us","sub":"agent"}"#, .malformed),
            (issuer.claims(extra: #","nbf":\#(s + 31)"#), .notYetValid), (issuer.claims(extra: #","sub":"orphan""#), .malformed),
            (issuer.claims(extra: #","act":{"sub":"agent","act":{"sub":"x"}}"#), .malformed),
            (issuer.claims("who", extra: #","act":{"sub":"agent"}"#), .unregistered),
            (#"{"iss":"https://i","aud":"us","sub":"agent","exp":"\#(s + 60)"}"#, .malformed),
        ]
        for (claims, expected) in tries { #expect(try await code(issuer.token(claims)) == expected, "\(claims)") }
    }

    @Test("Signatures, algorithms and forms that do not hold are refused")
    func forms() async throws {
        let claims = issuer.claims()
        let good = try issuer.token(claims)
        #expect(try await code(issuer.token(claims, key: Curve25519.Signing.PrivateKey())) == .signature)
        #expect(try await code(issuer.token(claims, header: #"{"alg":"none"}"#)) == .algorithm)
        #expect(try await code(issuer.token(claims, header: #"{"alg":"HS256","kid":"k"}"#)) == .algorithm)
        #expect(try await code(issuer.token(claims, header: #"{"alg":"EdDSA","kid":"z"}"#)) == .signature)
        #expect(try await code(issuer.token(claims, header: #"{"alg":"EdDSA","kid":"k","crit":["x"]}"#)) == .malformed)
        #expect(try await code(issuer.token(claims, header: #"{"alg":"EdDSA","alg":"EdDSA"}"#)) == .malformed)
        #expect(try await code(good + "=") == .malformed)
        #expect(try await code(good + ".x") == .malformed)
        #expect(try await code("") == .malformed)
        #expect(Issuer(name: "i", audiences: [], algorithms: ["EdDSA"], trustDomain: nil) == nil)
        #expect(Issuer(name: "i", audiences: ["a"], algorithms: ["none"], trustDomain: nil) == nil)
    }
}

@Suite("An issuer's keys")
struct KeySourceTests {
    /// What the issuer serves now, and how often it was asked.
    private final class Served: Sendable {
        let body = Mutex("")
        let asked = Mutex(0)
    }

    private let issuer = IssuerFixture()

    private func authenticator(_ served: Served) throws -> TokenAuthenticator {
        let trusted = try #require(Issuer(name: "https://i", audiences: ["us"], algorithms: ["EdDSA"], trustDomain: nil))
        let workload = WorkloadRegistration(
            id: "agent", issuer: "https://i", subject: "agent", owner: "olga", expires: .max, groups: [])
        let people = [PersonRegistration(id: "olga", teams: [], keys: [], aliases: [], subjects: [])]
        let keys = KeySource {
            served.asked.withLock { $0 += 1 }
            try await _Concurrency.Task.sleep(for: .milliseconds(20))
            let body = served.body.withLock { $0 }
            if body.isEmpty { throw CocoaError(.fileReadNoSuchFile) }
            return Array(body.utf8)
        }
        return TokenAuthenticator(
            issuers: [(issuer: trusted, keys: keys)], registry: Registry(workloads: [workload], people: people))
    }

    private func code(_ authenticator: TokenAuthenticator, after seconds: Int64) async throws -> AuthenticationError.Code? {
        let now = issuer.now.adding(seconds: seconds)
        let token = try issuer.token(#"{"iss":"https://i","aud":"us","sub":"agent","exp":\#(now.milliseconds / 1000 + 60)}"#)
        do {
            _ = try await authenticator.authenticate(token, now: now)
            return nil
        } catch let error as AuthenticationError { return error.code }
    }

    private var jwks: String {
        #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(base64URL(issuer.key.publicKey.rawRepresentation))"}]}"#
    }

    @Test("A key the issuer withdraws is soon no longer trusted; an issuer that can't be reached is unavailable, not wrong")
    func life() async throws {
        let served = Served()
        let authenticator = try authenticator(served)
        #expect(try await code(authenticator, after: 0) == .unavailable)
        #expect(try await code(authenticator, after: 1) == .unavailable)
        served.body.withLock { $0 = jwks }
        #expect(try await code(authenticator, after: 31) == nil)
        served.body.withLock { $0 = #"{"keys":[]}"# }
        #expect(try await code(authenticator, after: 100) == nil)
        // The first to come after five minutes starts the fetch and does not wait for it.
        for _ in 0..<200 where try await code(authenticator, after: 331) == nil {
            try await _Concurrency.Task.sleep(for: .milliseconds(20))
        }
        #expect(try await code(authenticator, after: 332) == .signature)
        served.body.withLock { $0 = jwks }
        #expect(try await code(authenticator, after: 400) == nil)
        served.body.withLock { $0 = "" }
        #expect(try await code(authenticator, after: 1000) == nil)
        #expect(try await code(authenticator, after: 4001) == .unavailable)
    }

    @Test("A signature that was checked is taken again for a minute, of that very token, and while its keys stand")
    func checkedSignatures() async throws {
        let served = Served()
        served.body.withLock { $0 = jwks }
        let authenticator = try authenticator(served)
        let now = issuer.now
        let token = try issuer.token(#"{"iss":"https://i","aud":"us","sub":"agent","exp":\#(issuer.seconds + 600)}"#)
        func isTaken(_ token: String, after seconds: Int64) async -> Bool {
            (try? await authenticator.authenticate(token, now: now.adding(seconds: seconds))) != nil
        }
        // The first waits for the keys, the second is checked with those there are.
        for second in 0..<3 as Range<Int64> { #expect(await isTaken(token, after: second)) }
        // The same claims, and what another key, or nobody, signed.
        let signed = token.split(separator: ".").dropLast().joined(separator: ".")
        let forged = try Curve25519.Signing.PrivateKey().signature(for: Data(signed.utf8))
        #expect(await !isTaken(signed + "." + base64URL(forged), after: 3))
        #expect(await !isTaken(signed + "." + base64URL(Array(repeating: 0, count: 64)), after: 3))
        #expect(await !isTaken(signed + ".", after: 3))
        // Other keys: whatever was checked with those before is checked again.
        served.body.withLock { $0 = #"{"keys":[]}"# }
        #expect(await isTaken(token, after: 299))
        for _ in 0..<200 where await isTaken(token, after: 301) { try await _Concurrency.Task.sleep(for: .milliseconds(20)) }
        #expect(await !isTaken(token, after: 302))
    }

    @Test("What is known of signatures is forgotten after a minute, and when there is too much of it")
    func forgotten() async throws {
        let source = KeySource { Array("{\"keys\":[]}".utf8) }
        _ = try await source.key(id: "k", algorithm: "EdDSA", now: 0)
        let keys = try #require(source.generation(now: 0))
        let known = CheckedSignatures()
        func digest(_ number: Int) -> SHA256Digest { SHA256.hash(data: Array("\(number)".utf8)) }
        known.note(digest(0), keys, now: 1000)
        #expect(known.knows(digest(0), keys, now: 1000) && !known.knows(digest(1), keys, now: 1000))
        #expect(known.knows(digest(0), keys, now: 60_999))
        #expect(!known.knows(digest(0), keys, now: 61_000), "its minute is over")
        known.note(digest(0), keys, now: 1000)
        #expect(!known.knows(digest(0), keys, now: 999), "the clock was set back")
        for number in 0...CheckedSignatures.most { known.note(digest(number), keys, now: 2000) }
        #expect(!known.knows(digest(0), keys, now: 2000) && known.knows(digest(CheckedSignatures.most), keys, now: 2000))
        #expect(source.generation(now: 300_000) == nil, "keys that are to be fetched again are not taken for known")
    }

    @Test("Tokens that arrive together at the start wait for the same fetch")
    func together() async throws {
        let served = Served()
        served.body.withLock { $0 = jwks }
        let authenticator = try authenticator(served)
        try await withThrowingTaskGroup(of: AuthenticationError.Code?.self) { group in
            for _ in 0..<8 { group.addTask { try await code(authenticator, after: 0) } }
            for try await result in group { #expect(result == nil) }
        }
        #expect(served.asked.withLock { $0 } == 1)
    }
}
