import ArgumentParser
import Authority
import Cedar
import ConnectorKit
import Crypto
import Foundation
import Gateway
import Hummingbird
import Identity
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Server
import ServiceLifecycle
import TransparencyLog
import UnixSignals

/// Runs the gateway until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the gateway.")

    @Option(help: "The configuration file.")
    var config: String
    @Flag(help: "Start though the checkpoints published by the last run are missing.")
    var acceptMissingCheckpoints = false

    func run() async throws {
        LoggingSystem.bootstrap(PlainLogHandler.init(label:))
        let log = Logger(label: "exequatur")
        // From the first moment: one that comes while the gateway starts is answered once it has.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let descriptors = Descriptors.raise()
        let configuration = try Configuration.load(config)
        _ = try StateLock(configuration.state)
        let parts = try await Composition(
            configuration, acceptingMissingCheckpoints: acceptMissingCheckpoints, log: log)
        try await parts.gateway.reachWatch.resume()
        try await parts.gateway.adopt(parts.gateway.policies)
        Publishing(gateway: parts.gateway, files: CheckpointFiles(of: configuration), log: log).publish()
        await GraphReading(gateway: parts.gateway, interval: configuration.reach.interval, log: log).readAll(isFirst: true)
        try LookAheadRun.judge(parts.gateway.policies, parts.gateway, refusing: configuration.reach.refusesTakeovers, log)
        let settled = try await parts.gateway.reconcile()
        if !settled.isEmpty { log.notice("settled \(settled.count) change(s) of an earlier run") }
        parts.gateway.queue.beginExamining()
        let threads = Threads()
        var lifecycle = ServiceGroupConfiguration(
            services: try services(configuration, parts, threads, descriptors, hangups, log),
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        // A client that doesn't read is closed after `HTTPHost.readSeconds`; this is for whatever else hangs.
        lifecycle.maximumGracefulShutdownDuration = StopLimit.cancelling
        do { try await ServiceGroup(configuration: lifecycle).run() } catch is CancellationError {
            log.warning("something was still under way when the time to stop was over; it is settled at the next start")
        }
        await threads.stop()
        do { try await parts.gateway.close() } catch {
            log.warning("the store is left as it is, and the next start reads more of it: \(error)")
        }
    }

    /// The threads that serve connections: agents and people each have their own.
    private struct Threads {
        let agents = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let people = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = PeopleExecutor(threads: 2)

        func stop() async {
            try? await agents.shutdownGracefully()
            try? await people.shutdownGracefully()
            try? await executor.stop()
        }
    }

    private func services(
        _ configuration: Configuration, _ parts: Composition, _ threads: Threads, _ descriptors: Int,
        _ hangups: UnixSignalsSequence,
        _ log: Logger
    ) throws -> [any Service] {
        let publicURL = configuration.agents.publicURL ?? "http://\(configuration.agents.host):\(configuration.agents.port)"
        let authority = URL(string: publicURL).flatMap { url in url.host().map { $0 + (url.port.map { ":\($0)" } ?? "") } }
        let hosts = Set(
            (configuration.agents.hosts
                + [authority, "\(configuration.agents.host):\(configuration.agents.port)"].compactMap { $0 }).map {
                    $0.lowercased()
                })
        let door = AgentDoor(
            gateway: parts.gateway, authenticator: parts.authenticator, publicURL: publicURL,
            issuers: configuration.issuers.map(\.issuer.name),
            hosts: hosts, origins: Set(configuration.agents.origins))
        let agents = Listener.tcp(
            host: configuration.agents.host, port: configuration.agents.port, tls: try configuration.agents.tls.map(Self.tls))
        let people = PeopleDoor(gateway: parts.gateway, sessions: parts.sessions)
        let limits = Descriptors.share(descriptors, configuration)
        let host = HTTPHost(at: agents, limits: limits.agents, bytesInFlight: 64 << 20, log: log)
        let desk = HTTPHost(
            at: try Self.listener(configuration.people), limits: limits.people, bytesInFlight: 16 << 20, log: log)
        return [
            Upkeep(gateway: parts.gateway),
            Publishing(gateway: parts.gateway, files: CheckpointFiles(of: configuration), log: log),
            StopLimit(log: log),
            StoreChecking(gateway: parts.gateway, log: log),
            GraphReading(gateway: parts.gateway, interval: configuration.reach.interval, log: log),
            PolicyReload(gateway: parts.gateway, configuration: config, hangups: hangups, log: log),
            host.application(door, on: threads.agents) { port in
                log.notice("agents: \(publicURL) (port \(port ?? 0))")
            },
            desk.application(people, on: threads.people, executor: threads.executor) { _ in
                if case .socket(let path) = configuration.people { chmod(path, 0o660) }
                log.notice("people: \(configuration.people)")
            },
        ]
    }

    private static func listener(_ people: Configuration.PeopleListener) throws -> Listener {
        switch people {
        case .tls(let host, let port, let files): return .tcp(host: host, port: port, tls: try tls(files))
        case .socket(let path):
            // A socket left by a run that was killed; the state lock says that no other run is using it.
            unlink(path)
            return .unixSocket(path: path)
        }
    }

    private static func tls(_ files: Configuration.TLSFiles) throws -> TLSConfiguration {
        try SecretFile.requirePrivate(files.key)
        guard let chain = try? NIOSSLCertificate.fromPEMFile(files.certificate),
            let key = try? NIOSSLPrivateKey(file: files.key, format: .pem)
        else { throw Problem("the certificate \(files.certificate) or its key \(files.key) can't be read as PEM") }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return configuration
    }
}

