public import Authority
public import Cedar
import DeclaredKit
public import Reach

/// A system behind an API over HTTP whose catalogue is configuration.
public struct HTTPSystem: Connector {
    public let system: String
    let settings: HTTPSettings
    let desk: DeclaredDesk<HTTPSource>
    let leases: LiveLeases

    init(system: String, settings: HTTPSettings) {
        self.system = system
        self.settings = settings
        leases = LiveLeases(now: settings.now)
        desk = DeclaredDesk(system, settings.declared, HTTPSource(access: settings.access), patience: settings.patience)
    }

    public var catalogue: Catalogue { settings.declared.catalogue }
    public var isReadWhole: Bool { settings.declared.isReadWhole }
    public var endpoint: String { settings.access.backend.base }
    public var credential: CredentialKind { settings.access.credentials.isScoped ? .scoped : .shared }

    // MARK: Reading

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

    public func snapshot(_ receive: @escaping @Sendable (SnapshotPage) -> Void) async throws(ConnectorError) {
        try await desk.snapshot(receive)
    }

    public func surroundings(of plan: Plan) async throws(ConnectorError) -> Set<NamedFact> {
        try await desk.surroundings(of: plan)
    }

    /// An API does not say who wrote.
    public func writtenByOthers(_ nodes: Set<NodeID>) async throws(ConnectorError) -> Set<NodeID> { [] }

    // MARK: Credentials

    private struct HTTPLease: Lease { let reference: LeaseReference }

    public func reference(for change: String, id: String, expires: Instant) -> LeaseReference {
        LeaseReference(id: id, change: change, system: system, account: "\(credential.rawValue)/\(id)", expires: expires)
    }

    public func lease(_ grant: borrowing Grant, as reference: LeaseReference) async throws(ConnectorError) -> any Lease {
        if settings.access.hasTokens { settings.access.tokens[reference.id] = try await settings.access.login() }
        leases.begin(reference)
        return HTTPLease(reference: reference)
    }

    public func revoke(_ reference: LeaseReference) async throws(ConnectorError) {
        leases.end(reference)
        guard case .session(let session) = settings.access.credentials, session.logout != nil else {
            // Nobody can end it; the gateway forgets it.
            return settings.access.tokens[reference.id] = nil
        }
        // One that nobody could end, or that went with the process that had it, is over when its life is.
        guard settings.now() < reference.expires.adding(seconds: session.life) else {
            return settings.access.tokens[reference.id] = nil
        }
        guard settings.access.tokens[reference.id] == nil else { return try await settings.access.logout(reference.id) }
        throw ConnectorError(.unavailable, "a session that nobody can end any more lives for \(session.life) s")
    }

    public func leftovers() async throws(ConnectorError) -> [LeaseReference] { [] }
}
