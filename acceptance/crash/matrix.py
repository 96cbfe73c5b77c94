"""Every place to die × every kind of step."""
import steps
from rig import new_key, settled

KINDS = ["set attribute", "add member", "remove member", "create user", "remove user", "reset password",
         "adopted disable", "rollback by a person", "rollback by the agent"]
# Policy lets these run without an approval.
AT_ONCE = ["set attribute", "rollback by a person", "rollback by the agent"]


def prepare(rig, kind, n):
    """The n-th step of a kind, with all it needs made beforehand."""
    user, group = f"{kind.replace(' ', '-')}-{n}", rig.backend.group
    if kind == "create user":
        return steps.create_user(user)
    if kind == "remove user":
        rig.do(steps.create_user(user))
        return steps.remove_user(user)
    rig.backend.add_users([user])
    if kind == "remove member":
        rig.backend.put_member(group, user)
        return steps.remove_member(user, group)
    if kind == "rollback by a person":
        return steps.undo_member(user, group, rig.do(steps.add_member(user, group))["change"])
    if kind == "rollback by the agent":
        title = steps.Step("user.set-title", {"user": user, "value": "Lead"}, "agent", "value", user)
        return steps.undo_attribute(user, rig.do(title)["change"], "Spare")
    plain = {"set attribute": lambda: steps.set_attribute(user, n), "add member": lambda: steps.add_member(user, group),
             "reset password": lambda: steps.reset_password(user), "adopted disable": lambda: steps.disable(user)}
    return plain[kind]()


def crash(rig, step, failpoint, at):
    """Carries the step as far as the failpoint. Returns the key it was asked with and the changes known before."""
    step.mark = rig.backend.remember(step)
    before, key = set(rig.changes()), new_key()
    rig.keep()
    rig.restart(failpoint)
    rig.do(step, key)
    at.check(rig.died(), "the gateway did not die at its failpoint")
    return key, before


def judge_leases(rig, at):
    at.clean(not rig.backend.leftover_accounts(), f"left behind in the system: {rig.backend.leftover_accounts()}")
    at.clean(not rig.open_leases(), f"open in the gateway's state: {rig.open_leases()}")


def judge_audit(rig, at, when):
    problems = rig.audit()
    at.check(not problems, f"audit verify {when}: {problems[:3]}")


def judge_once(rig, step, at, when):
    count = rig.backend.count_effect(step)
    at.once(count <= 1, f"{when}: the effect is there {count} times")
    return count


def judge_state(rig, step, failpoint, new, at):
    """The change says what the system shows. Returns its state, or None when there is no change."""
    effect, count = rig.backend.has_effect(step), judge_once(rig, step, at, "after the restart")
    at.check(effect == (count == 1), f"the effect is {effect}, but the target was written {count} times")
    at.check(effect == (failpoint in steps.APPLIED), f"the effect is {effect}")
    at.check(len(new) == (0 if failpoint in steps.BEFORE_CHANGE else 1), f"new changes: {new}")
    if not new:
        return None
    change = rig.changes()[new[0]]
    state = change["state"]
    at.check((state == "executed") == effect or state == "indeterminate", f"{state}, but the effect is {effect}")
    at.check(state != "indeterminate" or not rig.backend.tells_whose(step), "indeterminate, though the system can tell whose write it was")
    # What was cut short before its intent waits again, with the approvals it has.
    wanted = "executed" if effect else "proposed" if failpoint in ("decision", "approved") else "failed"
    at.check(state in (wanted, "indeterminate"), f"{state}, not {wanted}")
    if step.original:
        original = rig.state(step.original)
        at.check((original == "rolledBack") == effect, f"what was rolled back is {original}, the effect is {effect}")
    return state


def judge_retry(rig, step, key, new, at):
    """The agent, which got no answer, asks again under the same key."""
    if step.original:
        return
    had, known = rig.backend.has_effect(step), rig.changes()
    # What waits for nobody is carried out when it is asked for again, with its key too.
    free = [id for id in new if known[id]["state"] == "proposed" and known[id]["wait"] == "nothing"]
    status, answer = rig.ask(step, key)
    at.check(status in (200, 202, 409), f"the retry was answered {status} {answer}")
    if new:
        at.check(answer.get("change") == new[0], f"the retry was answered with another change: {answer}")
        at.check(len(rig.changes()) == len(known), "the retry made another change")
        at.once(rig.backend.has_effect(step) == (had or bool(free)), "the retry carried the change out, or did not where nothing stood in the way")
    judge_once(rig, step, at, "after the retry")


def judge_again(rig, step, state, new, at):
    """What was not done can be done by a new request with a new decision, and is then done once."""
    if rig.backend.has_effect(step):
        if step.original:
            rig.do(step)
            judge_once(rig, step, at, "after another rollback")
        return
    known = set(rig.changes())
    # Staged before or by the retry, and waiting for its person; everything else is asked for anew.
    waiting = [id for id, change in rig.changes().items() if change["state"] == "proposed" and change["wait"] != "nothing"
               and change["input"] == step.input]
    rig.finish(step, waiting[-1]) if waiting and not step.original else rig.do(step)
    # What waits for nobody is tried again when the same is asked for.
    fresh = waiting[-1:] or list(set(rig.changes()) - known) or [id for id in new if rig.state(id) == "executed"]
    at.check(len(fresh) == 1 and rig.state(fresh[0]) == "executed", f"a new request was not carried out: {[rig.state(c) for c in fresh]}")
    at.check(all(rig.decisions(change) >= 1 for change in fresh), "there is no decision for the new request")
    at.check(rig.backend.has_effect(step), "a new request has no effect")
    judge_once(rig, step, at, "after a new request")
    if state == "failed":
        at.check(rig.state(new[0]) == "failed", "the failed change was taken up again")


def play(rig, kind, failpoint, n, tally):
    at = tally.at(f"{kind} @ {failpoint}")
    step = prepare(rig, kind, n)
    key, before = crash(rig, step, failpoint, at)
    rig.start()
    new = sorted(set(rig.changes()) - before)
    state = judge_state(rig, step, failpoint, new, at)
    judge_leases(rig, at)
    judge_audit(rig, at, "after the restart")
    judge_retry(rig, step, key, new, at)
    judge_again(rig, step, state, new, at)
    judge_leases(rig, at)
    at.done(state or "no change")
    return step


def play_kind(rig, kind, tally):
    """All places for one kind; then a look at whether anything is done behind one's back."""
    played = []
    for n, failpoint in enumerate(steps.POINTS):
        if failpoint in steps.APPROVAL_ONLY and kind in AT_ONCE:
            continue
        played.append(play(rig, kind, failpoint, n, tally))
    return played


def judge_later(rig, kind, played, tally):
    """One sweep later everything is as it was."""
    at = tally.at(f"{kind}, one sweep later", kills=0)
    settled(rig)
    for step in played:
        # Group versions move with every member; only targets of their own can be counted at the end.
        if step.effect not in ("member", "no-member"):
            judge_once(rig, step, at, step.target)
    judge_leases(rig, at)
    judge_audit(rig, at, "at the end")
    at.done()
