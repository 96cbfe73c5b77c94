@_spi(Authenticated) public import Authority
import Cedar
import DirectoryKit
public import Foundation
public import Reach
public import StrictJSON
import Synchronization

/// Ready-made values for tests.
public enum Fixture {
    public static let now = Instant(milliseconds: 1_790_000_000_000)

    public static func workload(_ id: String = "agent", owner: String = "olga", groups: [String] = ["desk"]) -> Workload {
        Workload(id: id, owner: owner, expires: Instant(milliseconds: .max / 2), groups: groups)
    }

    public static func person(_ id: String, teams: [String] = []) -> Person { Person(id: id, teams: teams) }

    public static func task(_ id: String = "task-1", workload: String = "agent", delegator: String? = nil) -> Task {
        Task(
            id: id, tenant: "t", holder: .workload(workload), purpose: Purpose("p", .assumed), delegator: delegator, created: now,
            expires: Instant(milliseconds: .max / 2))
    }

    public static func submission(
        _ operation: Authority.Operation, _ input: JSONValue, system: String = "corp",
        principal: Principal = .workload(workload()), id: String = "req-1",
        catalogue: Catalogue? = nil
    ) throws -> Submission {
        Submission(
            id: id, principal: principal, task: task(), system: system,
            catalogue: catalogue ?? Catalogue.directory(namespace: "Test", attributes: []), operation: operation,
            input: try Input(input, for: operation))
    }

    public static func bundle(_ text: String, _ catalogues: [Catalogue]) throws -> PolicyBundle {
        try PolicyBundle([(name: "test.cedar", text: text)], catalogues: catalogues)
    }

    /// A fresh folder, removed with `remove()`.
    public static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("exequatur-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// A ledger that takes every intent once.
public final class TestLedger: IntentLedger {
    private let seen = Mutex<Set<String>>([])

    public init() {}

    public func commit(_ intent: Intent, of change: Change, entry: LogEntry) async throws {
        guard seen.withLock({ $0.insert(intent.change).inserted }) else { throw GrantRefusal.alreadyGranted }
    }
}

/// A guard that lets every step through.
public struct TestGuard: ReachGuard {
    public init() {}

    public func reserve(_ change: String, on system: String, _ step: Step, gaining expected: Digest) {}
    public func release(_ change: String) {}
}

/// Grants, made the only way there is: by deciding.
public struct GrantMaker: Sendable {
    private let connector: any Connector
    private let bundle: PolicyBundle
    private let ledger = TestLedger()

    public init(_ connector: any Connector) throws {
        self.connector = connector
        bundle = try Fixture.bundle("permit (principal, action, resource);", [connector.catalogue])
    }

    public func plan(_ operation: String, _ input: JSONValue) async throws -> Plan {
        let submission = try submission(operation, input)
        return try await connector.plan(submission.operation, submission.input)
    }

    private func submission(_ operation: String, _ input: JSONValue) throws -> Submission {
        guard let entry = connector.catalogue[operation] else { throw ConnectorError(.invalid, "no operation \(operation)") }
        return try Fixture.submission(entry, input, system: connector.system, catalogue: connector.catalogue)
    }

    /// The grant for carrying out this plan.
    public func grant(_ operation: String, _ input: JSONValue, _ plan: Plan, now: Instant) async throws -> Grant {
        let submission = try submission(operation, input)
        let question = Question(
            submission, plan, reach: .none, catalogue: connector.catalogue, now: now, environment: "test", approvals: [],
            people: RegisteredPeople.none.digest, excluded: [])
        let decision = decide(question, with: StandingFacts(bundle, .none), epochs: Epochs(policies: bundle.digest, locks: 0))
        let change = Change(
            id: "chg-\(UUID().uuidString)", state: .proposed, wait: .nothing, submission: submission, plan: plan,
            definition: Digest(of: "definition"),
            assessment: Assessment(plan, submission.operation, reach: .none),
            created: now,
            expires: now.adding(seconds: 3600), rollbackOf: nil)
        let entry = LogEntry(.intent(IntentRecord(change, plan, policies: bundle.digest)), id: "intent-\(change.id)", time: now)
        return try await decision.grant(
            for: change, submission: submission, plan: plan, definition: change.definition, policies: bundle, now: now,
            entry: entry, ledger: ledger,
            reach: TestGuard(),
            lease: {
                connector.reference(for: change.id, id: "lease-" + UUID().uuidString.lowercased().prefix(12), expires: $0)
            })
    }

    /// Plans, grants, leases, applies and revokes.
    @discardableResult
    public func perform(_ operation: String, _ input: JSONValue, planned: Plan? = nil) async throws -> (
        plan: Plan, lease: LeaseReference, Disclosure?
    ) {
        let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let plan: Plan
        if let planned { plan = planned } else { plan = try await self.plan(operation, input) }
        let grant = try await grant(operation, input, plan, now: now)
        let reference = grant.lease
        do {
            let lease = try await connector.lease(grant, as: reference)
            let applied = try await connector.apply(grant, with: lease)
            try await connector.revoke(reference)
            return (plan, reference, applied.disclosure)
        } catch {
            try await connector.revoke(reference)
            throw error
        }
    }
}
