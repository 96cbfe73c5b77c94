import Foundation
import JWTKit
import StrictJSON
import Synchronization

/// The public keys of one issuer (a JWK set, RFC 7517), fetched when needed and kept.
public final class KeySource: Sendable {
    private struct State {
        var keys: [String: any JWTAlgorithm] = [:]
        var tried: Int64?
    }

    /// Not asked for more often than this, in milliseconds, however many unknown keys tokens name.
    private static let pause: Int64 = 30_000

    private let fetch: @Sendable () async throws -> [UInt8]
    private let state = Mutex(State())

    /// - Parameter fetch: gives the JWK set's bytes, within a deadline of its own.
    public init(fetch: @escaping @Sendable () async throws -> [UInt8]) { self.fetch = fetch }

    /// The key for that id and algorithm; without an id, the only key there is.
    func key(id: String?, algorithm: String, now: Int64) async throws -> (any JWTAlgorithm)? {
        if let known = stored(id, algorithm) { return known }
        let due = state.withLock { state in
            guard state.tried.map({ now - $0 >= Self.pause }) ?? true else { return false }
            state.tried = now
            return true
        }
        guard due else { return nil }
        do {
            let keys = try await Self.read(try await fetch())
            state.withLock { $0.keys = keys }
        } catch {
            throw AuthenticationError(.unavailable, "the issuer's keys could not be had: \(error)")
        }
        return stored(id, algorithm)
    }

    private func stored(_ id: String?, _ algorithm: String) -> (any JWTAlgorithm)? {
        state.withLock { state in
            if let id { return state.keys["\(id) \(algorithm)"] }
            let fitting = state.keys.filter { $0.key.hasSuffix(" \(algorithm)") }
            return fitting.count == 1 ? fitting.first?.value : nil
        }
    }

    /// Each usable key under its id and each algorithm it may be used with. Keys for other uses are skipped.
    private static func read(_ bytes: [UInt8]) async throws -> [String: any JWTAlgorithm] {
        guard let entries = try JSONReader.read(bytes)["keys"]?.array else {
            throw ShapeError(.missing, at: "/keys", "'keys' is missing")
        }
        var keys: [String: any JWTAlgorithm] = [:]
        for (index, entry) in entries.enumerated() where entry["use"]?.string ?? "sig" == "sig" {
            let id = entry["kid"]?.string ?? "#\(index)"
            for algorithm in algorithms(of: entry) {
                var object = entry.object ?? JSONObject()
                object["kid"] = .string(id)
                object["alg"] = .string(algorithm)
                let collection = JWTKeyCollection()
                try await collection.add(jwk: JWK(json: JSONWriter.canonicalText(.object(object))))
                keys["\(id) \(algorithm)"] = try await collection.getKey(for: JWKIdentifier(string: id), alg: algorithm)
            }
        }
        return keys
    }

    private static func algorithms(of entry: JSONValue) -> [String] {
        if let named = entry["alg"]?.string { return Issuer.safeAlgorithms.contains(named) ? [named] : [] }
        switch (entry["kty"]?.string, entry["crv"]?.string) {
        case ("OKP", "Ed25519"): return ["EdDSA"]
        case ("EC", "P-256"): return ["ES256"]
        case ("EC", "P-384"): return ["ES384"]
        case ("EC", "P-521"): return ["ES512"]
        case ("RSA", _): return ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
        default: return []
        }
    }
}
