import Authority
import ConnectorEmbedded
import Gateway
import Storage
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

@Suite("Reloading policies")
struct ReloadTests {
    private static let title: JSONValue = ["user": "kai.nilsen", "value": "Mate"]

    @Test("A new set decides from the next request on; one that can't be made durable leaves the old in force")
    func reload() async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        #expect(try await world.submit("user.set-title", Self.title).status == .done)
        try await world.tamper("CREATE TRIGGER full BEFORE UPDATE ON epoch BEGIN SELECT RAISE(ABORT, 'full'); END")
        await #expect(throws: StoreError.self) { try await world.reload("") }
        try await world.tamper("DROP TRIGGER full")
        #expect(try await world.submit("user.set-title", ["user": "kai.nilsen", "value": "Cook"]).status == .done)
        try await world.reload(
            GatewayFixture.policy + "forbid (principal, action == Embedded::Action::\"execute:user.set-title\", resource);")
        #expect(try await world.submit("user.set-title", Self.title).code == "denied")
        #expect(try await world.submit("user.read", ["user": "kai.nilsen"]).status == .done)
        try await world.reload(GatewayFixture.policy)
        #expect(try await world.submit("user.set-title", Self.title).status == .done)
    }

    /// What moves between a decision and its grant.
    enum Between: CaseIterable, Sendable { case nothing, samePolicies, otherPolicies, lock, lifted }

    @Test("What was decided before the policies or the locks changed can't be granted after", arguments: Between.allCases)
    func stale(between: Between) async throws {
        let world = try await GatewayFixture()
        defer { world.close() }
        let lena = Fixture.person("lena", teams: ["leads"])
        if between == .lifted { _ = try await world.gateway.locks.place(.operation, "corp/user.disable/u-1001", by: lena) }
        let (bundle, epoch) = (world.gateway.policies, try await world.store.locks().epoch)
        let (decision, change, submission) = try await decided(world, by: bundle, epoch: epoch)
        switch between {
        case .nothing: break
        case .samePolicies: try await world.gateway.adopt(bundle)
        case .otherPolicies: try await world.gateway.adopt(Fixture.bundle("", [world.directory.catalogue]))
        case .lock: _ = try await world.gateway.locks.place(.operation, "corp/user.disable/u-1001", by: lena)
        case .lifted: try await world.gateway.locks.lift(.operation, "corp/user.disable/u-1001", by: lena)
        }
        var refusal: GrantRefusal?
        do {
            _ = try await decision.grant(
                for: change, submission: submission, plan: change.plan, definition: change.definition, policies: bundle,
                now: world.clock.now,
                entry: LogEntry(
                    .intent(IntentRecord(change, change.plan, policies: bundle.digest)), id: "intent-\(change.id)",
                    time: world.clock.now),
                ledger: world.witnessed, reach: TestGuard(),
                lease: { world.directory.reference(for: change.id, id: "lease-1", expires: $0) })
        } catch let error as GrantRefusal { refusal = error }
        #expect(refusal == (between == .nothing ? nil : .stale))
    }

    /// A permit of a change that is staged, as it was made at that epoch.
    private func decided(_ world: GatewayFixture, by bundle: PolicyBundle, epoch: Int64) async throws -> (
        Decision, Change, Submission
    ) {
        let operation = try #require(world.directory.catalogue["user.set-title"])
        let submission = try Fixture.submission(operation, Self.title)
        let plan = try await world.directory.plan(operation, submission.input)
        let question = Question(
            submission, plan, reach: .none, catalogue: world.directory.catalogue, now: world.clock.now, environment: "test",
            approvals: [], people: RegisteredPeople.none.digest, excluded: [])
        let decision = decide(question, with: StandingFacts(bundle, .none), epochs: Epochs(policies: bundle.digest, locks: epoch))
        #expect(decision.verdict == .permit)
        let change = Change(
            id: "chg-stale", state: .proposed, wait: .nothing, submission: submission, plan: plan,
            definition: Digest(of: "definition"), assessment: Assessment(plan, operation, reach: .none),
            created: world.clock.now, expires: world.clock.now.adding(seconds: 60), rollbackOf: nil)
        try await world.witnessed.commit([.insertChange(change)], entries: [])
        return (decision, change, submission)
    }
}
