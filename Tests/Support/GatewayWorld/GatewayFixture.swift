package import Authority
package import ConnectorEmbedded
package import Crypto
package import Foundation
import GRDB
package import Gateway
import Identity
import Logging
import Reach
package import Storage
package import StrictJSON
import Synchronization
package import TestSupport
package import TransparencyLog

/// A gateway over the embedded demo company.
package final class GatewayFixture: Sendable {
    package let folder: URL
    package let store: any Store
    /// Between the store and the gateway.
    package let gate: StoreGate
    /// What the witness of the store was alarmed by.
    package let alarms = Alarms()
    /// The store as the gateway writes it.
    package let witnessed: WitnessedStore
    package let gateway: Gateway
    package let directory: EmbeddedDirectory
    package let meddler: Meddler
    /// A second system, of another kind.
    package let broker: Broker?
    private let connectors: [any Connector]
    package let copies: FileWorkingCopies
    package let clock = TestClock()
    package let key = Curve25519.Signing.PrivateKey()
    package let seal = Curve25519.KeyAgreement.PrivateKey()
    private let environment: GatewayEnvironment
    private let workloads: [WorkloadRegistration]
    private let settings: ReachSettings
    private let sources: [(name: String, text: String)]
    private let aliases: [String: [String]]
    package let signers = Dictionary(uniqueKeysWithValues: ["olga", "lena", "lars", "dan"].map { ($0, TestSigner()) })

    package static let policy = """
        permit (principal in Exequatur::WorkloadGroup::"desk", action in [Embedded::Action::"read:user.find", Embedded::Action::"read:user.read",
            Embedded::Action::"read:group.read", Embedded::Action::"read:sensitivity.public", Embedded::Action::"read:sensitivity.internal"], resource);
        permit (principal is Exequatur::Workload, action in [Embedded::Action::"execute:user.set-title", Embedded::Action::"execute:user.reset-password"], resource);
        permit (principal is Exequatur::Workload, action in Embedded::Action::"group.add-member", resource) when { context.approvals.count >= 1 };
        permit (principal is Exequatur::Workload, action == Embedded::Action::"propose:user.disable", resource);
        permit (principal in Exequatur::Team::"leads", action, resource);
        forbid (principal, action in [Exequatur::Action::"execute", Exequatur::Action::"propose"], resource) when { resource.labels.contains("tier-0") };
        """

    package init(
        policy: String = GatewayFixture.policy, longestAge: Int64 = 900, entries: Set<ReachSettings.EntryName> = [],
        accounts: [(holder: ReachNode, account: ReachSettings.EntryName)] = [], hasBaseline: Bool = true, deadline: Int64 = 60,
        looking: Duration? = nil,
        workloadLife: Int64? = nil, waitingLimit: Int = 20, showsPrompts: Bool = false,
        aliases: [String: [String]] = [:], broker: String? = nil
    ) async throws {
        self.broker = broker.map(Broker.init)
        folder = try Fixture.folder()
        self.aliases = aliases
        store = try StoreFile.open(in: folder.path)
        gate = StoreGate(store)
        let clock = clock
        let now: @Sendable () -> Instant = { clock.now }
        directory = try EmbeddedDirectory(
            system: "corp", path: folder.appendingPathComponent("corp.sqlite").path, now: now)
        try await directory.seedDemoCompany()
        meddler = Meddler(directory)
        connectors = [meddler] + [self.broker].compactMap { $0 }
        copies = try FileWorkingCopies(folder: folder.appendingPathComponent("claims").path)
        environment = GatewayEnvironment(
            id: "test", tenant: "t", environment: "test", purposes: ["p", "q"], changeLife: 3600, waitingLimit: waitingLimit,
            showsPrompts: showsPrompts,
            deadline: deadline, looking: looking, now: now,
            random: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
            noise: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        workloads = [
            WorkloadRegistration(
                id: "agent", issuer: "i", subject: "agent", owner: "olga",
                expires: workloadLife.map { clock.now.adding(seconds: $0).milliseconds } ?? .max, groups: ["desk"])
        ]
        settings = ReachSettings(
            rules: try RuleSet.shipped(with: broker == nil ? [] : [Broker.rules]), longestAge: longestAge, entries: entries,
            accounts: accounts,
            workloads: ["agent", "agent-2"],
            persons: ["olga", "lena", "lars", "dan"])
        witnessed = try await WitnessedStore.open(gate, gateway: "test", key: key, now: now) { [alarms] in alarms.add($0) }
        sources =
            hasBaseline
            ? Baseline.before([(name: "test.cedar", text: policy)], for: [directory.catalogue])
            : [(name: "test.cedar", text: policy)]
        gateway = try Gateway(
            environment: environment, store: witnessed, sealer: Sealer(key: seal.publicKey),
            principals: Registry(workloads: workloads, people: Self.people(Self.teams, signers, aliases: aliases)),
            connectors: connectors,
            policies: try PolicyBundle(sources, catalogues: connectors.map(\.catalogue)), reach: ReachKeeper(settings, now: now),
            copies: copies)
        try await begin(gateway)
    }

    package static let teams = ["olga": ["desk"], "lena": ["leads"], "lars": ["leads"], "dan": ["security"]]

    private static func people(
        _ teams: [String: [String]], _ signers: [String: TestSigner], aliases: [String: [String]] = [:]
    ) -> [PersonRegistration] {
        ["olga", "lena", "lars", "dan"].map { person in
            PersonRegistration(
                id: person, teams: teams[person] ?? [],
                keys: [signers[person]?.line].compactMap { $0.flatMap(SSHPublicKey.init(line:)) }, aliases: aliases[person] ?? [],
                subjects: [])
        }
    }

    private func begin(_ gateway: Gateway) async throws {
        try await gateway.reachWatch.resume()
        try await gateway.adopt(gateway.policies)
        for connector in connectors { try await gateway.reachWatch.reread(connector.system) }
    }

    /// The next run of the gateway, on the same store and directory; the one before must not be used any more.
    ///
    /// - Parameter teams: those that people are in by now.
    package func restarted(teams: [String: [String]] = GatewayFixture.teams) async throws -> Gateway {
        let clock = clock
        let now: @Sendable () -> Instant = { clock.now }
        let taken = try await WitnessedStore.open(gate, gateway: "test", key: key, now: now) { [alarms] in alarms.add($0) }
        let gateway = try Gateway(
            environment: environment, store: taken, sealer: Sealer(key: seal.publicKey),
            principals: Registry(workloads: workloads, people: Self.people(teams, signers, aliases: aliases)),
            connectors: connectors,
            policies: try PolicyBundle(sources, catalogues: connectors.map(\.catalogue)), reach: ReachKeeper(settings, now: now),
            copies: copies)
        try await begin(gateway)
        return gateway
    }

    /// Other policies, and every waiting change examined by them.
    package func reload(_ policy: String) async throws {
        try await gateway.adopt(
            PolicyBundle(
                Baseline.before([(name: "test.cedar", text: policy)], for: [directory.catalogue]),
                catalogues: [directory.catalogue]))
        await gateway.queue.examineAll()
    }

    /// Who people are, for a door of theirs.
    package var sessions: Sessions {
        Sessions(
            authenticator: PersonAuthenticator(people: Self.people(Self.teams, signers, aliases: aliases)),
            environment: environment)
    }

    package func close() { try? FileManager.default.removeItem(at: folder) }

    package func task(_ token: String = "token") async throws -> Task {
        try await gateway.tasks.task(
            for: Fixture.workload(), delegator: nil, token: token, expires: Instant(milliseconds: .max / 2), purpose: nil)
    }

    package func submit(
        _ operation: String, _ input: JSONValue, evidence: Evidence = Evidence(), key: String? = nil, on system: String = "corp"
    ) async throws -> Answer {
        try await gateway.submissions.submit(
            Submissions.Request(
                principal: .workload(Fixture.workload()), task: try await task(), system: system, operation: operation,
                input: input,
                evidence: evidence, idempotencyKey: key, door: "test"))
    }

    package func state(of change: String) async throws -> Change.State? { try await store.change(change)?.state }

    /// What the agent is told of a change of its own.
    package func answer(on change: String) async throws -> Answer {
        let submissions = gateway.submissions
        return try await submissions.status(of: submissions.change(change, of: .workload(Fixture.workload())))
    }

    /// Hands in a person's signed word on a change as it is stored now.
    @discardableResult
    package func say(_ verdict: ApprovalStatement.Verdict, on id: String, by person: String, teams: [String] = ["leads"])
        async throws
        -> Change
    {
        try await gateway.approvals.record(try await sign(verdict, on: id, by: person), by: Fixture.person(person, teams: teams))
    }

    /// A person's signed word on a change as it is stored now.
    ///
    /// - Parameter earlier: a statement whose nonce is used again.
    package func sign(
        _ verdict: ApprovalStatement.Verdict, on id: String, by person: String, life: Int64 = 600,
        again earlier: SignedApproval? = nil
    ) async throws -> SignedApproval {
        guard let change = try await store.change(id), let signer = signers[person] else { throw Refusal(.denied, "nobody") }
        guard let nonce = earlier?.statement.nonce else {
            return try signer.statement(verdict, on: change, by: person, issued: clock.now, life: life)
        }
        return try signer.statement(verdict, on: change, by: person, issued: clock.now, life: life, nonce: nonce)
    }

    package var keys: [LogKey] { LogName.allCases.map { LogKey(name: Journal.origin($0, gateway: "test"), key: key.publicKey) } }

    package func checkpoints() throws -> [String] {
        var notes: [String] = []
        for log in LogName.allCases { notes.append(try gateway.journal.checkpoint(log)) }
        return notes
    }
}

extension Answer {
    /// All that it says, to look for something in it.
    package var text: String {
        let document = result.map { JSONWriter.canonicalText($0.json) } ?? ""
        return "\(status) \(code) \(message) \(change ?? "") \(document) \(receipt?.entry ?? "")"
    }
}

extension ReachReport {
    /// All that it says, to look for something in it.
    package var text: String {
        let readings = systems.map { "\($0.name) \($0.nodes) \($0.facts) \($0.readAt.milliseconds)" }
        return (readings + protected + unresolved + takers.map { "\($0.who) \($0.target) \($0.steps)" }).joined(separator: "\n")
    }
}

/// Collects alarms.
package final class Alarms: Sendable {
    private let all = Mutex<[String]>([])
    package init() {}
    package func add(_ alarm: String) { all.withLock { $0.append(alarm) } }
    package var heard: [String] { all.withLock { $0 } }
}

extension GatewayFixture {
    /// Changes the directory behind the gateway's back.
    package func change(_ sql: String) async throws {
        let queue = try DatabaseQueue(path: folder.appendingPathComponent("corp.sqlite").path)
        try await queue.write { try $0.execute(sql: sql) }
    }

    /// Changes the store behind the gateway's back.
    package func tamper(_ sql: String) async throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(
            path: folder.appendingPathComponent("exequatur.sqlite").path, configuration: configuration)
        try await queue.write { try $0.execute(sql: sql) }
    }

    /// How many entries each log has.
    package func sizes() async throws -> [Int64] {
        var sizes: [Int64] = []
        for log in LogName.allCases { sizes.append(try await store.logSize(log)) }
        return sizes
    }

    package func requests(_ kind: String) async throws -> [JSONValue] { try await entries(kind, of: .requests) }

    /// The bodies of a log's entries of a kind.
    package func entries(_ kind: String, of log: LogName = .actions) async throws -> [JSONValue] {
        let bytes = try await store.entries(log, in: 0..<store.logSize(log))
        return try bytes.map { try JSONReader.read($0, limits: .init(bytes: 1 << 24)) }.filter { $0["kind"] == .string(kind) }
            .compactMap { $0["body"] }
    }
}
