import Authority
import Foundation
import Gateway
import Identity
import Logging
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("People's sessions")
struct SessionTests {
    private let signer = TestSigner()

    private func sessions(at clock: @escaping @Sendable () -> Instant = { Fixture.now }) throws -> Sessions {
        let key = try #require(SSHPublicKey(line: signer.line))
        let olga = PersonRegistration(id: "olga", teams: [], keys: [key], aliases: [], subjects: [])
        let environment = GatewayEnvironment(
            id: "test", tenant: "t", environment: "test", purposes: ["p"], changeLife: 3600, deadline: 5, now: clock,
            random: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
            noise: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return Sessions(authenticator: PersonAuthenticator(people: [olga]), environment: environment)
    }

    private func answer(_ challenge: String) throws -> String {
        try signer.sign(Array(challenge.utf8), namespace: PersonAuthenticator.sessionNamespace)
    }

    @Test("However many challenges are asked for, the first is still good, and good once")
    func flood() throws {
        let sessions = try sessions()
        let first = sessions.challenge(for: "olga")
        for _ in 0..<1000 { _ = sessions.challenge(for: "olga") }
        let session = try sessions.open(person: "olga", challenge: first, signature: answer(first))
        #expect(sessions.session(session.token)?.person.id == "olga")
        #expect(throws: AuthenticationError.self) {
            try sessions.open(person: "olga", challenge: first, signature: answer(first))
        }
    }

    @Test("A challenge of another process, an altered one and an old one are refused")
    func foreign() throws {
        let sessions = try sessions()
        let foreign = try self.sessions().challenge(for: "olga")
        #expect(throws: AuthenticationError.self) {
            try sessions.open(person: "olga", challenge: foreign, signature: answer(foreign))
        }
        let altered = sessions.challenge(for: "olg").replacing("olg", with: "olga")
        #expect(throws: AuthenticationError.self) {
            try sessions.open(person: "olga", challenge: altered, signature: answer(altered))
        }
    }

    @Test("A challenge has its time")
    func expiry() throws {
        let clock = TestClock(Fixture.now)
        let sessions = try sessions(at: { clock.now })
        let challenge = sessions.challenge(for: "olga")
        clock.set(Fixture.now.adding(seconds: 121))
        #expect(throws: AuthenticationError.self) {
            try sessions.open(person: "olga", challenge: challenge, signature: answer(challenge))
        }
    }
}
