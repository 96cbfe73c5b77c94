import Authority
import GRDB
import Synchronization

/// Entries as they were read, for as long as nobody has written to the file: to read one anew takes a dozen queries, and to ask
/// whether anything was written takes one.
final class RecordCache: Sendable {
    struct Key: Hashable {
        let name: String
        let isGroup: Bool?
    }

    /// Which state of the file something was read in.
    private struct Version: Equatable {
        /// Another for each write by another connection (SQLite, `PRAGMA data_version`).
        let others: Int64
        /// And for each by this one.
        let own: Int
    }

    private static let most = 10_000

    private let state = Mutex<(version: Version?, records: [Key: EntryRecord])>((nil, [:]))

    /// The record under the key; made by `make` when it is not known, or of an earlier state. Called outside of a transaction.
    func record(_ key: Key, _ db: Database, _ make: (Database) throws -> EntryRecord) throws -> EntryRecord {
        let version = try version(db)
        let known = state.withLock { $0.version == version ? $0.records[key] : nil }
        if let known { return known }
        var made: EntryRecord?
        try db.inTransaction(.deferred) {
            made = try make(db)
            return .commit
        }
        guard let made else { throw ConnectorError(.unavailable, "the entry was not read") }
        // Written to meanwhile, it is of no version that is known.
        guard try self.version(db) == version else { return made }
        state.withLock { state in
            if state.version != version || state.records.count >= Self.most { state = (version, [:]) }
            state.records[key] = made
        }
        return made
    }

    private func version(_ db: Database) throws -> Version {
        let others = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version"))
        return Version(others: others ?? 0, own: db.totalChangesCount)
    }
}
