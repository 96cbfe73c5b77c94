public import Authority
import Cedar
import Crypto
import Logging
import StrictJSON
import Synchronization

/// Performs what was decided: the one place where requests become decisions, grants and effects.
public final class Gateway: Sendable {
    public let environment: GatewayEnvironment
    public let journal: Journal
    let store: WitnessedStore
    let sealer: Sealer
    let principals: any Principals
    public let reach: ReachKeeper
    public let strangers: StrangerLog
    private let connectors: [String: any Connector]
    private let current: Mutex<PolicyBundle>
    /// Calls to systems in flight, by system.
    let calls = InFlight(limit: 32)
    /// Approved changes on their way to an intent.
    let underway = InFlight(limit: .max)
    /// Refusals that are not stored yet, by the ids of their entries.
    let heldRefusals = Mutex<[String: SignedApproval]>([:])
    /// Signs where a page of members ended: nobody begins at an entry that they were not shown.
    let cursorKey: SymmetricKey
    /// Values shown once, by change; in memory only.
    let disclosures = Mutex<[String: Disclosure]>([:])

    /// - Throws: ``Refusal`` for a system with an operation that does not declare its effects.
    public init(
        environment: GatewayEnvironment, store: WitnessedStore, sealer: Sealer, principals: any Principals,
        connectors: [any Connector], policies: PolicyBundle, reach: ReachKeeper
    ) throws {
        for connector in connectors {
            guard let operation = connector.catalogue.undeclared.first else { continue }
            throw Refusal(
                .catalogueNoEffects,
                "The operation `\(operation)` of \(connector.system) declares no effects, so nobody can tell what it makes possible."
            )
        }
        self.reach = reach
        self.environment = environment
        strangers = StrangerLog(log: environment.log, now: environment.now)
        cursorKey = SymmetricKey(data: environment.random(32))
        self.store = store
        journal = Journal(store: store)
        self.sealer = sealer
        self.principals = principals
        self.connectors = Dictionary(connectors.map { ($0.system, $0) }, uniquingKeysWith: { first, _ in first })
        current = Mutex(policies)
    }

    public var policies: PolicyBundle { current.withLock { $0 } }

    /// The systems, by name.
    public var systems: [(name: String, catalogue: Catalogue)] {
        connectors.keys.sorted().compactMap { name in connectors[name].map { (name, $0.catalogue) } }
    }

    var now: Instant { environment.now() }

    func connector(_ system: String) throws -> any Connector {
        guard let connector = connectors[system] else { throw Refusal(.inputUnknownSystem, "There is no such system.") }
        return connector
    }

    func operation(_ name: String, of system: String) throws -> Operation {
        guard let operation = try connector(system).catalogue[name] else {
            throw Refusal(.inputUnknownOperation, "There is no such operation.")
        }
        return operation
    }

    /// Makes the policies durable in the decisions log and decides with them from now on. What was decided before, and is
    /// not yet granted, is void: the epoch that its grant would need is past.
    public func adopt(_ bundle: PolicyBundle) async throws {
        let texts = bundle.sources.map { source -> JSONValue in ["name": .string(source.name), "text": .string(source.text)] }
        let body: JSONValue = [
            "digest": .string(bundle.digest.hex), "schema": .string(bundle.schema.hex), "sources": .array(texts),
            "schemaText": .string(bundle.schemaText),
        ]
        let registry = LogEntry(
            .decisions, id: environment.id("registry"), kind: "registry", time: now, body: principals.record)
        let entry = LogEntry(.decisions, id: environment.id("policies"), kind: "policies", time: now, body: body)
        // What either set reads is protected until the new one is in force: a failure leaves too much protected, never too little.
        try protectAttributes(read: [policies, bundle])
        try await store.commit([.voidDecisions(policies: bundle.digest)], entries: [registry, entry])
        current.withLock { $0 = bundle }
        do { try protectAttributes(read: [bundle]) } catch {
            environment.log.error("attributes that only the former policies read stay protected: \(error)")
        }
    }

    /// Refuses when a lock stands in the way.
    ///
    /// - Returns: the locks' epoch, which a decision is bound to.
    ///
    /// - Parameter plan: what would be done, once it is known.
    func checkLocks(
        _ principal: Principal, _ task: Task, writing system: String? = nil, _ operation: String = "", _ plan: Plan? = nil
    ) async throws -> Int64 {
        let target = plan.map { Lock.operation(system ?? "", operation, $0.target.id.string) }
        let (locks, epoch) = try await store.locks()
        let stopped = locks.contains { lock in
            switch lock.scope {
            case .all: true
            case .system: lock.subject == system
            case .workload: lock.subject == principal.id || lock.subject == task.workload
            case .task: lock.subject == task.id
            case .operation: lock.subject == target
            }
        }
        guard !stopped else { throw Refusal(.locked, "This work was stopped by a person.") }
        return epoch
    }

    /// Logs, for the operator, what a caller was not told.
    func note(_ message: String, _ details: [String: String]) {
        environment.log.notice("\(message)", metadata: details.mapValues { .string(Printable.text($0)) })
    }

    /// Something that a person must look into: logged at the highest level and in the actions log.
    func alarm(_ message: String, change: Change, _ body: JSONValue) async {
        environment.log.critical("\(message)", metadata: ["change": .string(change.id)])
        let entry = LogEntry(
            .actions, id: environment.id("alarm"), kind: "alarm", time: now, links: ["change": change.id],
            body: ["message": .string(message), "details": body])
        _ = try? await store.commit([], entries: [entry])
    }
}
