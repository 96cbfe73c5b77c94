public import Authority
import DirectoryKit
import FoundationEssentials
import GRDB

/// A small directory of users and groups in one SQLite file: for trying things out, for tests, and for
/// teams that have none yet.
public struct EmbeddedDirectory: Connector {
    public let system: String
    public var catalogue: Catalogue { Self.directoryCatalogue }
    public let isReadWhole = true
    public let endpoint = "embedded"
    let queue: DatabaseQueue
    let records = RecordCache()
    let now: @Sendable () -> Instant

    public static let directoryCatalogue = Catalogue.directory(
        namespace: "Embedded",
        attributes: [
            AttributeDefinition("name", .public), AttributeDefinition("displayName", .public, isWritable: true),
            AttributeDefinition("title", .public, isWritable: true), AttributeDefinition("surname", .public),
            AttributeDefinition("mail", .internal, isWritable: true, confers: DirectoryVocabulary.Power.recovery.rawValue),
            AttributeDefinition("telephoneNumber", .internal, isWritable: true),
            AttributeDefinition("department", .internal, isWritable: true), AttributeDefinition("enabled", .internal),
            AttributeDefinition("employeeNumber", .confidential), AttributeDefinition("homeAddress", .confidential),
            AttributeDefinition("recoveryCode", .secret), AttributeDefinition("userPassword", .secret),
        ])

    /// Opens the directory's file, making it when absent.
    ///
    /// - Parameter now: the directory's clock; a lease is good until it shows the lease's end.
    public init(system: String, path: String, now: @escaping @Sendable () -> Instant) throws(ConnectorError) {
        self.system = system
        self.now = now
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            // One wait for the disk a step, instead of three.
            configuration.journalMode = .wal
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA foreign_keys = ON") }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            // The library makes it NORMAL when it opens the write-ahead log.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try queue.write { try $0.execute(sql: Self.schema) }
        } catch { throw ConnectorError(error) }
    }

    private static let schema = """
        CREATE TABLE IF NOT EXISTS entry (
            id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, name TEXT UNIQUE NOT NULL, enabled INTEGER NOT NULL DEFAULT 1,
            version INTEGER NOT NULL DEFAULT 1, lastLease TEXT, createdByLease TEXT) STRICT;
        CREATE TABLE IF NOT EXISTS attribute (
            entry TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (entry, name)) STRICT;
        CREATE TABLE IF NOT EXISTS member (
            "group" TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
            member TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE, PRIMARY KEY ("group", member)) STRICT;
        CREATE TABLE IF NOT EXISTS owner (
            "group" TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
            owner TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE, PRIMARY KEY ("group", owner)) STRICT;
        CREATE INDEX IF NOT EXISTS member_by_member ON member (member);
        CREATE INDEX IF NOT EXISTS owner_by_owner ON owner (owner);
        CREATE TABLE IF NOT EXISTS label (
            entry TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE, label TEXT NOT NULL,
            PRIMARY KEY (entry, label)) STRICT;
        CREATE TABLE IF NOT EXISTS lease (
            id TEXT PRIMARY KEY NOT NULL, change TEXT NOT NULL, operation TEXT NOT NULL, target TEXT NOT NULL,
            input TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS removal (lease TEXT PRIMARY KEY NOT NULL, entry TEXT NOT NULL) STRICT;
        """

    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(ConnectorError) -> T {
        do { return try await queue.read(body) } catch { throw ConnectorError(error) }
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(ConnectorError) -> T {
        do { return try await queue.write(body) } catch { throw ConnectorError(error) }
    }
}

extension ConnectorError {
    init(_ error: any Error) {
        self = error as? ConnectorError ?? ConnectorError(.unavailable, "the embedded directory failed: \(error)")
    }
}
