"""Values the agent may not read, got at by searching, sorting, counting, and by how long or how much."""
import string
import time

CONFIDENTIAL = {"employeeNumber": "FF-1013", "homeAddress": "13 Harbour Street"}


def find(agent, attribute, value, match="equals", **more):
    return agent.api("user.find", {"attribute": attribute, "match": match, "value": value, **more})


def by_predicate(scene, attribute, value):
    """Whether a right guess answers other than a wrong one."""
    wrong = "".join("0" if c in string.digits else c for c in value)
    return any(find(scene.a, attribute, value[:n] or value, match).body != find(scene.a, attribute, wrong[:n] or wrong, match).body
               for match, n in (("equals", len(value)), ("prefix", 1), ("prefix", len(value))))


def by_order(scene, attribute):
    """Sorted by what may not be seen, the order must be that of not sorting at all."""
    plain = find(scene.a, "department", "Operations").body
    return find(scene.a, "department", "Operations", sort=attribute).body != plain


def by_sorted_limit(scene, attribute):
    first = find(scene.a, "department", "Operations", limit=1)
    return find(scene.a, "department", "Operations", limit=1, sort=attribute).body != first.body


def reads(scene):
    for user in ("milo.dahl", "u-1013", "kai.nilsen"):
        replies = [scene.a.api("user.read", {"user": user}), scene.a.tool("user.read", {"user": user}), scene.a.tool("user.read", {"user": user}, False)]
        for reply in replies:
            if any(name in reply.body for name in (b"recoveryCode", b"userPassword", b"homeAddress", b"employeeNumber")):
                return True
    return False


def fill(scene, prefix, count, number):
    """Puts many users into the directory from outside, as a bigger company would have."""
    db = scene.database("corp")
    for i in range(count):
        db.execute("INSERT INTO entry (id, kind, name) VALUES (?, 'user', ?)", (f"{prefix}-{i}", f"{prefix}.{i:05}"))
        db.execute("INSERT INTO attribute VALUES (?, 'employeeNumber', ?)", (f"{prefix}-{i}", number))
    db.commit()
    db.close()
    scene.accept()


def empty(scene, prefix):
    db = scene.database("corp")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("DELETE FROM entry WHERE id LIKE ?", (prefix + "-%",))
    db.commit()
    db.close()
    scene.accept()


def by_too_many(scene):
    """So many hits that the search is refused: on what may not be seen, that refusal is an answer too."""
    fill(scene, "bulk", 2001, "FF-secret-1")
    try:
        return find(scene.a, "employeeNumber", "FF-secret-1").body != find(scene.a, "employeeNumber", "FF-secret-2").body
    finally:
        empty(scene, "bulk")


def by_weight(scene):
    """A search over a few hundred people must be answered within the deadline (5 s) and not stop the others."""
    fill(scene, "crowd", 300, "FF-secret-1")
    try:
        begun = time.monotonic()
        find(scene.a, "name", "crowd", "prefix")
        return time.monotonic() - begun > 6
    finally:
        empty(scene, "crowd")


def tries(scene):
    yield "read confidential and secret attributes", lambda: reads(scene)
    for attribute, value in CONFIDENTIAL.items():
        yield f"search by {attribute}", lambda a=attribute, v=value: by_predicate(scene, a, v)
        yield f"sort by {attribute}", lambda a=attribute: by_order(scene, a)
        yield f"sort by {attribute}, one at a time", lambda a=attribute: by_sorted_limit(scene, a)
    yield "count what can't be seen: too many", lambda: by_too_many(scene)
    yield "a search that takes the gateway's time", lambda: by_weight(scene)
