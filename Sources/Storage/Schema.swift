import GRDB

/// The tables, as migrations. A released one is never edited.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first") { db in try db.execute(sql: first) }
        migrator.registerMigration("2 both verdicts, order of expiry") { db in try db.execute(sql: second) }
        migrator.registerMigration("3 signed heads") { db in
            try db.execute(sql: "CREATE TABLE head (log TEXT PRIMARY KEY NOT NULL, note TEXT NOT NULL) STRICT")
        }
        migrator.registerMigration("4 one waiting for the same") { db in
            try db.execute(
                sql: """
                    ALTER TABLE change ADD COLUMN same TEXT NOT NULL DEFAULT '';
                    CREATE UNIQUE INDEX change_same ON change (same) WHERE state IN ('proposed', 'approved') AND same <> '';
                    """)
        }
        migrator.registerMigration("5 logs of version 3", migrate: beginLogs)
        migrator.registerMigration("6 snapshots") { db in try db.execute(sql: snapshots) }
        return migrator
    }

    /// Logs that have entries are closed and stay as they are, under another name; those after them begin anew.
    private static func beginLogs(_ db: Database) throws {
        let isEmpty = try Bool.fetchOne(db, sql: "SELECT NOT EXISTS (SELECT 1 FROM log_entry)") == true
        for table in ["log_entry", "log_link", "log_node", "head"] {
            try db.execute(sql: isEmpty ? "DROP TABLE \(table)" : "ALTER TABLE \(table) RENAME TO closed_\(table)")
        }
        if !isEmpty {
            try db.execute(sql: "DROP INDEX log_link_by_target; CREATE INDEX closed_by_target ON closed_log_link (target)")
        }
        try db.execute(sql: logs)
    }

    private static let logs = """
        CREATE TABLE log_entry (
            log TEXT NOT NULL, position INTEGER NOT NULL, id TEXT UNIQUE NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (log, position)) STRICT;
        CREATE TABLE log_link (
            target TEXT NOT NULL, log TEXT NOT NULL, position INTEGER NOT NULL,
            PRIMARY KEY (target, log, position)) STRICT, WITHOUT ROWID;
        CREATE TABLE log_tile (
            log TEXT NOT NULL, level INTEGER NOT NULL, position INTEGER NOT NULL, hashes BLOB NOT NULL,
            PRIMARY KEY (log, level, position)) STRICT;
        CREATE TABLE log_blob (digest TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE head (log TEXT PRIMARY KEY NOT NULL, note TEXT NOT NULL) STRICT;
        """

    private static let snapshots = """
        CREATE TABLE snapshot (
            id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1), note TEXT NOT NULL, document BLOB NOT NULL) STRICT;
        CREATE TABLE record_hashes (part INTEGER PRIMARY KEY NOT NULL, hashes BLOB NOT NULL) STRICT;
        CREATE TABLE record_bucket (number INTEGER PRIMARY KEY NOT NULL, members BLOB NOT NULL) STRICT;
        """

    private static let second = """
        CREATE TABLE approval_2 (
            nonce TEXT PRIMARY KEY NOT NULL, change TEXT NOT NULL REFERENCES change (id), person TEXT NOT NULL,
            verdict TEXT NOT NULL, json BLOB NOT NULL, UNIQUE (change, person, verdict)) STRICT;
        INSERT INTO approval_2
            SELECT nonce, change, person,
                json_extract(json_extract(CAST(json AS TEXT), '$.statement'), '$.verdict'), json FROM approval ORDER BY rowid;
        DROP TABLE approval;
        ALTER TABLE approval_2 RENAME TO approval;
        ALTER TABLE change ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
        UPDATE change SET expires = CAST(json AS TEXT) ->> '$.expires';
        CREATE INDEX change_by_expiry ON change (state, expires);
        """

    private static let first = """
        CREATE TABLE change (
            id TEXT PRIMARY KEY NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, json BLOB NOT NULL) STRICT;
        CREATE INDEX change_by_state ON change (state, created);
        CREATE TABLE intent (
            change TEXT PRIMARY KEY NOT NULL REFERENCES change (id), digest TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
        CREATE TABLE task (
            id TEXT PRIMARY KEY NOT NULL, token TEXT UNIQUE NOT NULL, json BLOB NOT NULL) STRICT;
        CREATE TABLE approval (
            nonce TEXT PRIMARY KEY NOT NULL, change TEXT NOT NULL REFERENCES change (id), person TEXT NOT NULL,
            json BLOB NOT NULL, UNIQUE (change, person)) STRICT;
        CREATE TABLE lease (
            id TEXT PRIMARY KEY NOT NULL, change TEXT NOT NULL, system TEXT NOT NULL, account TEXT NOT NULL,
            expires INTEGER NOT NULL, ended INTEGER) STRICT;
        CREATE INDEX lease_open ON lease (ended) WHERE ended IS NULL;
        CREATE TABLE lock (
            key TEXT PRIMARY KEY NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL, by TEXT NOT NULL,
            at INTEGER NOT NULL) STRICT;
        CREATE TABLE epoch (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT;
        INSERT INTO epoch VALUES ('locks', 0);
        CREATE TABLE idempotency (
            principal TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, change TEXT NOT NULL,
            PRIMARY KEY (principal, key)) STRICT;
        CREATE TABLE log_entry (
            log TEXT NOT NULL, position INTEGER NOT NULL, id TEXT UNIQUE NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (log, position)) STRICT;
        CREATE TABLE log_link (target TEXT NOT NULL, log TEXT NOT NULL, position INTEGER NOT NULL) STRICT;
        CREATE INDEX log_link_by_target ON log_link (target);
        CREATE TABLE log_node (
            log TEXT NOT NULL, level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL,
            PRIMARY KEY (log, level, position)) STRICT, WITHOUT ROWID;
        """
}
