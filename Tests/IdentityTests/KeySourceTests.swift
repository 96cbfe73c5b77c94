import Authority
import Crypto
import Foundation
import Identity
import Synchronization
import TestSupport
import Testing

/// An issuer whose key set is answered as told.
private final class Source: Sendable {
    let key = Curve25519.Signing.PrivateKey()
    private let answer = Mutex<@Sendable (String) async throws -> String>({ $0 })
    let asked = Mutex(0)
    let told = Mutex(0)

    func answers(_ body: @escaping @Sendable (_ good: String) async throws -> String) { answer.withLock { $0 = body } }

    private var entry: String {
        let x = key.publicKey.rawRepresentation.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return #"{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"}"#
    }

    private var keys: KeySource {
        KeySource {
            self.asked.withLock { $0 += 1 }
            return Array(try await self.answer.withLock { $0 }(self.entry).utf8)
        }
    }

    func authenticator() throws -> TokenAuthenticator {
        let issuer = try #require(Issuer(name: "i", audiences: ["us"], algorithms: ["EdDSA"], trustDomain: nil))
        let workload = WorkloadRegistration(
            id: "agent", issuer: "i", subject: "agent", owner: "olga", expires: .max, groups: [])
        let olga = PersonRegistration(id: "olga", teams: [], keys: [], aliases: [], subjects: [])
        return TokenAuthenticator(
            issuers: [(issuer: issuer, keys: keys)], registry: Registry(workloads: [workload], people: [olga]))
    }

    func token(at now: Instant) throws -> String {
        func text(_ bytes: some Sequence<UInt8>) -> String {
            Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        let claims = #"{"iss":"i","aud":"us","sub":"agent","exp":\#(now.milliseconds / 1000 + 60)}"#
        let signed = text(#"{"alg":"EdDSA","kid":"k"}"#.utf8) + "." + text(claims.utf8)
        return signed + "." + text(try key.signature(for: Data(signed.utf8)))
    }
}

@Suite("Key sets that come broken, late or never")
struct FaultyKeySetTests {
    private let start = Instant(milliseconds: 1_790_000_000_000)

    @Test("A key that can't be read takes none of the others with it")
    func oneByOne() async throws {
        let source = Source()
        source.answers {
            #"{"keys":[{"kty":"EC","crv":"P-256","kid":"broken","x":"!","y":"!"},{"kty":"OKP","crv":"Ed25519"},\#($0)]}"#
        }
        let accepted = try await source.authenticator().authenticate(source.token(at: start), now: start)
        #expect(accepted.workload.id == "agent")
    }

    @Test("Keys that never arrive are given up on")
    func silence() async throws {
        let source = Source()
        source.answers { _ in
            try await _Concurrency.Task.sleep(for: .seconds(3600))
            return ""
        }
        let error = await #expect(throws: AuthenticationError.self) {
            try await source.authenticator().authenticate(source.token(at: start), now: start)
        }
        #expect(error?.code == .unavailable)
    }

    @Test("While an issuer is silent its keys are used up to an hour, and nobody waits for it")
    func stale() async throws {
        let source = Source()
        source.answers { #"{"keys":[\#($0)]}"# }
        let authenticator = try source.authenticator()
        _ = try await authenticator.authenticate(source.token(at: start), now: start)
        let isAsked = AsyncStream<Void>.makeStream()
        source.answers { _ in
            isAsked.continuation.yield()
            try await _Concurrency.Task.sleep(for: .seconds(3600))
            return ""
        }
        let later = start.adding(seconds: 600)
        _ = try await authenticator.authenticate(source.token(at: later), now: later)
        for await _ in isAsked.stream { break }
        let tooLate = start.adding(seconds: 3601)
        await #expect(throws: AuthenticationError.self) {
            try await authenticator.authenticate(source.token(at: tooLate), now: tooLate)
        }
    }

    @Test("Of a crowd that waits for an issuer's keys, most are told at once that there are none")
    func crowd() async throws {
        let source = Source()
        let isAsked = AsyncStream<Void>.makeStream()
        source.answers { _ in
            isAsked.continuation.yield()
            try await _Concurrency.Task.sleep(for: .seconds(3600))
            return ""
        }
        let (authenticator, token) = (try source.authenticator(), try source.token(at: start))
        try await withThrowingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask { [start] in
                    _ = try? await authenticator.authenticate(token, now: start)
                    source.told.withLock { $0 += 1 }
                }
            }
            for await _ in isAsked.stream { break }
            // All but those who may wait, and the one who asks, are through before the issuer's time is over.
            while source.told.withLock({ $0 }) < 200 - 65 { try await _Concurrency.Task.sleep(for: .milliseconds(5)) }
            #expect(source.asked.withLock { $0 } == 1)
        }
        #expect(source.told.withLock { $0 } == 200)
    }
}
