import Authority
import ConnectorEmbedded
import Crypto
import Foundation
import GRDB
import Gateway
import Identity
import Logging
import Reach
import Storage
import StrictJSON
import Synchronization
import TestSupport
import TransparencyLog

/// A gateway over the embedded demo company.
final class GatewayFixture: Sendable {
    let folder: URL
    let store: SQLiteStore
    /// What the witness of the store was alarmed by.
    let alarms = Alarms()
    /// The store as the gateway writes it.
    let witnessed: WitnessedStore
    let gateway: Gateway
    let directory: EmbeddedDirectory
    let meddler: Meddler
    let clock = TestClock()
    let key = Curve25519.Signing.PrivateKey()
    let seal = Curve25519.KeyAgreement.PrivateKey()
    private let environment: GatewayEnvironment
    private let workloads: [WorkloadRegistration]
    private let settings: ReachSettings
    private let sources: [(name: String, text: String)]
    let signers = Dictionary(uniqueKeysWithValues: ["olga", "lena", "lars", "dan"].map { ($0, TestSigner()) })

    static let policy = """
        permit (principal in Exequatur::WorkloadGroup::"desk", action in [Embedded::Action::"read:user.find", Embedded::Action::"read:user.read",
            Embedded::Action::"read:group.read", Embedded::Action::"read:sensitivity.public", Embedded::Action::"read:sensitivity.internal"], resource);
        permit (principal is Exequatur::Workload, action in [Embedded::Action::"execute:user.set-title", Embedded::Action::"execute:user.reset-password"], resource);
        permit (principal is Exequatur::Workload, action in Embedded::Action::"group.add-member", resource) when { context.approvals.count >= 1 };
        permit (principal is Exequatur::Workload, action == Embedded::Action::"propose:user.disable", resource);
        permit (principal in Exequatur::Team::"leads", action, resource);
        forbid (principal, action in [Exequatur::Action::"execute", Exequatur::Action::"propose"], resource) when { resource.labels.contains("tier-0") };
        """

