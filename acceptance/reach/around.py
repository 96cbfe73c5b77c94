"""Ways around: one's own step taken back, chosen logins, names made anew, an approval that has grown, a step cut short."""
import contextlib

import model
import steps
from directory import OTHER_ROOT, ROOT, Directory, dn, group_dn
from setting import AGENTS, Setting, brief, code_of
from slapd import encode
from world import wait_until

KEEPERS, DESK = model.group("keepers"), model.group("desk")
# Each moment of carrying out that the gateway can be told to die at.
MOMENTS = ["decision", "intent", "leased", "applied", "observed", "revoked", "outcome"]


def entries():
    found = Directory()
    for name in ("eve", "fay", "gus", "hal", "ivy"):
        found.user(name)
    for name in ("awake", *MOMENTS):
        found.user(f"sleepy-{name}", disabled=True)
    found.add(model.TARGET, "member", found.group("keepers"))
    for name in ("gus", "ivy"):
        found.add(KEEPERS, "member", model.user(name))
    found.group("desk")
    return found


def run(check):
    with Setting(entries(), reread=300) as s:  # nothing is read anew meanwhile: what a step's own reading shows must do
        taken_back(s, check)
        login(s, check)
        grown(s, check)
        woken(s, check)
        made_anew(s, check)
        left_waiting(s, check)
        for moment in MOMENTS:
            cut_short(s, check, moment)
        code, report = s.world.verify(s.world.keep_checkpoints("dana"))
        check(code == 0, f"the logs are whole {report.get('problems', [])[:3] or ''}")


def asked(s, check, step, wanted, what, agent=AGENTS[0]):
    """The answer; whether it is as wanted, and the directory as the step would have it or as it was, is checked."""
    facts, size = s.facts(), s.log_size()
    status, answer = s.ask(agent, step)
    held = answer.get("status") == wanted and s.facts() == (step.after(facts) if wanted == "done" else facts)
    check(held, f"{what}: {wanted}" + ("" if held else f", but {step} got {status} {brief(answer)}, {s.logged(size)}"))
    return answer


def other(operation, **given):
    """A step that changes nothing the model knows of."""
    return steps.Step(operation, given, lambda facts: facts, [])


def taken_back(s, check):
    gus = model.user("gus")
    disabling = steps.Step("user.disable", {"user": "gus"}, lambda facts: facts | {("disabled", gus)}, [])
    answer = asked(s, check, disabling, "done", "somebody in there is disabled")
    facts = s.facts()
    status, answer = s.post(AGENTS[0], f"/v1/changes/{answer.get('change')}/rollback", {})
    check(answer.get("status") == "staged" and s.facts() == facts, f"taking that back would gain: staged [{status} {code_of(answer)}]")
    asked(s, check, steps.enabling(gus), "staged", "and so would enabling anew", AGENTS[1])


def login(s, check):
    """Who gets the recovery mail, or sees the new password, can be that user: nobody's of no use, an admin's of all."""
    asked(s, check, other("user.set-mail", user="hal", value="hal@else.example"), "done", "the mail of somebody who is nothing")
    asked(s, check, other("user.set-mail", user=OTHER_ROOT, value="root@else.example"), "staged", "the mail of an admin")
    asked(s, check, other("user.reset-password", user=ROOT), "staged", "the password of an admin")
    answer = asked(s, check, steps.joining(KEEPERS, model.user("hal")), "staged", "into the admins with whose mail was set")
    if "change" in answer:
        finding = s.shown(answer["change"])
        who = {pair[0] for pair in finding["gained"]}
        check("exequatur/coalition/agents" in who or finding["count"] > 1, f"…and the agents are among those who gain: {finding['count']}, {sorted(who)}")


def grown(s, check):
    """What was approved was that two may; by the second approval it would be three."""
    asked(s, check, steps.joining(DESK, model.user("eve")), "done", "into a group that leads nowhere")
    nesting = steps.joining(KEEPERS, DESK)
    change = asked(s, check, nesting, "staged", "that group into the admins").get("change", "none")
    s.world.cli("dana", "changes", "approve", change, check=False)
    asked(s, check, steps.joining(DESK, model.user("fay")), "done", "one more into the group, which still leads nowhere", AGENTS[1])
    facts = s.facts()
    code, out, err = s.world.cli("farah", "changes", "approve", change, check=False)
    check(code != 0 and s.facts() == facts, f"the second approval is not for that: {(out + err).strip().splitlines()[-1:]}")
    anew = asked(s, check, nesting, "staged", "asked anew").get("change", "none")
    check(s.shown(anew)["count"] == 3, f"people are shown all three: {s.shown(anew)['count']}")
    s.world.cli("dana", "changes", "refuse", anew)


def woken(s, check):
    """Another hand enabled the account; the step's own reading shows it, though nothing was read anew as a whole."""
    user = model.user("sleepy-awake")
    s.edit(encode("dn", dn(user)), "changetype: modify", "delete: pwdAccountLockedTime", "")
    asked(s, check, steps.joining(KEEPERS, user), "staged", "in goes somebody whom another hand enabled a moment ago")


def made_anew(s, check):
    """An agent's own user, trusted by somebody since, is removed and made again: whoever makes it has its mail."""
    node, name = model.user("neo"), model.name(dn(model.user("neo")))
    removing = steps.Step("user.remove", {"user": "neo"}, lambda facts: model.renamed(facts, node, name) - {("user", name)}, [])
    asked(s, check, steps.creating("neo"), "done", "a new user")
    s.restart(False, lambda: s.edit(encode("dn", group_dn("keepers")), "changetype: modify", "add: owner", encode("owner", dn(node)), ""))
    asked(s, check, removing, "done", "removed, though somebody made it an owner of what is in the admins")
    asked(s, check, steps.creating("neo"), "staged", "made again by the other agent", AGENTS[1])


def left_waiting(s, check):
    """Another hand removed a member of what is in the admins; its name waits there."""
    s.edit(encode("dn", dn(model.user("ivy"))), "changetype: delete", "")
    asked(s, check, steps.creating("ivy"), "staged", "a new user whose name another hand left waiting a moment ago")


def cut_short(s, check, moment):
    """The gateway dies in the middle of the first half. Whatever became of it, both halves together are not done."""
    user = model.user(f"sleepy-{moment}")
    s.world.stop()
    s.world.start(failpoint=moment)
    s.ask(AGENTS[0], steps.enabling(user))
    died = wait_until(lambda: s.world.process.poll() is not None, 15)
    with contextlib.suppress(ProcessLookupError):
        s.world.stop(kill=True)
    s.world.start()
    step, facts = steps.joining(KEEPERS, user), s.facts()
    gains = model.gains(facts, step.after(facts))
    awake = ("disabled", user) not in facts
    asked(s, check, step, "staged" if gains else "done",
          f"killed at `{moment}`{'' if died else ' (it did not die)'}, the first half {'came' if awake else 'did not come'} about; the second")
    if not awake:
        asked(s, check, steps.enabling(user), "staged", "…and now the first again")
