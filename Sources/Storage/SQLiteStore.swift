public import Authority
import GRDB

/// Lasting state in one SQLite file: the embedded default, for one node.
///
/// WAL with `synchronous=FULL`, so a commit is on disk before it is acknowledged. Somebody who can write the
/// file can change state and entries, but not unnoticed: the logs' roots are signed with a key that is not
/// in it, and receipts carry checkpoints out.
public struct SQLiteStore: Store {
    private let database: any DatabaseReader
    /// Nil for a store opened for reading.
    private let writer: (any DatabaseWriter)?
    /// Nil for a store opened for reading.
    let reserve: DiskReserve?
    /// The most bytes of a record's JSON, written or read.
    static let longestRecord = 16 << 20

    /// Opens the file, making it when absent.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA foreign_keys = ON")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            try Schema.migrator.migrate(pool)
            (database, writer) = (pool, pool)
            reserve = DiskReserve(path: path + ".reserve")
        } catch { throw StoreError(error) }
    }

    /// Opens an existing file for reading, as an auditor does: all that is read is of one moment, whatever is written meanwhile.
    public init(reading path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        reserve = nil
        writer = nil
        do {
            // Where nothing may be written at all there is nobody to write meanwhile, either.
            if let pool = try? DatabasePool(path: path, configuration: configuration) {
                database = try pool.makeSnapshot()
            } else {
                database = try DatabaseQueue(path: path, configuration: configuration)
            }
        } catch { throw StoreError(error) }
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        guard let writer else { throw StoreError(.unavailable, "the store was opened for reading") }
        do { return try await writer.write(body) } catch { throw Self.translate(error) }
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do { return try await database.read(body) } catch { throw Self.translate(error) }
    }

    private static func translate(_ error: any Error) -> any Error {
        error is StoreError || error is GrantRefusal ? error : StoreError(error)
    }
}

extension StoreError {
    /// A uniqueness that did not hold is a conflict. Any other constraint is a fault of the store's contents, and anything
    /// else of the database is its absence.
    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self.init(.unavailable, "\(error)")
            return
        }
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY:
            self.init(.conflict, error.message ?? "a condition did not hold")
        case _ where error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_IOERR: self.init(.full, "\(error)")
        default:
            self.init(error.resultCode == .SQLITE_CONSTRAINT ? .corrupt : .unavailable, "\(error)")
        }
    }
}
