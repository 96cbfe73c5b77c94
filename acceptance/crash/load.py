"""Killed from outside at random moments, with many requests under way."""
import threading
import time

import matrix
import steps
from rig import AGENT, new_key

ROUNDS, REQUESTS, SHARED = 5, 40, 8


def rounds(rig, tally, random):
    # The first time is slower (keys are fetched, pages are read) and would tell nothing of the others.
    undisturbed(rig, ROUNDS)
    entries = undisturbed(rig, ROUNDS + 1)
    for number in range(ROUNDS):
        # Once in each fifth of the way, counted in log entries, so that early and late moments are met on any machine.
        play(rig, number, tally, int(random.uniform(number, number + 1) / ROUNDS * entries))


def logged(rig):
    return rig.rows("SELECT count(*) FROM log_entry")[0][0]


def undisturbed(rig, number):
    """How many log entries the requests make when nobody is killed."""
    wanted, before = make(rig, number), logged(rig)
    for thread in send(rig, wanted)[0]:
        thread.join(timeout=40)
    return logged(rig) - before


def make(rig, number):
    """Most requests have a target of their own, so that each effect can be counted; some share one, to collide."""
    users = [f"load-{number}-{n}" for n in range(REQUESTS - SHARED)] + [f"load-{number}-shared"] * SHARED
    rig.backend.add_users(sorted(set(users)))
    wanted = [(steps.set_attribute(user, number * 1000 + n), new_key()) for n, user in enumerate(users)]
    for step, _ in wanted:
        step.mark = rig.backend.remember(step)
    return wanted


def send(rig, wanted):
    """All at once, with one token. Returns the threads and, as they come, the answers by key."""
    token, answers = rig.world.token(AGENT), {}

    def one(step, key):
        answers[key] = rig.ask(step, key, token)

    threads = [threading.Thread(target=one, args=pair) for pair in wanted]
    for thread in threads:
        thread.start()
    return threads, answers


def play(rig, number, tally, entries):
    at = tally.at(f"killed from outside under {REQUESTS} requests, round {number + 1}")
    wanted, before = make(rig, number), set(rig.changes())
    rig.keep()
    start = logged(rig)
    threads, answers = send(rig, wanted)
    reach(rig, start + entries)
    rig.world.stop(kill=True)
    for thread in threads:
        thread.join(timeout=40)
    told = [answer for status, answer in answers.values() if status == 200]
    rig.start()
    states = judge(rig, wanted, before, told, at)
    matrix.judge_leases(rig, at)
    matrix.judge_audit(rig, at, "after the restart")
    judge_retries(rig, wanted, before, at)
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    at.done(f"after {entries} entries: {counts}; {len(told)} answered in time")


def reach(rig, entries):
    end = time.monotonic() + 10
    while logged(rig) < entries and time.monotonic() < end:
        time.sleep(0.003)


def by_value(rig, before):
    """The new changes, by the value that each would set: no two requests set the same."""
    found = {}
    for id, change in rig.changes().items():
        if id not in before:
            found.setdefault(change["input"]["value"], []).append(change)
    return found


def judge(rig, wanted, before, told, at):
    changes = by_value(rig, before)
    for step, _ in wanted[:REQUESTS - SHARED]:
        mine = changes.get(step.value, [])
        at.once(len(mine) <= 1, f"{step.target}: {len(mine)} changes for one request")
        count = matrix.judge_once(rig, step, at, step.target)
        executed = [change for change in mine if change["state"] == "executed"]
        at.check(len(executed) == count and rig.backend.has_effect(step) == (count == 1), f"{step.target}: {count} effects, {[c['state'] for c in mine]}")
        at.check(all(change["state"] in ("proposed", "executed", "failed") for change in mine), f"{step.target}: {[c['state'] for c in mine]}")
    judge_shared(rig, wanted, changes, at)
    # What was acknowledged is true.
    for answer in told:
        if answer.get("status") == "done" and "change" in answer:
            at.check(rig.state(answer["change"]) == "executed", f"acknowledged, but {rig.state(answer['change'])}")
    return [change["state"] for mine in changes.values() for change in mine]


def judge_shared(rig, wanted, changes, at):
    """Later writes hide earlier ones here, so only the sum can be compared."""
    shared = wanted[-SHARED:]
    states = [change["state"] for step, _ in shared for change in changes.get(step.value, [])]
    writes, sure = rig.backend.count_effect(shared[0][0]), states.count("executed")
    unsure = states.count("indeterminate")
    at.once(writes <= sure + unsure, f"the shared target: {writes} writes, {sure} executed, {unsure} indeterminate")
    at.check(writes >= sure, f"the shared target: {writes} writes, {sure} executed")


def judge_retries(rig, wanted, before, at):
    """Every agent asks again under its key: what was done is not done again, what was never begun is done once."""
    threads, answers = send(rig, wanted)
    for thread in threads:
        thread.join(timeout=40)
    at.check(all(status for status, _ in answers.values()), "a retry was not answered")
    changes = by_value(rig, before)
    for step, _ in wanted[:REQUESTS - SHARED]:
        count = matrix.judge_once(rig, step, at, f"{step.target} after the retry")
        at.once(len(changes.get(step.value, [])) <= 1, f"{step.target}: the retry made another change")
        at.check(count == sum(change["state"] == "executed" for change in changes.get(step.value, [])), f"{step.target}: {count} effects after the retry")
    judge_shared(rig, wanted, changes, at)
