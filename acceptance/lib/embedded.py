"""The embedded directory as its file says, read and edited with sqlite3."""
import base64
import contextlib
import hashlib
import sqlite3

from cast import Cast, Effect

SYSTEM = {"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}

CAST = Cast(
    namespace="Embedded", system="corp", reader="cleo.aas", shown="mail", secret="recoveryCode",
    confidential="employeeNumber", prefix="S", alike=["dana.moe", "eli.strand", "svc-deploy"], profile="kai.nilsen",
    newcomer="milo.dahl", colleague="nora.lie", leaver="lena.vik", forgetful="eli.strand", trusted="june.okafor",
    group="vpn-users", member="helpdesk", outer="staff", inner="engineering", deep="ivo.petrov",
    sensitive="payroll-readers", protected="domain-admins", hidden=["farah.noor", "svc-backup", "gus.holm"])


class EmbeddedEffect(Effect):
    def __init__(self, path):
        self.path = path

    @contextlib.contextmanager
    def database(self):
        database = sqlite3.connect(self.path, timeout=10)
        database.execute("PRAGMA foreign_keys = ON")
        try:
            with database:
                yield database
        finally:
            database.close()

    def one(self, sql, *arguments):
        with self.database() as database:
            row = database.execute(sql, arguments).fetchone()
        return row[0] if row else None

    def is_member(self, group, member):
        return self.one(
            'SELECT 1 FROM member m JOIN entry g ON g.id = m."group" JOIN entry e ON e.id = m.member '
            "WHERE g.name = ? AND e.name = ?", group, member) == 1

    def attribute(self, user, name):
        return self.one("SELECT value FROM attribute a JOIN entry e ON e.id = a.entry WHERE e.name = ? AND a.name = ?", user, name)

    def is_enabled(self, user):
        return self.one("SELECT enabled FROM entry WHERE name = ?", user) == 1

    def exists(self, user):
        return self.one("SELECT 1 FROM entry WHERE name = ?", user) == 1

    def password_works(self, user, password):
        raw = base64.b64decode((self.attribute(user, "userPassword") or "").removeprefix("{SSHA256}"))
        return hashlib.sha256(password.encode() + raw[32:]).digest() == raw[:32]

    def write(self, entry, *statements):
        with self.database() as database:
            for sql, *arguments in statements:
                database.execute(sql, arguments)
            # Another hand's edit has no lease, and makes a new version.
            database.execute("UPDATE entry SET version = version + 1, lastLease = NULL WHERE name = ?", (entry,))

    def edit(self, user, name, value):
        entry = "(SELECT id FROM entry WHERE name = ?)"
        clear = (f"DELETE FROM attribute WHERE entry = {entry} AND name = ?", user, name)
        put = (f"INSERT INTO attribute VALUES ({entry}, ?, ?)", user, name, value)
        self.write(user, clear, *([put] if value is not None else []))

    def edit_member(self, group, member, present):
        pair = "SELECT g.id, e.id FROM entry g, entry e WHERE g.name = ? AND e.name = ?"
        sql = f"INSERT OR IGNORE INTO member {pair}" if present else f'DELETE FROM member WHERE ("group", member) IN ({pair})'
        self.write(group, (sql, group, member))
