import Authority
import Logging
import StrictJSON
import Synchronization

/// What every room stands on: the store, the systems, the people and workloads registered, the policies in force, and what is
/// taken from outside.
final class Core: Sendable {
    let environment: GatewayEnvironment
    let store: WitnessedStore
    let journal: Journal
    let sealer: Sealer
    let principals: any Principals
    let reach: ReachKeeper
    private let connectors: [String: any Connector]
    /// The digests of the operations' definitions, by system and name.
    private let definitions: [String: [String: Digest]]
    private let current: Mutex<StandingFacts>
    /// Calls to systems, by system: so many at a time.
    let calls: Lanes

    init(
        _ environment: GatewayEnvironment, _ store: WitnessedStore, _ sealer: Sealer, _ principals: any Principals,
        _ connectors: [any Connector], _ policies: PolicyBundle, _ reach: ReachKeeper
    ) {
        self.environment = environment
        self.store = store
        journal = Journal(store: store)
        self.sealer = sealer
        self.principals = principals
        self.connectors = Dictionary(connectors.map { ($0.system, $0) }, uniquingKeysWith: { first, _ in first })
        definitions = Dictionary(
            connectors.map { connector in
                let known = connector.catalogue.operations.map { ($0.name, $0.definition(at: connector.endpoint)) }
                return (connector.system, Dictionary(known, uniquingKeysWith: { $1 }))
            }, uniquingKeysWith: { first, _ in first })
        calls = Lanes(running: 32, waiting: 256, patience: .seconds(environment.deadline) / 2)
        current = Mutex(StandingFacts(policies, principals.people))
        self.reach = reach
    }

    /// What decisions rest on now.
    var standing: StandingFacts { current.withLock { $0 } }

    var policies: PolicyBundle { standing.policies }

    func use(_ standing: StandingFacts) { current.withLock { $0 = standing } }

    /// The systems, by name.
    var systems: [(name: String, catalogue: Catalogue)] {
        connectors.keys.sorted().compactMap { name in connectors[name].map { (name, $0.catalogue) } }
    }

    /// What steps in a system are carried out with.
    func credential(of system: String) -> CredentialKind { connectors[system]?.credential ?? .shared }

    /// Whether what steps in a system make possible can be told.
    func isReadWhole(_ system: String) -> Bool { connectors[system]?.isReadWhole ?? false }

    var now: Instant { environment.now() }

    var log: Logger { environment.log }

    func connector(_ system: String) throws(Refusal) -> any Connector {
        guard let connector = connectors[system] else { throw Refusal(.inputUnknownSystem, "There is no such system.") }
        return connector
    }

    func operation(_ name: String, of system: String) throws(Refusal) -> Operation {
        guard let operation = try connector(system).catalogue[name] else {
            throw Refusal(.inputUnknownOperation, "There is no such operation.")
        }
        return operation
    }

    /// - Parameters:
    ///   - id: made anew, with the kind's name before it, when not given.
    func entry(_ record: LogRecord, id: String? = nil, _ prefix: String = "", links: [String: String] = [:]) -> LogEntry {
        LogEntry(record, id: id ?? environment.id(prefix.isEmpty ? record.kind.rawValue : prefix), time: now, links: links)
    }

    /// The digest of all that is said of the operation, and of where the system is.
    func definition(of operation: Operation, on system: String) throws(Refusal) -> Digest {
        guard let digest = definitions[system]?[operation.name] else {
            throw Refusal(.inputUnknownOperation, "There is no such operation.")
        }
        return digest
    }

    /// The change as it is stored now.
    func stored(_ change: Change) async throws -> Change { try await store.change(change.id) ?? change }

    func requireChange(_ id: String) async throws -> Change {
        guard let change = try await store.change(id) else { throw Refusal(.changeNotFound, "There is no such change.") }
        return change
    }

    /// Logs, for the operator, what a caller was not told.
    func note(_ message: String, _ details: [String: String]) {
        log.notice("\(message)", metadata: details.mapValues { .string(Printable.text($0)) })
    }

    /// Something that a person must look into: logged at the highest level, and in the actions log if that can be written.
    func alarm(_ message: String, change: Change, _ details: JSONValue) async {
        log.critical("\(message)", metadata: ["change": .string(change.id)])
        await record([entry(.alarm(AlarmRecord(message, details: details)), links: ["change": change.id])])
    }

    /// Writes entries that nothing depends on; the operator's log has what could not be written.
    func record(_ entries: [LogEntry]) async {
        do { try await store.commit([], entries: entries) } catch {
            log.critical("an entry of the log could not be written", metadata: ["error": "\(error)"])
        }
    }
}
