import Foundation
import JWTKit
import StrictJSON
import Synchronization

/// The public keys of one issuer (a JWK set, RFC 7517), fetched when needed, kept for a while, and fetched again, so that a key
/// the issuer withdrew is soon no longer trusted.
public actor KeySource {
    /// All in milliseconds. Keys older than `fresh` are fetched again; older than `limit` they are no longer used; and the
    /// issuer is not asked more often than every `pause`, however many unknown keys tokens name.
    private static let (fresh, limit, pause): (Int64, Int64, Int64) = (300_000, 3_600_000, 30_000)
    /// Seconds within which the whole set must have arrived.
    private static let deadline: Int64 = 5

    private let fetch: @Sendable () async throws -> [UInt8]
    private var keys: [String: any JWTAlgorithm] = [:]
    private var fetched: Int64? { didSet { standing.withLock { $0 = (Generation(number: $0.generation.number + 1), fetched) } } }
    /// Which keys there are, and since when, for whoever need not wait for the keys themselves.
    private let standing = Mutex((generation: Generation(number: 0), fetched: Int64?.none))
    private var tried: Int64?
    private var failure = "not fetched yet"
    private var inFlight: _Concurrency.Task<Void, Never>?
    /// How many wait for it, and may: each holds what its caller has sent meanwhile.
    private var waiting = 0
    private static let most = 64

    /// - Parameter fetch: gives the JWK set's bytes; cancelled when it takes too long.
    public init(fetch: @escaping @Sendable () async throws -> [UInt8]) { self.fetch = fetch }

    /// Which keys there are: another each time that they are fetched.
    struct Generation: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// The keys there are; nil when they are to be fetched first, or again.
    nonisolated func generation(now: Int64) -> Generation? {
        standing.withLock { standing in
            guard let fetched = standing.fetched, 0 <= now - fetched, now - fetched < Self.fresh else { return nil }
            return standing.generation
        }
    }

    /// The key for that id and algorithm; without an id, the only key there is.
    ///
    /// - Throws: ``AuthenticationError`` when the keys can't be had.
    func key(id: String?, algorithm: String, now: Int64) async throws -> (any JWTAlgorithm)? {
        let age = fetched.map { now - $0 } ?? .max
        if age >= Self.limit || stored(id, algorithm) == nil {
            await refresh(now)
        } else if age >= Self.fresh {
            // Nobody waits for an issuer while its keys are still good.
            _Concurrency.Task { await self.refresh(now) }
        }
        guard let fetched, now - fetched < Self.limit else {
            throw AuthenticationError(.unavailable, "the issuer's keys can't be had: \(failure)")
        }
        return stored(id, algorithm)
    }

    /// Fetches once, however many wait for it.
    private func refresh(_ now: Int64) async {
        if let inFlight {
            guard waiting < Self.most else { return }
            waiting += 1
            await inFlight.value
            waiting -= 1
            return
        }
        guard tried.map({ now - $0 >= Self.pause }) ?? true else { return }
        tried = now
        let work = _Concurrency.Task { await self.load(now) }
        inFlight = work
        await work.value
    }

    private func load(_ now: Int64) async {
        // In the same turn as the keys change: whoever comes next would else wait for a fetch that is over, and start none.
        defer { inFlight = nil }
        do {
            keys = try await Self.read(try await fetchInTime())
            fetched = now
        } catch { failure = "\(error)" }
    }

    private func fetchInTime() async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { [fetch] group in
            group.addTask { try await fetch() }
            group.addTask {
                try await _Concurrency.Task.sleep(for: .seconds(Self.deadline))
                throw AuthenticationError(.unavailable, "the keys did not arrive within \(Self.deadline) s")
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() else { throw CancellationError() }
            return bytes
        }
    }

    private func stored(_ id: String?, _ algorithm: String) -> (any JWTAlgorithm)? {
        if let id { return keys["\(id) \(algorithm)"] }
        let fitting = keys.filter { $0.key.hasSuffix(" \(algorithm)") }
        return fitting.count == 1 ? fitting.first?.value : nil
    }

    /// Each usable key under its id and each algorithm it may be used with. Keys for other uses, and those that can't be read,
    /// are skipped: the issuer's others are good all the same.
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
                guard let jwk = try? JWK(json: JSONWriter.canonicalText(.object(object))),
                    (try? await collection.add(jwk: jwk)) != nil
                else { continue }
                keys["\(id) \(algorithm)"] = try? await collection.getKey(for: JWKIdentifier(string: id), alg: algorithm)
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
