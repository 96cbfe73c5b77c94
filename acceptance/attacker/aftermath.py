"""What is left: the directory to the row, the logs to the byte, and a gateway that still works."""


def control(scene):
    """What the agent may do still works, so the refusals above were not a gateway that refuses everything."""
    reply = scene.a.tool("user.set-title", {"user": "milo.dahl", "value": "Senior Driver"})
    scene.legitimate(("attribute", "title", "Driver"), ("attribute", "title", "Senior Driver"))
    change = scene.a.api("group.add-member", {"group": "staff", "member": "milo.dahl"}).answer.get("change")
    scene.world.cli("dana.moe", "changes", "approve", change)
    scene.legitimate(("member", scene.id("staff"), scene.id("milo.dahl")))
    return reply.done and scene.a.status(change).answer.get("code") == "executed"


def traces(scene):
    """Rows that no intent accounts for: every executed change has exactly one, and every lease has ended."""
    db = scene.database("exequatur")
    executed = {r[0] for r in db.execute("SELECT id FROM change WHERE state IN ('executed', 'rolledBack')")}
    intents = {r[0] for r in db.execute("SELECT change FROM intent")}
    open_ = db.execute("SELECT count(*) FROM lease WHERE ended IS NULL").fetchone()[0]
    running = db.execute("SELECT count(*) FROM change WHERE state IN ('executing', 'indeterminate')").fetchone()[0]
    db.close()
    return [text for bad, text in ((executed - intents, f"executed without intent: {executed - intents}"), (open_, f"{open_} leases open"),
                                   (running, f"{running} changes neither done nor failed")) if bad]


def check(scene, held, what):
    print(f"  {'ok' if held else 'WRONG'}: {what}", flush=True)
    if not held:
        scene.shapes.append(what)


def aftermath(scene):
    print("aftermath: what is left", flush=True)
    check(scene, scene.directory() == scene.expected, "the directory holds exactly what was permitted")
    check(scene, control(scene), "permitted work still goes through")
    check(scene, scene.directory() == scene.expected, "and changes nothing else")
    for problem in traces(scene):
        check(scene, False, problem)
    kept = scene.world.keep_checkpoints("dana.moe")
    code, report = scene.world.verify(kept)
    problems = [p for p in report.get("problems", ["no report"]) if not p.startswith(("change/", "the store has approval/"))]
    check(scene, not problems and report.get("replayed", 0) > 0, f"the audit finds what was altered, and that alone: {str(report)[:300]}")
    check(scene, code == 1, "and says that the store is not whole")
    log = (scene.world.folder / "server.log").read_text(errors="replace")
    check(scene, scene.world.process.poll() is None and "Fatal error" not in log, "the gateway never crashed")
