public import Authority
import CLDAP
import Synchronization

/// A directory that speaks LDAP: OpenLDAP with the access rules of `docs/connectors/ldap.md`.
///
/// Reads go by the base identity. Each step goes by an account of its own, made for it and held by the server's own
/// rules to one entry, one right and one value.
public struct LDAPDirectory: Connector {
    public let system: String
    public let catalogue: Catalogue
    public let isReadWhole = true
    public var endpoint: String { settings.url }
    let settings: LDAPSettings
    /// Blocking calls run here, never on the cooperative pool: what is asked, and what a step under way needs.
    private let asking = BlockingThreads(6, waiting: 58)
    private let stepping = BlockingThreads(2, waiting: 62)
    let readiness = Readiness()
    let names = KnownNames()

    public init(system: String, settings: LDAPSettings) {
        self.system = system
        self.settings = settings
        catalogue = LDAPSettings.catalogue(settings.attributes)
    }

    enum Purpose {
        case asking
        /// For a step under way: leases, writing, ending.
        case stepping
        /// Up to ten minutes, each call to the server within the limit.
        case readingAll
    }

    /// Runs `body` with a fresh connection on a thread where blocking is allowed. All of it, waiting for the thread too, ends
    /// within the settings' time.
    func run<T: Sendable>(
        _ purpose: Purpose = .asking, dn: String? = nil, password: String? = nil,
        _ body: @escaping @Sendable (LDAPSession) throws -> T
    ) async throws(ConnectorError) -> T {
        let settings = settings
        let end = ContinuousClock.now + .seconds(purpose == .readingAll ? 600 : settings.timeout)
        let result: Result<T, ConnectorError> = await (purpose == .stepping ? stepping : asking).run {
            Self.attempt {
                try body(
                    LDAPSession(settings, dn: dn ?? settings.bindDN, password: password ?? settings.password, until: end))
            }
        }
        return try result.get()
    }

    private static func attempt<T>(_ body: () throws -> T) -> Result<T, ConnectorError> {
        do { return .success(try body()) } catch let error as ConnectorError { return .failure(error) } catch let error
            as LDAPError
        {
            return .failure(error.asConnectorError)
        } catch { return .failure(ConnectorError(.unavailable, "\(error)")) }
    }
}

/// The nodes that names led to at the last reading of the graph.
final class KnownNames: Sendable {
    private let ids = Mutex<[String: NodeID]>([:])
    private let types = Mutex<AttributeTypes?>(nil)

    /// Takes the names of a reading; the schema is read again when next it is needed.
    func replace(_ all: [String: NodeID]) {
        ids.withLock { $0 = all }
        types.withLock { $0 = nil }
    }

    subscript(name: String) -> NodeID? { ids.withLock { $0[name] } }

    func types(_ read: () throws -> AttributeTypes) throws -> AttributeTypes {
        if let known = types.withLock({ $0 }) { return known }
        let types = try read()
        self.types.withLock { $0 = types }
        return types
    }
}

/// Whether the server was found fit to hold just-in-time accounts; asked once, and again until it is.
final class Readiness: Sendable {
    private let isReady = Mutex(false)

    func check(_ probe: () throws -> Void) throws {
        if isReady.withLock({ $0 }) { return }
        try probe()
        isReady.withLock { $0 = true }
    }
}
