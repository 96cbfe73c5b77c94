import AsyncHTTPClient
import Authority
import ConnectorKit
import Crypto
import Foundation
import Gateway
import Glibc
import Identity
import Logging
import NIOCore
import NIOHTTP1
import Storage
import StrictJSON
import TransparencyLog

/// Puts the parts together as the configuration says. The one place where concrete types meet.
struct Composition {
    let gateway: Gateway
    let authenticator: TokenAuthenticator
    let sessions: Sessions

    init(_ configuration: Configuration, acceptingMissingCheckpoints: Bool, log: Logger) async throws {
        try FileManager.default.createDirectory(
            atPath: configuration.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let environment = Self.environment(configuration, log)
        let store = try await Self.store(configuration, acceptingMissingCheckpoints, environment)
        let registry = Registry(workloads: configuration.workloads, people: configuration.persons)
        let connectors = try await Self.connectors(configuration)
        let reach = ReachKeeper(try configuration.reachSettings(), now: environment.now)
        gateway = try Gateway(
            environment: environment, store: store,
            sealer: Sealer(key: try KeyFiles.sealing(configuration.sealKey)), principals: registry, connectors: connectors,
            policies: try Self.policies(configuration, connectors.map(\.catalogue)), reach: reach,
            copies: try FileWorkingCopies(folder: configuration.state + "/claims"))
        let issuers = configuration.issuers.map { source in
            (issuer: source.issuer, keys: KeySource { try await Self.fetch(source.jwks) })
        }
        authenticator = TokenAuthenticator(issuers: issuers, registry: registry)
        sessions = Sessions(authenticator: registry.authenticator, environment: environment)
    }

    /// The store, proved to be what was left: the gateway would else sign what was tampered with.
    private static func store(
        _ configuration: Configuration, _ acceptingMissingCheckpoints: Bool, _ environment: GatewayEnvironment
    ) async throws -> WitnessedStore {
        let key = try KeyFiles.signing(configuration.logKey)
        let files = CheckpointFiles(of: configuration)
        // Who could write the store could also empty it: what tells that somebody was served must not stand in it.
        let isNew = !StoreFile.isThere(in: configuration.state)
        let notes = files.notes(of: configuration.id, signedBy: key.publicKey)
        guard notes.count == LogName.allCases.count || isNew || acceptingMissingCheckpoints else { throw missing(configuration) }
        do {
            let store = try await WitnessedStore.open(
                try StoreFile.open(in: configuration.state), gateway: configuration.id, key: key, checkpoints: notes,
                now: environment.now,
                alarm: { environment.log.critical("\($0)") },
                stop: { reason in
                    // What is on disk is known to who reads it anew: whoever keeps the gateway running starts it again.
                    FileHandle.standardError.write(Data("exequatur: stopped: \(reason)\n".utf8))
                    _exit(74)
                })
            if isNew { try files.write(try store.checkpoints()) }
            return store
        } catch let error as StoreError where error.code == .altered {
            throw Problem(
                "the store is not what this gateway left, or `gateway.id` or the log key was changed; "
                    + "keep the state folder as it is and see `exequatur audit verify`:\n" + error.message)
        }
    }

    private static func missing(_ configuration: Configuration) -> Problem {
        Problem(
            """
            checkpoints are missing in \(configuration.state)/checkpoints, or are not this gateway's: without them nobody can tell whether the store was set \
            back. Put back the files from a copy, or check the logs with `exequatur audit verify` and checkpoints kept elsewhere, \
            and then start once with --accept-missing-checkpoints
            """)
    }

    private static func environment(_ configuration: Configuration, _ log: Logger) -> GatewayEnvironment {
        GatewayEnvironment(
            id: configuration.id, tenant: configuration.tenant, environment: configuration.environment,
            purposes: configuration.purposes,
            changeLife: configuration.changeLife, waitingLimit: Int(configuration.waitingChanges),
            showsPrompts: configuration.approversSeePrompts, deadline: configuration.deadline,
            now: SystemClock.now,
            random: SystemRandom.secret, noise: SystemRandom.noise, log: log)
    }

    static func connectors(_ configuration: Configuration) async throws -> [any Connector] {
        var connectors: [any Connector] = []
        for system in configuration.systems { connectors.append(try await system.settings.make()) }
        return connectors
    }

    static func policies(_ configuration: Configuration, _ catalogues: [Catalogue]) throws -> PolicyBundle {
        let sources = try configuration.policies.map { path in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Problem("the policy file \(path) can't be read")
            }
            return (name: configuration.shortName(ofPolicies: path), text: text)
        }
        return try PolicyBundle(Baseline.before(sources, for: catalogues), catalogues: catalogues)
    }

    /// For fetching keys: what an issuer answers is the set itself and never a pointer elsewhere.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: .init(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3), read: .seconds(3)),
            decompression: .disabled))

    /// A JWK set from a file or an https URL; the caller sees to the time it takes.
    private static func fetch(_ source: String) async throws -> [UInt8] {
        guard source.contains("://") else { return Array(try Data(contentsOf: URL(fileURLWithPath: source))) }
        let response = try await client.execute(HTTPClientRequest(url: source), timeout: .seconds(5))
        guard response.status == .ok else { throw Problem("\(source) answered \(response.status.code)") }
        return Array(buffer: try await response.body.collect(upTo: 1 << 20))
    }
}

extension Configuration {
    /// What a policy file is called in messages and in the log: its name, or its path where two have one name.
    func shortName(ofPolicies path: String) -> String {
        let name = { (path: String) in URL(fileURLWithPath: path).lastPathComponent }
        return policies.count { name($0) == name(path) } > 1 ? path : name(path)
    }
}
