import Authority
import ConnectorEmbedded
import Reach
import Synchronization

/// The embedded directory, with somebody at work between it and the gateway.
final class Meddler: Connector {
    /// What is done to it.
    enum Trick {
        case none, unreachable, cutOff, dangling, undeclared, undeclaredAttribute, moreThanDeclared, takenAway, takeover, byOthers
    }

    private let inner: EmbeddedDirectory
    private let trick = Mutex(Trick.none)

    init(_ inner: EmbeddedDirectory) { self.inner = inner }

    func play(_ trick: Trick) { self.trick.withLock { $0 = trick } }
    /// Does something whenever a lease has been made.
    func onLease(_ body: @escaping @Sendable () async -> Void) { afterLease.withLock { $0 = body } }
    private let afterLease = Mutex<@Sendable () async -> Void>({})
    private var current: Trick { trick.withLock { $0 } }

    var system: String { inner.system }
    var catalogue: Catalogue { inner.catalogue }
    var endpoint: String { moved.withLock { $0 } ?? inner.endpoint }
    /// Where the system is said to be from now on.
    func move(to endpoint: String) { moved.withLock { $0 = endpoint } }
    private let moved = Mutex<String?>(nil)

    func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        if current == .unreachable { throw ConnectorError(.unavailable, "nobody answers") }
        let plan = try await inner.plan(operation, input)
        let extra: NamedFact
        switch current {
        case .undeclared: extra = NamedFact("owner", "corp:user:u-1013", "corp:group:g-8")
        case .undeclaredAttribute: extra = NamedFact("setsAttribute", "corp:user:u-1013", "corp:attribute:mail")
        default: return plan
        }
        let step = Step(adds: plan.step.adds + [extra])
        return Plan(
            target: plan.target, targetName: plan.targetName, touched: plan.touched, inverse: plan.inverse,
            reversibility: plan.reversibility, precondition: plan.precondition, version: plan.version, native: plan.native,
            facts: plan.facts, related: plan.related, step: step, surroundings: plan.surroundings, obstacle: plan.obstacle)
    }

    func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        let trick = current
        if trick == .cutOff {
            receive(SnapshotPage(nodes: [ReachNode(system: system, kind: .user, key: "u-1", name: "one")], facts: []))
            throw ConnectorError(.unavailable, "the connection was lost")
        }
        try await inner.snapshot { page in
            let more = trick == .dangling ? [NamedFact("member", "corp:user:nobody", "corp:group:g-8")] : []
            receive(SnapshotPage(nodes: page.nodes, facts: page.facts + more))
        }
    }

    func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        let seen = try await inner.surroundings(of: plan)
        switch current {
        case .takeover: return seen.union([NamedFact("member", "corp:user:u-1013", "corp:group:g-8")])
        case .moreThanDeclared, .byOthers: return seen.union([NamedFact("owner", "corp:user:u-1013", "corp:group:g-1")])
        case .takenAway: return seen.filter { $0.relation != "disabled" && $0.relation != "member" }
        default: return seen
        }
    }

    // MARK: As it is

    func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        try await inner.read(operation, input)
    }
    func find(_ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool) async throws(ConnectorError) {
        try await inner.find(input, visit)
    }
    func members(of group: String, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await inner.members(of: group, after: after, visit)
    }
    func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        inner.reference(for: change, id: id, expires: expires)
    }
    func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        let lease = try await inner.lease(grant, as: reference)
        await afterLease.withLock { $0 }()
        return lease
    }
    func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Disclosure? {
        try await inner.apply(grant, with: lease)
    }
    func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await inner.observe(plan, under: lease)
    }
    func writtenByOthers(_ nodes: Set<String>) async throws(ConnectorError) -> Set<String> {
        current == .byOthers ? nodes : []
    }
    func revoke(_ reference: LeaseReference) async throws(ConnectorError) { try await inner.revoke(reference) }
    func leftovers() async throws(ConnectorError) -> [LeaseReference] { try await inner.leftovers() }
}
