public import Authority
public import Cedar
import DeclaredKit
public import Reach
import StrictJSON

/// An MCP server whose catalogue is configuration.
public struct MCPSystem: Connector {
    public let system: String
    let settings: MCPSettings
    private let calls: ToolCalls
    private let leases: LiveLeases
    private let desk: DeclaredDesk<MCPSource>

    init(system: String, settings: MCPSettings) {
        self.system = system
        self.settings = settings
        leases = LiveLeases(now: settings.now)
        let server = settings.server
        calls = ToolCalls(
            server.makeServer(), settings.tools, settings.definitions, endpoint: server.endpoint, lookAgain: server.lookAgain)
        desk = DeclaredDesk(system, settings.declared, MCPSource(calls: calls), patience: settings.server.seconds)
    }

    public var catalogue: Catalogue { settings.declared.catalogue }
    public var endpoint: String { settings.server.endpoint }
    public var credential: CredentialKind { .shared }
    public var isReadWhole: Bool { settings.declared.isReadWhole }
    public var outOfService: [String: String] { calls.outOfService }

    // MARK: Reading

    public func answer(_ operation: Operation, _ input: Input, progress: ProgressListener?) async throws(ConnectorError)
        -> SystemDocument
    {
        try await calls.answer(operation.name, input.json, progress)
    }

    public func read(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> EntryRecord {
        try await desk.read(operation, input)
    }

    public func search(_ operation: Operation, _ input: Input, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    { try await desk.search(operation, input, visit) }

    public func contents(of container: EntityUID, after: String?, _ visit: @escaping @Sendable ([EntryRecord]) -> Bool)
        async throws(ConnectorError)
    { try await desk.contents(of: container, after: after, visit) }

    // MARK: The graph

    /// Of a server that nobody can read whole nothing is known, and nothing taken for known.
    public func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        guard isReadWhole else {
            // That it answers is known all the same, and what it offers is looked at.
            _ = try await calls.server.offered(notOlderThan: 0)
            return receive(SnapshotPage(nodes: [], facts: []))
        }
        try await desk.snapshot(receive)
    }

    public func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        try await desk.surroundings(of: plan)
    }

    /// A server does not say who wrote.
    public func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID> { [] }

    // MARK: Writing

    public func plan(_ operation: Operation, _ input: Input) async throws(ConnectorError) -> Plan {
        try await calls.requireSame(operation.name, notOlderThan: 0)
        return try await desk.plan(operation, input)
    }

    public func observe(_ plan: Plan, under lease: LeaseReference?) async throws(ConnectorError) -> Observation {
        try await desk.observe(plan)
    }

    public func apply(_ grant: borrowing Grant, with lease: any Lease) async throws(ConnectorError) -> Applied {
        let (name, id) = (grant.operation, lease.reference.id)
        // Looked at once more: it may have changed since it was planned.
        let session: Int64
        do throws(ConnectorError) { session = try await calls.requireSame(name, notOlderThan: 0) } catch {
            throw ConnectorError(.conflict, error.message)
        }
        return try await desk.apply(grant) { (planner, _, plan) throws(ConnectorError) in
            try await send(planner, plan, under: id, in: session)
        }
    }

    /// - Throws: `ConnectorError`: `unavailable` when nobody knows whether it came about.
    private func send(_ planner: DeclaredPlanner<MCPSource>, _ plan: Plan, under lease: String, in session: Int64)
        async throws(ConnectorError) -> Applied
    {
        let operation = planner.operation
        let call = try calls.prepared(operation.name, planner.input.json)
        let result = try await calls.write(call, in: session) { [leases] () throws(ConnectorError) in try leases.require(lease) }
        guard operation.isShownToPerson else {
            return Applied(answer: operation.sensitivity == .secret ? nil : result.document)
        }
        let secret = planner.step.discloses.flatMap { at in result.value.flatMap { at.find(in: $0) } }?.texts.first
        return Applied(Disclosure(label: "what \(operation.name) gave for \(plan.targetName)", value: secret ?? result.text))
    }

    // MARK: Credentials

    private struct Shared: Lease { let reference: LeaseReference }

    public func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        LeaseReference(id: id, change: change, system: system, account: "shared/\(id)", expires: expires)
    }

    public func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        leases.begin(reference)
        return Shared(reference: reference)
    }

    /// Nothing was made at the server for the step: from now on nothing is sent under it.
    public func revoke(_ reference: LeaseReference) async throws(ConnectorError) { leases.end(reference) }

    public func leftovers() async throws(ConnectorError) -> [LeaseReference] { [] }
}

extension Operation {
    /// Whether its answer holds a credential that is for a person, and so for nobody else.
    fileprivate var isShownToPerson: Bool {
        effects.contains { effect in
            switch effect.act {
            case .mints(_, _, .person), .shows(_, _, .person): true
            default: false
            }
        }
    }
}
