import Authority
import GRDB

/// Lasting state in one SQLite file: the embedded default, for one node.
///
/// WAL with `synchronous=FULL`, so a commit is on disk before it is acknowledged. Somebody who can write the
/// file can change state and entries, but not unnoticed: the logs' roots are signed with a key that is not
/// in it, and receipts carry checkpoints out.
package struct SQLiteStore: Store {
    private let database: any DatabaseReader
    /// Nil for a store opened for reading.
    private let writer: (any DatabaseWriter)?
    /// Nil for a store opened for reading.
    let reserve: DiskReserve?
    /// Nil for a store opened for reading.
    private let checkpointer: Checkpointer?
    /// Whether its logs are those of an earlier version, which reads it and does not write it.
    let isOld: Bool
    /// The most bytes of a record's JSON, written or read.
    static let longestRecord = 16 << 20

    /// Opens the file, making it when absent.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA foreign_keys = ON")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(Checkpointer.backstop)")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            // The library makes it NORMAL when it opens the write-ahead log: what is acknowledged would then not be on disk.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Schema.migrator.migrate(pool)
            (database, writer) = (pool, pool)
            checkpointer = try Checkpointer(path: path, configuration)
            reserve = DiskReserve(path: path + ".reserve")
            isOld = false
        } catch { throw StoreError(error) }
    }

    /// Opens an existing file for reading, as an auditor does: all that is read is of one moment, whatever is written meanwhile.
    package init(reading path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        (reserve, writer, checkpointer) = (nil, nil, nil)
        do {
            // Where nothing may be written at all there is nobody to write meanwhile, either.
            if let pool = try? DatabasePool(path: path, configuration: configuration) {
                database = try pool.makeSnapshot()
            } else {
                database = try DatabaseQueue(path: path, configuration: configuration)
            }
            isOld = try database.read { try $0.tableExists("log_node") }
        } catch { throw StoreError(error) }
    }

    /// - Parameter entries: how many are written.
    func write<T: Sendable>(entries: Int = 0, _ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        guard let writer else { throw StoreError(.unavailable, "the store was opened for reading") }
        try checkpointer?.requireWhole()
        defer { checkpointer?.note(entries: entries) }
        do { return try await writer.write(body) } catch { throw Self.translate(error) }
    }

    package func close() async throws {
        do { try await checkpointer?.end() } catch { throw Self.translate(error) }
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do { return try await database.read(body) } catch { throw Self.translate(error) }
    }

    static func translate(_ error: any Error) -> any Error {
        error is StoreError || error is GrantRefusal || error is BatchConflict ? error : StoreError(error)
    }
}

extension StoreError {
    /// A uniqueness that did not hold is a conflict, and any other constraint a fault of the store's contents. Of a disk that fails
    /// nobody knows what is on it.
    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self.init(.unavailable, "\(error)")
            return
        }
        switch (error.resultCode, error.extendedResultCode) {
        case (_, .SQLITE_CONSTRAINT_UNIQUE), (_, .SQLITE_CONSTRAINT_PRIMARYKEY):
            self.init(.conflict, error.message ?? "a condition did not hold")
        case (.SQLITE_CONSTRAINT, _): self.init(.corrupt, "\(error)")
        case (.SQLITE_FULL, _): self.init(.full, "\(error)")
        case (.SQLITE_BUSY, _), (.SQLITE_LOCKED, _), (.SQLITE_READONLY, _), (.SQLITE_CANTOPEN, _), (.SQLITE_ERROR, _):
            self.init(.unavailable, "\(error)")
        default: self.init(.doubtful, "\(error)")
        }
    }
}
