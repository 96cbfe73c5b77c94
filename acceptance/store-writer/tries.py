"""Every way to alter a store, made from its schema: each field of each table altered, each row removed, doubled or set back."""
import json

# What makes no record: the migrations' names, SQLite's own, and the schema's name of the tables.
OWN = ("sqlite_", "grdb_")


def tables(db):
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [name for name in names if not name.startswith(OWN)]


def columns(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def leaves(value, path=()):
    """Every scalar of a JSON value, with the way to it."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from leaves(element, (*path, index))
    else:
        yield path, value


def altered(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return {"proposed": "approved", "withdrawn": "proposed", "executed": "proposed"}.get(value, f"{value}x") if value else "x"


def with_leaf(value, path, new):
    copy = json.loads(json.dumps(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = new
    return copy


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def cell_tries(value):
    """(what, new value) for one cell."""
    if isinstance(value, bytes):
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = None
        if not isinstance(parsed, (dict, list)):
            yield "bytes altered", bytes([value[0] ^ 1]) + value[1:]
            return
        for path, leaf in leaves(parsed):
            yield "/".join(map(str, path)), canonical(with_leaf(parsed, path, altered(leaf)))
        for key in sorted(parsed) if isinstance(parsed, dict) else []:
            yield f"without {key}", canonical({k: v for k, v in parsed.items() if k != key})
    elif value is None:
        yield "no longer null", 1
    else:
        yield "altered", altered(value)
        if isinstance(value, int):
            yield "much later", value + 10_000_000_000


def field_tries(db, table, rows_each):
    names = columns(db, table)
    for rowid, *values in rows(db, table, rows_each):
        for name, value in zip(names, values):
            for what, new in cell_tries(value):
                yield (f"{table}.{name} of row {rowid}: {what}",
                       [(f'UPDATE "{table}" SET "{name}" = ? WHERE {row_is(db, table)} = ?', (new, rowid))])


def row_tries(db, table, rows_each):
    names = columns(db, table)
    for rowid, *values in rows(db, table, rows_each):
        yield f"{table}: row {rowid} removed", [(f'DELETE FROM "{table}" WHERE {row_is(db, table)} = ?', (rowid,))]
        new = [altered(v) if isinstance(v, (str, int)) and not isinstance(v, bool) else v for v in values]
        marks = ", ".join("?" * len(names))
        yield f"{table}: row {rowid} doubled under other names", [(f'INSERT INTO "{table}" VALUES ({marks})', new)]
    # Where nobody looks who begins at the first number.
    row = db.execute(f'SELECT * FROM "{table}"').fetchone()
    if row and row_is(db, table) == "rowid" and "INTEGER PRIMARY KEY" not in db.execute(
            "SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]:
        new = [altered(v) if isinstance(v, (str, int)) and not isinstance(v, bool) else v for v in row]
        listed = ", ".join(f'"{name}"' for name in names)
        yield (f"{table}: a row before the first",
               [(f'INSERT INTO "{table}" (rowid, {listed}) VALUES (-5, {", ".join("?" * len(names))})', new)])
    if db.execute(f'SELECT 1 FROM "{table}"').fetchone():
        yield f"{table}: emptied", [(f'DELETE FROM "{table}"', ())]


def row_is(db, table):
    """What tells a row of the table from the others."""
    sql = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    return "target || '/' || log || '/' || position" if "WITHOUT ROWID" in sql else "rowid"


def rows(db, table, limit):
    """The first and last rows, so that the tail is among them."""
    found = db.execute(f'SELECT {row_is(db, table)}, * FROM "{table}"').fetchall()
    return found if len(found) <= limit else found[: limit // 2] + found[-(limit - limit // 2):]


def revivals(old, db):
    """Rows set back to what they were at an earlier time."""
    for table in tables(db):
        if table in ("log_entry", "log_link", "log_tile", "log_blob"):
            continue
        names, then = columns(db, table), {row[0]: row[1:] for row in rows(old, table, 10_000)}
        for rowid, *values in rows(db, table, 10_000):
            before = then.get(rowid)
            if before and tuple(values) != tuple(before):
                sets = ", ".join(f'"{name}" = ?' for name in names)
                yield f"{table}: row {rowid} as it was before", [(f'UPDATE "{table}" SET {sets} WHERE rowid = ?', (*before, rowid))]
    yield "the locks as they were before", [("DELETE FROM lock", ()), ("UPDATE epoch SET value = 0", ())]


def all_tries(db, old, rows_each):
    for table in tables(db):
        yield from field_tries(db, table, rows_each)
        yield from row_tries(db, table, rows_each)
    yield from revivals(old, db)


def perform(path, statements):
    """Whether the store took it: a constraint of the store may refuse."""
    import sqlite3
    db = sqlite3.connect(path, timeout=10)
    try:
        db.execute("PRAGMA foreign_keys = OFF")
        for sql, values in statements:
            db.execute(sql, values)
        db.commit()
        return True
    except sqlite3.Error:
        db.rollback()
        return False
    finally:
        db.close()
