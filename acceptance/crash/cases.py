"""Kills with something more: an edit by somebody else, a kill during the restart, a kill in the very first change."""
import contextlib
import sqlite3
import time

import matrix
import steps
from rig import new_key
from world import wait_until

# kind, place of death, somebody else's edit while the gateway is down, states the change may then have.
# `failed` says that it did not take effect, so it is wrong where it did and can still be seen.
EDITS = [
    ("set attribute", "leased", "other-value", ["failed", "indeterminate"]),
    ("set attribute", "leased", "elsewhere", ["failed", "indeterminate"]),
    ("set attribute", "leased", "same", ["indeterminate"]),
    ("set attribute", "applied", "other-value", ["failed", "indeterminate"]),
    ("set attribute", "applied", "elsewhere", ["executed", "indeterminate"]),
    ("add member", "leased", "same", ["indeterminate"]),
    ("add member", "applied", "undo", ["failed", "indeterminate"]),
    ("remove member", "applied", "undo", ["failed", "indeterminate"]),
    ("create user", "leased", "same", ["indeterminate"]),
    ("create user", "applied", "undo", ["failed", "indeterminate"]),
    ("remove user", "leased", "same", ["indeterminate"]),
    ("remove user", "applied", "undo", ["executed", "indeterminate"]),
    ("reset password", "leased", "elsewhere", ["failed", "indeterminate"]),
    ("reset password", "leased", "other-value", ["failed", "indeterminate"]),
    ("reset password", "applied", "elsewhere", ["executed", "indeterminate"]),
    ("rollback by a person", "applied", "undo", ["failed", "indeterminate"]),
]


def edited_elsewhere(rig, tally):
    for n, edit in enumerate(EDITS):
        if edit[0] in (rig.backend.kinds or matrix.KINDS):
            edited(rig, 100 + n, *edit, tally)


def edited(rig, n, kind, failpoint, how, allowed, tally):
    at = tally.at(f"{kind} @ {failpoint}, then somebody else's edit ({how})")
    step = matrix.prepare(rig, kind, n)
    key, before = matrix.crash(rig, step, failpoint, at)
    rig.backend.edit(step, how)
    left = look(rig, step)
    rig.start()
    new = sorted(set(rig.changes()) - before)
    state = rig.state(new[0]) if len(new) == 1 else None
    at.check(state in allowed, f"{state}, not {' or '.join(allowed)}")
    at.once(look(rig, step) == left, "the restart touched the target")
    matrix.judge_leases(rig, at)
    matrix.judge_audit(rig, at, "after the restart")
    if step.original:
        at.check(rig.state(step.original) == "executed", f"what was rolled back and made again is {rig.state(step.original)}")
    else:
        rig.ask(step, key)
        at.once(look(rig, step) == left, "the retry touched the target")
    at.done(state or "no change")


def look(rig, step):
    """All that could show another write."""
    return rig.backend.has_effect(step), rig.backend.remember(step)


def killed_while_starting(rig, tally, random):
    """Reconciling may be cut short too, anywhere; the next start must end in the same place."""
    for n in range(6):
        failpoint = random.choice(["leased", "applied", "observed"])
        at = tally.at(f"create user @ {failpoint}, killed again while starting")
        step = matrix.prepare(rig, "create user", 200 + n)
        _, before = matrix.crash(rig, step, failpoint, at)
        for _ in range(4):
            kill_while_starting(rig, random.uniform(0.02, 0.35))
        rig.start()
        new = sorted(set(rig.changes()) - before)
        state = matrix.judge_state(rig, step, failpoint, new, at)
        outcomes = rig.rows("SELECT count(*) FROM log_entry WHERE id = ?", "outcome-" + new[0])[0][0] if new else 0
        at.check(outcomes == 1, f"{outcomes} outcomes in the log")
        matrix.judge_leases(rig, at)
        matrix.judge_audit(rig, at, "after the restart")
        at.done(state or "no change")


def kill_while_starting(rig, seconds):
    rig.world.socket.unlink(missing_ok=True)
    rig.world.is_up = lambda: True
    try:
        rig.world.start()
    finally:
        del rig.world.is_up
    time.sleep(seconds)
    rig.world.stop(kill=True)


def first_change(rig, tally):
    """The auditor's checkpoints are from before anything was done: the actions log was empty."""
    at = tally.at("the first change of all @ applied, checkpoints of empty logs kept")
    rig.backend.add_users(["first"])
    step = steps.set_attribute("first", 1)
    _, before = matrix.crash(rig, step, "applied", at)
    rig.start()
    state = matrix.judge_state(rig, step, "applied", sorted(set(rig.changes()) - before), at)
    matrix.judge_leases(rig, at)
    matrix.judge_audit(rig, at, "after the restart")
    at.done(state or "no change")


@contextlib.contextmanager
def outcomes_refused(rig):
    """The gateway's own state can't take outcomes for a while, as with a full disk."""
    def run(sql):
        connection = sqlite3.connect(rig.world.state / "exequatur.sqlite", timeout=10)
        with connection:
            connection.execute(sql)
        connection.close()
    run("CREATE TRIGGER full BEFORE INSERT ON log_entry WHEN new.id LIKE 'outcome-%' BEGIN SELECT RAISE(ABORT, 'full'); END")
    try:
        yield
    finally:
        run("DROP TRIGGER full")


def outcome_not_stored(rig, tally):
    """Nobody is killed: the step is applied, and then its outcome can't be made durable."""
    at = tally.at("set attribute, the outcome can't be stored", kills=0)
    step = matrix.prepare(rig, "set attribute", 300)
    step.mark, before, key = rig.backend.remember(step), set(rig.changes()), new_key()
    rig.keep()
    with outcomes_refused(rig):
        _, answer = rig.ask(step, key)
    at.check(rig.backend.has_effect(step), "the step was not applied: the test is wrong")
    at.check("nothing was carried out" not in str(answer), f"the agent is told: {answer}")
    change = (set(rig.changes()) - before).pop()
    # A grant lives for a minute; after that nothing of it can still be under way.
    at.check(wait_until(lambda: rig.state(change) == "executed", 75), f"without a restart it stays {rig.state(change)}")
    rig.restart()
    at.check(rig.state(change) == "executed", f"after a restart it is {rig.state(change)}")
    rig.ask(step, key)
    matrix.judge_once(rig, step, at, "after the retry")
    matrix.judge_leases(rig, at)
    matrix.judge_audit(rig, at, "after the restart")
    at.done(rig.state(change))
