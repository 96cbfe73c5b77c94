"""A graph that can't be read any more: writes are refused in time, nothing is done, and all is well again with the next reading."""
import os
import signal
import time

import model
import steps
from directory import Directory
from setting import AGENTS, Setting, brief, code_of
from world import wait_until

AGE = 10  # seconds; the least there is, for the age and between readings
DEADLINE = 5  # of each call, as configured; a write makes a few before it gives up
PATIENCE = 40


def run(check):
    entries = Directory()
    for name in ("eve", "fay", "gus"):
        entries.user(name)
    entries.group("desk")
    with Setting(entries, maxAge=AGE, reread=AGE) as s:
        facts, begun = s.facts(), time.monotonic()
        os.kill(s.slapd.process.pid, signal.SIGSTOP)
        try:
            stopped(s, check, "at once")
            unread = wait_until(lambda: "could not be read" in "\n".join(s.logged()), 3 * AGE)
            check(unread, f"a reading that fails is logged {s.logged()[-1:]}")
            stopped(s, check, "when the graph is too old as well")
        finally:
            os.kill(s.slapd.process.pid, signal.SIGCONT)
        too_old(s, facts, check, time.monotonic() - begun)
        again(s, check)


def stopped(s, check, when):
    """slapd says nothing: the answer is an honest failure, within the deadlines."""
    begun = time.monotonic()
    status, answer = s.ask(AGENTS[0], steps.joining(model.group("desk"), model.user("eve")), PATIENCE)
    seconds = time.monotonic() - begun
    check(code_of(answer) in ("system.unavailable", "reach.stale"), f"a write to a stopped slapd is refused, {when} [{status} {code_of(answer)}]")
    check(seconds < 3 * DEADLINE, f"…in {seconds:.1f} s")


def too_old(s, facts, check, age):
    """slapd is back and could do it; what is known of it is too old to judge by."""
    status, answer = s.ask(AGENTS[0], steps.joining(model.group("desk"), model.user("fay")), PATIENCE)
    check(code_of(answer) == "reach.stale", f"a write on a graph {age:.0f} s old is refused as stale [{status} {brief(answer)}]")
    check(s.facts() == facts, "nothing was done, by any of them")
    shown = str(answer).lower()
    check("admins" not in shown and "corp/" not in shown, "the answer names nothing")


def again(s, check):
    step = steps.joining(model.group("desk"), model.user("gus"))
    after, asked = step.after(s.facts()), []

    def works():
        time.sleep(0.3)
        asked.append(s.ask(AGENTS[1], step)[1])
        return asked[-1].get("status") == "done"
    check(wait_until(works, 3 * AGE) and s.facts() == after, f"after the next reading it is done ({len(asked)} tries, {code_of(asked[-1])})")
