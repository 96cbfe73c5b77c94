"""What another hand does in the directory: read within the interval, on record with what it gained, and reckoned with."""
import time

import model
import steps
from directory import Directory, dn, group_dn, user_dn
from setting import AGENTS, Setting, brief, code_of
from slapd import PEOPLE, encode
from world import wait_until

INTERVAL = 1  # seconds, as configured; a reading of so few entries takes no time
GRACE = 5


def entries():
    found = Directory()
    for name in ("eve", "fay", "gil"):
        found.user(name)
    found.user("sleepy", disabled=True)
    found.add(model.TARGET, "member", found.group("keepers"))
    found.group("desk")
    found.add(model.group("keepers"), "member", model.user("sleepy"))
    found.add(model.group("desk"), "member", found.choosing("chosen", "departmentNumber", "7"))
    found.add(found.group("lobby"), "member", model.name(user_dn("awaited")))
    found.user("late", disabled=True)
    found.add(model.group("desk"), "member", model.user("late"))
    return found


def run(check):
    with Setting(entries(), reread=INTERVAL) as s:
        desk = model.group("desk")
        for step in (steps.joining(desk, model.user("eve")), steps.setting(model.user("fay"), "departmentNumber", "7"),
                     steps.enabling(model.user("late"))):
            own(s, check, step)
        added(s, check)
        reckoned_with(s, check)
        enabled(s, check)
        harmless(s, check)
        own(s, check, steps.creating("awaited"))
        code, report = s.world.verify(s.world.keep_checkpoints("dana"))
        check(code == 0, f"the logs are whole {report.get('problems', [])[:3] or ''}")


def change(*lines):
    return ["changetype: modify", *lines, ""]


def noticed(s, check, lines, what):
    """Edits behind the gateway's back, and gives the body of the entry that comes of it; None without one."""
    before, begun = len(s.entries("actions", "drift")), time.monotonic()
    s.edit(*lines)
    came = wait_until(lambda: len(s.entries("actions", "drift")) > before, INTERVAL + GRACE)
    seconds = time.monotonic() - begun
    check(came, f"{what} is on record" + (f" ({seconds:.1f} s)" if came else f": nothing in {seconds:.0f} s; {s.logged()}"))
    return s.entries("actions", "drift")[before] if came else None


def own(s, check, step):
    """A step of an agent's that gains nothing: no drift, and nothing beside what it declares."""
    after, before, size = step.after(s.facts()), len(s.entries("actions", "drift")), s.log_size()
    status, answer = s.ask(AGENTS[0], step)
    check(answer.get("status") == "done" and s.facts() == after, f"({step} is done [{status} {brief(answer)}])")
    wait_until(lambda: False, 2 * INTERVAL + 0.5)
    found = s.entries("actions", "drift")[before:]
    check(not found, f"it is the gateway's own, and no drift {found or ''}")
    locks = s.world.cli("dana", "locks")[1].strip()
    held = locks == "No locks."
    check(held, "and nothing beside what it declares" + ("" if held else f": {locks}, {s.entries('actions', 'alarm')[-1:]}, {s.logged(size)}"))


def added(s, check):
    lines = [encode("dn", group_dn("keepers")), *change("add: member", encode("member", f"UID=Eve, {PEOPLE.upper()}"))]
    body = noticed(s, check, lines, "a member added by another hand, its name spelt otherwise,")
    if not body:
        return
    fact = [s.entry_id(model.user("eve")), "directory.member", s.entry_id(model.group("keepers"))]
    check(body["added"] == [fact] and body["removed"] == [], f"…with the fact {fact}" + ("" if body["added"] == [fact] else f", not {body}"))
    check(body["system"] == "corp" and body["reach"]["count"] == 1 and body["reach"]["targets"] == [model.TARGET],
          f"…and what it gained: {body['reach']}")
    gained = [model.user("eve"), model.TARGET]
    check(gained in body["reach"]["gained"], f"…by whom and of what: {body['reach']['gained']}")
    critical = [line for line in s.logged() if "changed by somebody else" in line]
    check(bool(critical), f"the operator is told {critical[-1:]}")


def reckoned_with(s, check):
    """What came from outside counts: who is in by now gains nothing more, and is on the way for others."""
    found = s.world.cli_json("dana", "reach", "path", model.user("eve"), model.TARGET)
    check(found["reachable"] is True, f"the way of whoever was added is known [{found}]")
    s.edit(encode("dn", group_dn("keepers")), *change("add: member", encode("member", dn(model.group("desk")))))
    wait_until(lambda: False, 2 * INTERVAL + 0.5)
    step = steps.joining(model.group("desk"), model.user("gil"))
    facts = s.facts()
    status, answer = s.ask(AGENTS[1], step)
    check(answer.get("status") == "staged" and s.facts() == facts,
          f"a step into what another hand opened is stopped [{status} {code_of(answer)}]")
    who = {taker["who"] for taker in s.report() if taker["target"] == model.TARGET}
    check(who == model.takers(facts), f"the report has everybody by now, whoever opened the way [{len(who)}]")


def enabled(s, check):
    lines = [encode("dn", dn(model.user("sleepy"))), *change("delete: pwdAccountLockedTime")]
    body = noticed(s, check, lines, "an account enabled by another hand")
    if not body:
        return
    fact = [s.entry_id(model.user("sleepy")), "directory.disabled"]
    check(body["removed"] == [fact], f"…with the fact that is gone, {fact}" + ("" if body["removed"] == [fact] else f", not {body}"))
    check([model.user("sleepy"), model.TARGET] in body["reach"]["gained"], f"…and what it gained: {body['reach']}")


def harmless(s, check):
    lines = [encode("dn", group_dn("keepers")), *change("delete: member", encode("member", dn(model.user("eve"))))]
    body = noticed(s, check, lines, "a member removed by another hand")
    if body:
        check(len(body["removed"]) == 1 and body["reach"]["count"] == 0, f"…as a fact that is gone and gains nothing [{body['reach']}]")