    init(
        policy: String = GatewayFixture.policy, longestAge: Int64 = 900, entries: Set<ReachSettings.EntryName> = [],
        accounts: [(holder: ReachNode, account: ReachSettings.EntryName)] = [], hasBaseline: Bool = true, deadline: Int64 = 60,
        looking: Duration? = nil,
        workloadLife: Int64? = nil, waitingLimit: Int = 20
    ) async throws {
        folder = try Fixture.folder()
        store = try SQLiteStore(path: folder.appendingPathComponent("exequatur.sqlite").path)
        let clock = clock
        let now: @Sendable () -> Instant = { clock.now }
        directory = try EmbeddedDirectory(
            system: "corp", path: folder.appendingPathComponent("corp.sqlite").path, now: now)
        try await directory.seedDemoCompany()
        meddler = Meddler(directory)
        environment = GatewayEnvironment(
            id: "test", tenant: "t", environment: "test", purposes: ["p", "q"], changeLife: 3600, waitingLimit: waitingLimit,
            deadline: deadline, looking: looking, now: now,
            random: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        workloads = [
            WorkloadRegistration(
                id: "agent", issuer: "i", subject: "agent", owner: "olga",
                expires: workloadLife.map { clock.now.adding(seconds: $0).milliseconds } ?? .max, groups: ["desk"])
        ]
        settings = ReachSettings(
            rules: try RuleSet.shipped(), longestAge: longestAge, entries: entries, accounts: accounts,
            workloads: ["agent", "agent-2"],
            persons: ["olga", "lena", "lars", "dan"])
        witnessed = try await WitnessedStore.open(store, gateway: "test", key: key, now: now) { [alarms] in alarms.add($0) }
        sources = hasBaseline ? Baseline.before([(name: "test.cedar", text: policy)]) : [(name: "test.cedar", text: policy)]
        gateway = try Gateway(
            environment: environment, store: witnessed, sealer: Sealer(key: seal.publicKey),
            principals: Registry(workloads: workloads, people: Self.people(Self.teams, signers)), connectors: [meddler],
            policies: try PolicyBundle(sources, catalogues: [directory.catalogue]), reach: ReachKeeper(settings, now: now))
        try await Self.begin(gateway)
    }

    static let teams = ["olga": ["desk"], "lena": ["leads"], "lars": ["leads"], "dan": ["security"]]

    private static func people(_ teams: [String: [String]], _ signers: [String: TestSigner]) -> [PersonRegistration] {
        ["olga", "lena", "lars", "dan"].map { person in
            PersonRegistration(
                id: person, teams: teams[person] ?? [],
                keys: [signers[person]?.line].compactMap { $0.flatMap(SSHPublicKey.init(line:)) }, aliases: [], subjects: [])
        }
    }

    private static func begin(_ gateway: Gateway) async throws {
        try await gateway.reachWatch.resume()
        try await gateway.adopt(gateway.policies)
        try await gateway.reachWatch.reread("corp")
    }

    /// The next run of the gateway, on the same store and directory; the one before must not be used any more.
    ///
    /// - Parameter teams: those that people are in by now.
    func restarted(teams: [String: [String]] = GatewayFixture.teams) async throws -> Gateway {
        let clock = clock
        let now: @Sendable () -> Instant = { clock.now }
        let taken = try await WitnessedStore.open(store, gateway: "test", key: key, now: now) { [alarms] in alarms.add($0) }
        let gateway = try Gateway(
            environment: environment, store: taken, sealer: Sealer(key: seal.publicKey),
            principals: Registry(workloads: workloads, people: Self.people(teams, signers)), connectors: [meddler],
            policies: try PolicyBundle(sources, catalogues: [directory.catalogue]), reach: ReachKeeper(settings, now: now))
        try await Self.begin(gateway)
        return gateway
    }

    /// Other policies, and every waiting change examined by them.
    func reload(_ policy: String) async throws {
        try await gateway.adopt(
            PolicyBundle(Baseline.before([(name: "test.cedar", text: policy)]), catalogues: [directory.catalogue]))
        await gateway.queue.examineAll()
    }

    func close() { try? FileManager.default.removeItem(at: folder) }

    func task(_ token: String = "token") async throws -> Task {
        try await gateway.tasks.task(
            for: Fixture.workload(), delegator: nil, token: token, expires: Instant(milliseconds: .max / 2), purpose: nil)
    }

    func submit(_ operation: String, _ input: JSONValue, evidence: Evidence = Evidence(), key: String? = nil) async throws
        -> Answer
    {
        try await gateway.submissions.submit(
            Submissions.Request(
                principal: .workload(Fixture.workload()), task: try await task(), system: "corp", operation: operation,
                input: input,
                evidence: evidence, idempotencyKey: key, door: "test"))
    }

    /// Hands in a person's signed word on a change as it is stored now.
    @discardableResult
    func say(_ verdict: ApprovalStatement.Verdict, on id: String, by person: String, teams: [String] = ["leads"]) async throws
        -> Change
    {
        try await gateway.approvals.record(try await sign(verdict, on: id, by: person), by: Fixture.person(person, teams: teams))
    }

    /// A person's signed word on a change as it is stored now.
    ///
    /// - Parameter earlier: a statement whose nonce is used again.
    func sign(
        _ verdict: ApprovalStatement.Verdict, on id: String, by person: String, life: Int64 = 600,
        again earlier: SignedApproval? = nil
    ) async throws -> SignedApproval {
        guard let change = try await store.change(id), let signer = signers[person] else { throw Refusal(.denied, "nobody") }
        guard let nonce = earlier?.statement.nonce else {
            return try signer.statement(verdict, on: change, by: person, issued: clock.now, life: life)
        }
        return try signer.statement(verdict, on: change, by: person, issued: clock.now, life: life, nonce: nonce)
    }

    var keys: [LogKey] { LogName.allCases.map { LogKey(name: Journal.origin($0, gateway: "test"), key: key.publicKey) } }

    func checkpoints() throws -> [String] {
        var notes: [String] = []
        for log in LogName.allCases { notes.append(try gateway.journal.checkpoint(log)) }
        return notes
    }
}

extension Answer {
    /// All that it says, to look for something in it.
    var text: String {
        let document = result.map { JSONWriter.canonicalText($0) } ?? ""
        return "\(status) \(code) \(message) \(change ?? "") \(document) \(receipt?.entry ?? "")"
    }
}

/// Collects alarms.
final class Alarms: Sendable {
    private let all = Mutex<[String]>([])
    func add(_ alarm: String) { all.withLock { $0.append(alarm) } }
    var heard: [String] { all.withLock { $0 } }
}

extension GatewayFixture {
    /// Changes the directory behind the gateway's back.
    func change(_ sql: String) async throws {
        let queue = try DatabaseQueue(path: folder.appendingPathComponent("corp.sqlite").path)
        try await queue.write { try $0.execute(sql: sql) }
    }

    /// Changes the store behind the gateway's back.
    func tamper(_ sql: String) async throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(
            path: folder.appendingPathComponent("exequatur.sqlite").path, configuration: configuration)
        try await queue.write { try $0.execute(sql: sql) }
    }

    /// How many entries each log has.
    func sizes() async throws -> [Int64] {
        var sizes: [Int64] = []
        for log in LogName.allCases { sizes.append(try await store.logSize(log)) }
        return sizes
    }

    func requests(_ kind: String) async throws -> [JSONValue] { try await entries(kind, of: .requests) }

    /// The bodies of a log's entries of a kind.
    func entries(_ kind: String, of log: LogName = .actions) async throws -> [JSONValue] {
        let bytes = try await store.entries(log, in: 0..<store.logSize(log))
        return try bytes.map { try JSONReader.read($0, limits: .init(bytes: 1 << 24)) }.filter { $0["kind"] == .string(kind) }
            .compactMap { $0["body"] }
    }
}
