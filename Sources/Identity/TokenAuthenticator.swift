public import Authority
import Crypto
import Foundation
import JWTKit
import StrictJSON

/// What a token that was accepted says.
public struct AuthenticatedToken: Sendable {
    public let workload: Workload
    /// The person on whose behalf the workload acts.
    public let delegator: String?
    /// The digest of what was signed: the same token, however its signature is spelled.
    public let id: String
    public let expires: Instant
}

/// Authenticates workloads by JWT (RFC 7519): tokens of OpenID issuers, and SPIFFE JWT-SVIDs.
public struct TokenAuthenticator: Sendable {
    private let issuers: [(issuer: Issuer, keys: KeySource)]
    private let registry: Registry
    private let checked = CheckedSignatures()

    public init(issuers: [(issuer: Issuer, keys: KeySource)], registry: Registry) {
        self.issuers = issuers
        self.registry = registry
    }

    /// The signed parts of a compact token, read strictly.
    private struct Parts {
        let signed: String
        let header: JSONValue
        let claims: JSONValue
        let signature: [UInt8]
        /// Of the token as a whole.
        let whole: SHA256Digest

        init(_ token: String) throws {
            let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard token.utf8.count <= 16384, parts.count == 3, let header = Base64URL.decode(parts[0]),
                let claims = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2])
            else { throw AuthenticationError(.malformed, "not a compact JWT") }
            do {
                self.header = try JSONReader.read(header)
                self.claims = try JSONReader.read(claims)
            } catch { throw AuthenticationError(.malformed, "\(error)") }
            signed = parts[0] + "." + parts[1]
            whole = SHA256.hash(data: Array(token.utf8))
            self.signature = signature
        }
    }

    /// The longest a token may still be good for, in seconds: a day.
    static let longestLife: Int64 = 86_400

    /// - Throws: ``AuthenticationError``.
    public func authenticate(_ token: String, now: Instant) async throws -> AuthenticatedToken {
        let parts = try Parts(token)
        let (issuer, keys) = try issuer(of: parts.claims)
        try await verify(parts, issuer, keys, now)
        try TokenKind.check(header: parts.header, claims: parts.claims)
        let expires = try checkTimes(parts.claims, now)
        try checkAudience(parts.claims, issuer)
        let (registration, delegator) = try registration(parts.claims, issuer)
        guard let workload = registry.workload(registration, at: now) else {
            throw AuthenticationError(.unregistered, "workload \(registration.id) has no owner or has expired")
        }
        return AuthenticatedToken(
            workload: workload, delegator: delegator, id: Digest(of: Array(parts.signed.utf8)).hex,
            expires: min(expires, workload.expires))
    }

    private func issuer(of claims: JSONValue) throws -> (Issuer, KeySource) {
        guard claims["iss"] == nil || claims["iss"]?.string != nil else {
            throw AuthenticationError(.malformed, "`iss` is not a string")
        }
        let name = claims["iss"]?.string
        let domain = claims["sub"]?.string.flatMap(SPIFFE.trustDomain)
        let found = issuers.first { known in
            name.map(known.issuer.name.isExactly) ?? (domain.map { known.issuer.trustDomain?.isExactly($0) ?? false } ?? false)
        }
        guard let found else { throw AuthenticationError(.untrusted, "no trusted issuer \(name ?? domain ?? "(none)")") }
        return (found.issuer, found.keys)
    }

    private func verify(_ parts: Parts, _ issuer: Issuer, _ keys: KeySource, _ now: Instant) async throws {
        guard let algorithm = parts.header["alg"]?.string, issuer.algorithms.contains(algorithm) else {
            throw AuthenticationError(.algorithm, "algorithm \(parts.header["alg"]?.string ?? "(none)")")
        }
        guard parts.header["crit"] == nil else {
            throw AuthenticationError(.malformed, "critical header extensions are not understood")
        }
        let known = keys.generation(now: now.milliseconds)
        if let known, checked.knows(parts.whole, known, now: now.milliseconds) { return }
        let id = parts.header["kid"]?.string
        guard let key = try await keys.key(id: id, algorithm: algorithm, now: now.milliseconds) else {
            throw AuthenticationError(.signature, "no key \(id ?? "(unnamed)") for \(algorithm)")
        }
        guard (try? key.verify(Data(parts.signature), signs: Data(parts.signed.utf8))) == true else {
            throw AuthenticationError(.signature, "the signature does not verify")
        }
        // By keys that changed meanwhile it is checked again.
        if let known { checked.note(parts.whole, known, now: now.milliseconds) }
    }

    /// `exp` is required and exact; `iat` and `nbf` may lie half a minute ahead, for clocks that differ.
    private func checkTimes(_ claims: JSONValue, _ now: Instant) throws -> Instant {
        func seconds(_ claim: String) throws -> Int64? {
            switch claims[claim] {
            case nil: return nil
            case .integer(let value) where (0...1 << 40).contains(value): return value
            case .number(let value) where (0...0x1p40).contains(value): return Int64(value)
            default: throw AuthenticationError(.malformed, "`\(claim)` is not a date")
            }
        }
        guard let expires = try seconds("exp").map({ Instant(milliseconds: $0 * 1000) }) else {
            throw AuthenticationError(.malformed, "`exp` is missing")
        }
        guard now < expires else { throw AuthenticationError(.expired, "the token expired") }
        let issued = try seconds("iat").map { Instant(milliseconds: $0 * 1000) }
        guard issued ?? now <= now.adding(seconds: 30) else {
            throw AuthenticationError(.notYetValid, "the token was issued in the future")
        }
        guard expires <= min(issued ?? now, now).adding(seconds: Self.longestLife) else {
            throw AuthenticationError(.tooLong, "the token is good for more than \(Self.longestLife) s")
        }
        if let begins = try seconds("nbf"), begins * 1000 > now.milliseconds + 30_000 {
            throw AuthenticationError(.notYetValid, "the token is not valid yet")
        }
        return expires
    }

    private func checkAudience(_ claims: JSONValue, _ issuer: Issuer) throws {
        let given = claims["aud"]?.string.map { [$0] } ?? claims["aud"]?.array?.compactMap(\.string) ?? []
        guard issuer.audiences.contains(where: { audience in given.contains(where: audience.isExactly) }) else {
            throw AuthenticationError(.audience, "audience \(given)")
        }
    }

    /// With an `act` claim (RFC 8693, section 4.1) the outermost actor is the workload, and the subject the
    /// person it acts for.
    private func registration(_ claims: JSONValue, _ issuer: Issuer) throws -> (WorkloadRegistration, delegator: String?) {
        guard let subject = claims["sub"]?.string else { throw AuthenticationError(.malformed, "`sub` is missing") }
        guard let actor = claims["act"] else { return (try workload(subject, issuer, claims["azp"]), nil) }
        guard actor["iss"] == nil || actor["iss"]?.string?.isExactly(issuer.name) == true else {
            throw AuthenticationError(.untrusted, "the actor is of another issuer")
        }
        guard let acting = actor["sub"]?.string, actor["act"] == nil else {
            throw AuthenticationError(.malformed, "`act` must name one actor; chains of actors are not accepted")
        }
        guard let person = registry.authenticator.person(of: issuer.name, subject) else {
            throw AuthenticationError(.unregistered, "delegator \(subject) is not a known person")
        }
        return (try workload(acting, issuer, claims["azp"]), person.id)
    }

    /// - Parameter party: the client that the token was issued to (`azp`, OpenID Connect Core, section 2), if it says.
    private func workload(_ subject: String, _ issuer: Issuer, _ party: JSONValue?) throws -> WorkloadRegistration {
        if let domain = SPIFFE.trustDomain(of: subject), issuer.trustDomain?.isExactly(domain) != true {
            throw AuthenticationError(.untrusted, "\(issuer.name) may not issue identities of \(domain)")
        }
        guard let found = registry.workload(of: issuer.name, subject) else {
            throw AuthenticationError(.unregistered, "no workload is registered for \(subject)")
        }
        if let party {
            let known = [subject] + found.clients
            guard let name = party.string, known.contains(where: name.isExactly) else {
                throw AuthenticationError(.untrusted, "the token was issued to another client (`azp`)")
            }
        }
        return found
    }
}

/// SPIFFE IDs (SPIFFE-ID, section 2).
enum SPIFFE {
    static func trustDomain(of id: String) -> String? {
        guard id.hasPrefix("spiffe://") else { return nil }
        return String(id.dropFirst("spiffe://".count).prefix { $0 != "/" })
    }
}

/// Base64 without padding, in the alphabet for URLs (RFC 4648, section 5), strict.
enum Base64URL {
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for (value, letter) in alphabet.utf8.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }()

    /// Nil unless the text is exactly what ``encode(_:)`` gives for some bytes.
    static func decode(_ text: String) -> [UInt8]? {
        var (out, bits, count): ([UInt8], UInt32, UInt32) = ([], 0, 0)
        out.reserveCapacity(text.utf8.count * 3 / 4)
        for letter in text.utf8 {
            let value = values[Int(letter)]
            guard value != 0xFF else { return nil }
            (bits, count) = (bits << 6 | UInt32(value), count + 6)
            guard count >= 8 else { continue }
            count -= 8
            out.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        // What is left over are no six bits, and all zero.
        return count < 6 && bits & (1 << count - 1) == 0 ? out : nil
    }

    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