/// Reads the policies anew on SIGHUP. What can't be read, validated or logged leaves the policies in force as they are.
struct PolicyReload: Service {
    let gateway: Gateway
    let configuration: String
    let hangups: UnixSignalsSequence
    let log: Logger

    func run() async throws {
        for await _ in hangups.cancelOnGracefulShutdown() {
            do {
                let configuration = try Configuration.load(configuration)
                let bundle = try Composition.policies(configuration, gateway.systems.map(\.catalogue))
                try LookAheadRun.judge(bundle, gateway, refusing: configuration.reach.refusesTakeovers, log)
                try await gateway.adopt(bundle)
                gateway.queue.beginExamining()
                log.notice("policies reloaded: \(bundle.policies.policies.count), policy set \(bundle.digest.hex)")
            } catch {
                log.error("the policies were not reloaded, those in force stay: \(error)")
            }
        }
    }
}

/// Reads the systems' graphs, at the start and then again and again.
struct GraphReading: Service {
    let gateway: Gateway
    let interval: Int64
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !_Concurrency.Task.isCancelled {
                try? await _Concurrency.Task.sleep(for: .seconds(interval))
                guard !_Concurrency.Task.isCancelled else { return }
                await readAll(isFirst: false)
            }
        }
    }

    /// A system that can't be read keeps what is known of it until that is too old; nothing is written to it then.
    func readAll(isFirst: Bool) async {
        await withDiscardingTaskGroup { group in
            for system in gateway.systems.map(\.name) { group.addTask { await read(system, isFirst: isFirst) } }
        }
        guard isFirst else { return }
        for name in gateway.reach.unresolved { log.warning("`reach` names \(name), which no system has") }
    }

    private func read(_ system: String, isFirst: Bool) async {
        do {
            try await gateway.reachWatch.reread(system) { nodes, facts in
                if isFirst { log.info("reading \(system): \(nodes) entries, \(facts) facts") }
            }
        } catch {
            log.error(
                "the graph of \(system) could not be read; nothing is written to it once what is known is too old: \(error)")
        }
    }
}

/// Keeps a second gateway off the same state.
struct StateLock {
    private let descriptor: Int32

    init(_ folder: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        descriptor = open(folder + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Problem("another gateway is running on \(folder); stop it first")
        }
    }
}

/// Sweeps leases and expired changes.
struct Upkeep: Service {
    let gateway: Gateway

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !_Concurrency.Task.isCancelled {
                await gateway.sweep()
                try? await _Concurrency.Task.sleep(for: .seconds(5))
            }
        }
    }
}

/// Publishes the logs' checkpoints every five seconds, whatever else goes on, and writes them where others can take them away.
struct Publishing: Service {
    let gateway: Gateway
    let files: CheckpointFiles
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !_Concurrency.Task.isCancelled {
                publish()
                try? await _Concurrency.Task.sleep(for: .seconds(5))
            }
        }
        publish()
    }

    /// On a full disk the files stay as they were written last, which a start accepts.
    func publish() {
        do { try files.write(gateway.journal.publish()) } catch {
            log.error("the checkpoints could not be written; they are tried again every five seconds: \(error)")
        }
    }
}

/// Ends the process when stopping takes too long: what is under way then is settled at the next start, as after a crash.
struct StopLimit: Service {
    /// The service group cancels what is left after ``ServiceGroupConfiguration/maximumGracefulShutdownDuration``.
    static let cancelling = Swift.Duration.seconds(7)
    private static let ending: UInt32 = 9
    let log: Logger

    func run() async throws {
        try? await gracefulShutdown()
        Thread.detachNewThread { [log] in
            sleep(Self.ending)
            log.warning("something was still under way when the time to stop was over; it is settled at the next start")
            _exit(0)
        }
    }
}
