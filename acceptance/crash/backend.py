"""What the matrix must know of the system behind the gateway. One subclass per kind of system."""
import contextlib
import sqlite3


class Backend:
    """Looks at the system directly, past the gateway, so that the gateway can't vouch for itself."""
    # The operations' namespace in Cedar.
    namespace = ""
    # The kinds of step that are tried, of `matrix.KINDS`; None for all.
    kinds = None
    group = "vpn-users"

    def tells_whose(self, step):
        """Whether the system can tell, after a crash, that the last write was made under one lease. Where it can't,
        `indeterminate` is an honest end."""
        return True

    def systems(self):
        """The configuration's `systems`, with one named `corp`."""
        raise NotImplementedError

    def open(self, world):
        """Called once the gateway has been up in this world."""

    def close(self):
        pass

    def add_users(self, names):
        """Makes users that were not made by the gateway."""
        raise NotImplementedError

    def put_member(self, group, user):
        raise NotImplementedError

    def remember(self, step):
        """All of the target that any write to it would change; `step.mark` keeps it from before the step."""
        raise NotImplementedError

    def has_effect(self, step):
        """Whether the system is now as the step would leave it."""
        raise NotImplementedError

    def count_effect(self, step):
        """How often the target was written since `remember`; for a create, how many entries there are."""
        raise NotImplementedError

    def leftover_accounts(self):
        """Credentials the gateway made for single steps and that still exist."""
        raise NotImplementedError

    def edit(self, step, how):
        """Somebody else's edit: `other-value`, `same`, `undo` (of the step's effect), `elsewhere` (another value)."""
        raise NotImplementedError


class Embedded(Backend):
    namespace = "Embedded"

    def systems(self):
        return [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}]

    def open(self, world):
        self.path = world.state / "corp.sqlite"

    @contextlib.contextmanager
    def database(self):
        connection = sqlite3.connect(self.path, timeout=10)
        connection.execute("PRAGMA foreign_keys = ON")
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def one(self, sql, *arguments):
        with self.database() as db:
            row = db.execute(sql, arguments).fetchone()
        return row[0] if row else None

    def add_users(self, names):
        with self.database() as db:
            for name in names:
                db.execute("INSERT OR IGNORE INTO entry (id, kind, name) VALUES (?, 'user', ?)", ("u-" + name, name))
                db.execute("INSERT OR IGNORE INTO attribute VALUES (?, 'telephoneNumber', '+47 500')", ("u-" + name,))
                db.execute("INSERT OR IGNORE INTO attribute VALUES (?, 'title', 'Spare')", ("u-" + name,))

    def put_member(self, group, user):
        with self.database() as db:
            self.member(db, group, user, True)

    def member(self, db, group, user, adding):
        ids = [db.execute("SELECT id FROM entry WHERE name = ?", (name,)).fetchone()[0] for name in (group, user)]
        sql = 'INSERT OR IGNORE INTO member VALUES (?, ?)' if adding else 'DELETE FROM member WHERE "group" = ? AND member = ?'
        db.execute(sql, ids)
        db.execute("UPDATE entry SET version = version + 1, lastLease = NULL WHERE id = ?", ids[:1])

    def version(self, name):
        return self.one("SELECT version FROM entry WHERE name = ?", name)

    def password(self, name):
        return self.one("SELECT value FROM attribute a JOIN entry e ON e.id = a.entry WHERE e.name = ? AND a.name = 'userPassword'", name)

    def attribute_of(self, step):
        return "title" if step.how == "undo-agent" else "telephoneNumber"

    def remember(self, step):
        return {"id": self.one("SELECT id FROM entry WHERE name = ?", step.target), "version": self.version(step.target),
                "password": self.password(step.target)}

    def has_effect(self, step):
        name = step.target
        if step.effect == "value":
            return step.value == self.one(
                "SELECT value FROM attribute a JOIN entry e ON e.id = a.entry WHERE e.name = ? AND a.name = ?", name, self.attribute_of(step))
        if step.effect in ("member", "no-member"):
            found = self.one('SELECT count(*) FROM member m JOIN entry g ON g.id = m."group" JOIN entry u ON u.id = m.member '
                             "WHERE g.name = ? AND u.name = ?", name, step.value)
            return bool(found) == (step.effect == "member")
        if step.effect in ("entry", "no-entry"):
            return (self.version(name) is not None) == (step.effect == "entry")
        if step.effect == "password":
            return self.password(name) != step.mark["password"]
        return self.one("SELECT enabled FROM entry WHERE name = ?", name) == 0

    def count_effect(self, step):
        if step.effect == "entry":
            # A create leaves version 2; a second entry would have the same display name.
            entries = self.one("SELECT count(*) FROM attribute WHERE name = 'displayName' AND value = ?", step.input["displayName"])
            return max((self.version(step.target) or 1) - 1, entries)
        if step.effect == "no-entry":
            return self.one("SELECT count(*) FROM removal WHERE entry = ?", step.mark["id"])
        return self.version(step.target) - step.mark["version"]

    def leftover_accounts(self):
        with self.database() as db:
            return [row[0] for row in db.execute("SELECT id FROM lease")]

    def edit(self, step, how):
        with self.database() as db:
            if step.effect in ("member", "no-member"):
                return self.member(db, step.target, step.value, (how == "same") == (step.effect == "member"))
            if step.effect in ("entry", "no-entry"):
                return self.edit_entry(db, step, (how == "same") == (step.effect == "entry"))
            name = "userPassword" if step.effect == "password" else "telephoneNumber"
            name = "department" if how == "elsewhere" else name
            value = step.value if how == "same" else "set by somebody else"
            entry = step.mark["id"]
            db.execute("INSERT OR REPLACE INTO attribute VALUES (?, ?, ?)", (entry, name, value))
            db.execute("UPDATE entry SET version = version + 1, lastLease = NULL WHERE id = ?", (entry,))

    def edit_entry(self, db, step, adding):
        if not adding:
            return db.execute("DELETE FROM entry WHERE name = ?", (step.target,))
        db.execute("INSERT INTO entry (id, kind, name) VALUES (?, 'user', ?)", ("u-other-" + step.target, step.target))
        for name, value in [("displayName", "New " + step.target), ("surname", "New")]:
            db.execute("INSERT INTO attribute VALUES (?, ?, ?)", ("u-other-" + step.target, name, value))
