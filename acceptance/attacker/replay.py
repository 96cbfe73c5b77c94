"""Replay: keys used again, races, and other agents' changes."""
import threading

from approvals import staged


def keyed(scene, call, key, fields, operation="user.create"):
    if call == "http":
        return scene.a.api(operation, fields, [("Idempotency-Key", key)])
    return scene.a.tool(operation, fields, meta={"org.exequatur/idempotency-key": key})


def reused(scene, first, second):
    """The key of one request carries another: the second must be refused, and never answered as if it were the first."""
    one = keyed(scene, first, f"k-{first}-{second}", {"user": f"rep-{first}-{second}", "displayName": "R", "surname": "R"})
    two = keyed(scene, second, f"k-{first}-{second}", {"user": "rep-other", "displayName": "R", "surname": "R"})
    three = keyed(scene, second, f"k-{first}-{second}", {"user": "milo.dahl"}, "user.reset-password")
    assert one.done, "the first request must be staged"
    return two.done or three.done


def other_agents_key(scene):
    """Another agent's key must not show another agent's change."""
    fields = {"user": "rep-shared", "displayName": "R", "surname": "R"}
    mine = scene.b.api("user.create", fields, [("Idempotency-Key", "shared")]).answer["change"]
    return scene.a.api("user.create", fields, [("Idempotency-Key", "shared")]).answer.get("change") == mine


def raced(scene):
    """Twelve requests at once under one key: one change, and twelve clear answers."""
    replies, fields = [], {"user": "rep-race", "displayName": "R", "surname": "R"}
    threads = [threading.Thread(target=lambda: replies.append(scene.a.api("user.create", fields, [("Idempotency-Key", "race")]))) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return len({r.answer.get("change") for r in replies} - {None}) != 1


def raced_approvals(scene):
    """One change approved by two people at the same moment: carried out once, and two clear answers."""
    change = staged(scene)
    statements = [(p, scene.desk.statement(change, p)) for p in ("dana.moe", "farah.noor")]
    threads = [threading.Thread(target=scene.desk.hand_in, args=(change, s, p)) for p, s in statements]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    new = scene.directory() - scene.expected
    once = sum(row[0].startswith("entry") for row in new) == 1 and len(new) == 3
    if once:
        scene.accept()
    return not once


def foreign(scene, call):
    """agent-b's change id in agent-a's hands must answer as an id that does not exist."""
    own = staged(scene, scene.b)
    absent = "chg-" + "0" * 32
    return call(own).body.replace(own.encode(), b"") != call(absent).body.replace(absent.encode(), b"") or call(own).done


def ids():
    yield from ("", "x", "chg-", "' OR 1=1 --", "%", "*", "\u0000", "chg-" + "f" * 32, "../x", "x" * 5000)


def tries(scene):
    a = scene.a
    for first in ("http", "mcp"):
        for second in ("http", "mcp"):
            yield f"a key used again with another input, {first} then {second}", lambda f=first, s=second: reused(scene, f, s)
    for key in ("", " ", "x" * 129, "k\u00e9y", "a b"):
        yield f"key {key[:10]!r}", lambda k=key: keyed(scene, "http", k, {"user": "rep-bad", "displayName": "R", "surname": "R"}).done
        yield f"key {key[:10]!r}, MCP", lambda k=key: keyed(scene, "mcp", k, {"user": "rep-bad", "displayName": "R", "surname": "R"}).done
    yield "another agent's key", lambda: other_agents_key(scene)
    yield "twelve requests under one key at once", lambda: raced(scene)
    yield "two approvals at once", lambda: raced_approvals(scene)
    for name, call in (("status", a.status), ("rollback", a.rollback),
                       ("status by MCP", lambda c: a.tool("exequatur__change_status", {"change": c})),
                       ("rollback by MCP", lambda c: a.tool("exequatur__change_rollback", {"change": c}))):
        yield f"{name} of another agent's change", lambda c=call: foreign(scene, c)
    for id in ids():
        yield f"status of {id[:20]!r}", lambda i=id: a.tool("exequatur__change_status", {"change": i}).done
    yield "status with a list", lambda: a.tool("exequatur__change_status", {"change": ["x"]}).done
    yield "ending a task with another's id", lambda: a.tool("exequatur__task_end", {"task": "x"}).done
