package import Authority
package import Cedar
package import ConnectorEmbedded
import DirectoryKit
package import Reach
import Synchronization

/// The embedded directory, with somebody at work between it and the gateway.
package final class Meddler: Connector {
    /// What is done to it.
    package enum Trick {
        case none, unreachable, turnedAway, cutOff, dangling, undeclared, undeclaredAttribute, moreThanDeclared, takenAway,
            takeover, byOthers
    }

    private let inner: EmbeddedDirectory
    private let trick = Mutex(Trick.none)

    package init(_ inner: EmbeddedDirectory) { self.inner = inner }

    package func play(_ trick: Trick) { self.trick.withLock { $0 = trick } }
    /// Does something whenever a lease has been made.
    package func onLease(_ body: @escaping @Sendable () async -> Void) { afterLease.withLock { $0 = body } }
    private let afterLease = Mutex<@Sendable () async -> Void>({})
    /// Does something whenever a plan has been made.
    package func onPlan(_ body: @escaping @Sendable () async -> Void) { afterPlan.withLock { $0 = body } }
    private let afterPlan = Mutex<@Sendable () async -> Void>({})
    /// Does something whenever a step is about to be applied.
    package func onApply(_ body: @escaping @Sendable () async -> Void) { beforeApply.withLock { $0 = body } }
    private let beforeApply = Mutex<@Sendable () async -> Void>({})
    private var current: Trick { trick.withLock { $0 } }

    package var system: String { inner.system }
    package var catalogue: Catalogue { inner.catalogue }
    package var endpoint: String { moved.withLock { $0 } ?? inner.endpoint }
    /// Where the system is said to be from now on.
    package func move(to endpoint: String) { moved.withLock { $0 = endpoint } }
    private let moved = Mutex<String?>(nil)

    package func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        if current == .unreachable { throw ConnectorError(.unavailable, "nobody answers") }
        if current == .turnedAway { throw ConnectorError(.refused, "Invalid credentials") }
        let plan = try await inner.plan(operation, input)
        await afterPlan.withLock { $0 }()
        let extra: NamedFact
        switch current {
        case .undeclared: extra = NamedFact(DirectoryVocabulary.owner, "corp:user:u-1013", "corp:group:g-8")
        case .undeclaredAttribute: extra = NamedFact(DirectoryVocabulary.setsAttribute, "corp:user:u-1013", "corp:attribute:mail")
        default: return plan
        }
        let step = Step(adds: plan.step.adds + [extra])
        return Plan(
            target: plan.target, targetName: plan.targetName, touched: plan.touched, inverse: plan.inverse,
            reversibility: plan.reversibility, precondition: plan.precondition, version: plan.version, native: plan.native,
            facts: plan.facts, named: plan.named, step: step, surroundings: plan.surroundings, obstacle: plan.obstacle)
    }

    package func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        let trick = current
        if trick == .cutOff {
            let nodes = [catalogue[kind: "user"].map { ReachNode(system: system, $0, id: "u-1", name: "one") }].compactMap { $0 }
            receive(SnapshotPage(nodes: nodes, facts: []))
            throw ConnectorError(.unavailable, "the connection was lost")
        }
        try await inner.snapshot { page in
            let more = trick == .dangling ? [NamedFact(DirectoryVocabulary.member, "corp:user:nobody", "corp:group:g-8")] : []
            receive(SnapshotPage(nodes: page.nodes, facts: page.facts + more))
        }
    }

    package func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        let seen = try await inner.surroundings(of: plan)
        switch current {
        case .takeover: return seen.union([NamedFact(DirectoryVocabulary.member, "corp:user:u-1013", "corp:group:g-8")])
        case .moreThanDeclared, .byOthers:
            return seen.union([NamedFact(DirectoryVocabulary.owner, "corp:user:u-1013", "corp:group:g-1")])
        case .takenAway:
            return seen.filter { $0.relation != DirectoryVocabulary.disabled && $0.relation != DirectoryVocabulary.member }
        default: return seen
        }
    }

    // MARK: As it is

    package func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        try await inner.read(operation, input)
    }
    package func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await inner.search(operation, input, visit)
    }
    package func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    {
        try await inner.contents(of: container, after: after, visit)
    }
    package func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        inner.reference(for: change, id: id, expires: expires)
    }
    package var isReadWhole: Bool { inner.isReadWhole }
    package func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        let lease = try await inner.lease(grant, as: reference)
        await afterLease.withLock { $0 }()
        return lease
    }
    package func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied {
        await beforeApply.withLock { $0 }()
        return try await inner.apply(grant, with: lease)
    }
    package func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await inner.observe(plan, under: lease)
    }
    package func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID> {
        current == .byOthers ? nodes : []
    }
    package func revoke(_ reference: LeaseReference) async throws(ConnectorError) { try await inner.revoke(reference) }
    package func leftovers() async throws(ConnectorError) -> [LeaseReference] { try await inner.leftovers() }
}
