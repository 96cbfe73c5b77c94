"""Waiting changes, and whatever befalls them."""
import os
import sqlite3
import sys
import threading

import attacks
import policies
from setting import AGENTS, RACERS, Setting

# Of each agent's twenty, so many have each fate.
FATES = {"keep": 2, "strict": 3, "deny": 2, "loose": 4, "free": 2, "teams": 4, "task": 1, "refuse": 1, "moved": 1}


class Queue:
    """What was staged: the change, who asked, and for whom."""

    def __init__(self):
        self.by_fate, self.agents, self.early = {fate: [] for fate in FATES}, {}, []

    def of(self, fate):
        return self.by_fate[fate]

    def names(self):
        return [change for fate in self.by_fate.values() for change in fate]


def stage(s, queue):
    for agent in AGENTS:
        for fate, count in FATES.items():
            for number in range(count):
                name = f"{fate}-{agent[-1]}{number}"
                change = s.create(agent, name, ending=fate == "task").answer.get("change")
                queue.by_fate[fate].append((change, name))
                queue.agents[change] = agent
    s.check(len(queue.agents) == 20 * len(AGENTS) and None not in queue.agents, f"{20 * len(AGENTS)} changes wait [{len(queue.agents)}]")
    more = [s.create(agent, f"more-{agent[-1]}") for agent in AGENTS]
    s.check(all(reply.status == 429 and reply.code == "limit.waiting" for reply in more), "no agent gets a 21st")
    again = [s.create(queue.agents[c], n, evidence={"justification": "again"}).answer for c, n in queue.of("keep")]
    s.check([a.get("change") for a in again] == [c for c, _ in queue.of("keep")], "the same asked for again is the one that waits")
    listed = s.world.cli_json("dana", "changes", "list")["changes"]
    s.check(len(listed) == 20 * len(AGENTS) and listed == sorted(listed, key=lambda row: (row["created"], row["id"])), "people see all of them, oldest first")
    s.check(listed[0]["sentence"] == "create the user keep-a0", f"as a person says it [{listed[0]['sentence']}]")


def sign_first(s, queue):
    for fate in ("loose", "teams"):
        for change, _ in queue.of(fate):
            reply = s.sign(change, "dana")
            s.check(reply.status == 200 and reply.json["state"] == "proposed", f"each of two demanded: one signature does not run it [{reply}]")
    # Whose operation is another later on, when one of two has signed.
    queue.by_fate["edited"] = [queue.of("loose").pop() for _ in range(2)]
    queue.early = [s.desk_statement(change, "dana") for change, _ in queue.of("strict")[6:16]]


def unchanged(s, queue, before, what):
    s.check(s.states() == before, what)


def harmless(s, queue):
    before, since = s.states(), s.decisions()
    s.check(s.reload(policies.HARMLESS), "a harmless reload")
    s.check(s.examined(20 * len(AGENTS), since), "each waiting change is examined by it")
    unchanged(s, queue, before, "…and each waits as before")
    s.check(s.reload(policies.BROKEN, "were not reloaded"), "a broken policy is not loaded")
    unchanged(s, queue, before, "…and each waits as before")
    with s.outage():
        since = s.decisions()
        s.check(s.reload(policies.FIRST), "a reload while the directory is out of reach")
        s.until(lambda: False, 3)
    unchanged(s, queue, before, "…and each waits as before")


def changed(s, queue):
    s.check(s.reload(policies.CHANGED), "a reload that demands more of some, less of others, and denies some")
    denied = [change for change, _ in queue.of("deny")]
    s.check(s.until(lambda: all(s.states()[c] == ("void", "approval", "policy changed") for c in denied)), "what it denies is void: policy changed")
    for change in denied:
        s.check(s.told(queue.agents[change], change) == "void.policy_changed", "each requester is told so")
        s.check(s.show(change)["reason"] == "policy changed", "each approver is told so")
    free = [change for change, _ in queue.of("free")]
    s.check(s.until(lambda: all(s.states()[c][:2] == ("proposed", "nothing") for c in free)), "what it permits now waits to be asked for again")
    s.check(not any(s.exists(name) for _, name in queue.of("free") + queue.of("loose")), "…and is not carried out by the reload")
    shown = s.show(queue.of("strict")[0][0])
    s.check("different teams" in shown.get("needs", ""), f"of what it demands more for, approvers are told what [{shown.get('needs')}]")


def ended(s, queue):
    for agent in AGENTS:
        s.agent(agent, ending=True).send("POST", "/v1/task/end", {})
    for change, _ in queue.of("task"):
        s.check(s.states()[change][::2] == ("void", "task ended"), "each change of a task that ended is void")
        s.check(s.told(queue.agents[change], change) == "void.task_ended", "each requester is told so")
    for change, _ in queue.of("refuse"):
        s.sign(change, "erik", verdict="refuse", other={"reason": "Ask HR first."})
        answer = s.agent(queue.agents[change]).status(change).answer
        s.check(answer.get("code") == "refused" and "Ask HR first." in answer["message"] and "erik" not in str(answer), "each refusal reaches its requester, with its reason and no name")
    with sqlite3.connect(s.world.state / "corp.sqlite", timeout=10) as db:
        for number, (_, name) in enumerate(queue.of("moved")):
            db.execute("INSERT INTO entry (id, name, kind, enabled, version) VALUES (?, ?, 'user', 1, 1)", (f"u-9{number:03}", name))
    s.reload(policies.CHANGED + "// again\n")
    moved = [change for change, _ in queue.of("moved")]
    s.check(s.until(lambda: all(s.states()[c][::2] == ("void", "target changed") for c in moved)), "whose target was taken meanwhile is void: target changed")
    s.check(all(s.told(queue.agents[c], c) == "void.not_possible" for c in moved), "…its requester, who may not know of the target, is told that it is over")


def restarts(s, queue):
    before = s.states()
    s.stop(kill=True)
    s.start()
    unchanged(s, queue, before, "killed and started again, each is as it was")
    queue.unedited = [s.desk_statement(change, "farah") for change, _ in queue.of("edited")]
    s.stop()
    aged, redefined = [c for c, _ in queue.of("keep")[:4]], [c for c, _ in queue.of("keep")[4:6]]
    s.age("version", aged)
    s.age("definition", redefined + [c for c, _ in queue.of("edited")])
    s.start()
    s.check(s.until(lambda: all(s.states()[c][::2] == ("void", "upgraded") for c in aged)), "after an upgrade, what the older version staged is void: upgraded")
    s.check(s.until(lambda: all(s.states()[c][::2] == ("void", "altered") for c in redefined)), "whose operation is another by now is void: altered")
    s.check(all(s.told(queue.agents[c], c) == "void.upgraded" for c in aged), "…which its requester is told")


def completed(s, queue):
    """What is left is done as its signers were told it would be."""
    for change, name in queue.of("keep")[6:]:
        reply = s.sign(change, "dana")
        s.check(reply.status == 200 and s.exists(name), f"each of one demanded: one signature runs it [{reply}]")
    for change, name in queue.of("free"):
        answer = s.create(queue.agents[change], name).answer
        s.check(answer.get("change") == change and answer.get("status") == "done" and s.exists(name), f"each that policy permits by now runs when it is asked for again [{answer}]")
    for fate in ("loose", "teams", "strict"):
        for change, name in queue.of(fate):
            for person in ("dana", "farah"):
                s.sign(change, person)
            s.check(s.states()[change][0] == "executed" and s.exists(name), f"each of two demanded: both have signed, and it runs [{fate}, {s.states()[change]}]")


def racing(s, queue):
    """Changes that are staged at the very moment when policies are reloaded, or when their task ends."""
    found, rounds = {}, 6 if os.environ.get("LONG") else 2
    # How many are in time, the machine's speed says: round after round until they are enough.
    for number in range(10 * rounds):
        if len(found) > 3 * rounds:
            break
        s.reload(policies.FIRST)
        threads = [threading.Thread(target=race, args=(s, racer, number, found)) for racer in RACERS]
        for thread in threads:
            thread.start()
        s.reload(policies.NOTHING)
        for thread in threads:
            thread.join()
        waiting = lambda: [c for c in found if s.states()[c][0] == "proposed"]
        s.check(s.until(lambda: not waiting(), 15), f"each that was staged while policies that permit nothing were loaded is void [{waiting()[:3]}]")
    s.check(len(found) > 3 * rounds and {s.states()[c][2] for c in found} <= {"policy changed", "task ended"}, f"…with its reason [{len(found)}]")
    s.reload(policies.FIRST)
    at_once, waiting = {}, lambda: [c for c in at_once if s.states()[c][0] == "proposed"]
    for number in range(10 * rounds):
        if len(at_once) > rounds:
            break
        s.tokens["racer-a"] = s.world.token("racer-a")
        ending = threading.Thread(target=lambda: s.agent("racer-a").send("POST", "/v1/task/end", {}))
        ending.start()
        change = s.create("racer-a", f"ending-{number}").answer.get("change")
        ending.join()
        if change:
            at_once[change] = number
    s.check(s.until(lambda: not waiting(), 15), f"each that was staged while its task ended is void [{waiting()[:3]}]")
    s.check(at_once and {s.states()[c][2] for c in at_once} == {"task ended"}, f"…with its reason [{len(at_once)}]")


def race(s, racer, number, found):
    for turn in range(8):
        change = s.create(racer, f"race-{racer[-1]}{number}-{turn}").answer.get("change")
        if change:
            found[change] = racer


def judged(s, queue):
    states = s.states()
    left = [change for change, _ in queue.names() if states[change][0] in ("proposed", "approved", "executing", "indeterminate")]
    s.check(not left, f"nothing of it waits any more [{left[:3]}]")
    s.check(all(state == "executed" or reason for state, _, reason in (states[c] for c, _ in queue.names())), "whatever did not run has a reason")
    executed = [name for change, name in queue.names() if states[change][0] == "executed"]
    there = [name for _, name in queue.names() if s.exists(name)]
    s.check(sorted(executed + [n for _, n in queue.of("moved")]) == sorted(there), "the directory has who was created, and nobody else")
    kept = s.world.keep_checkpoints("dana")
    s.stop()
    code, report = s.world.verify(kept)
    s.check(code == 0 and report["proved"] == len(executed), f"each execution is proved by what its signers signed [{report['proved']} of {len(executed)}, {report['problems'][:2]}]")


def main():
    s, queue = Setting(), Queue()
    try:
        for scene in (stage, sign_first, harmless, changed, ended, restarts):
            print(scene.__name__, flush=True)
            scene(s, queue)
        s.reload(policies.WIDENED)
        print("attacks", flush=True)
        attacks.play(s, queue)
        print("completed", flush=True)
        completed(s, queue)
        print("racing", flush=True)
        racing(s, queue)
        judged(s, queue)
    finally:
        s.world.close() if "KEEP" not in os.environ else print(s.world.folder)
    print("\n".join(f"failed: {what}" for what in dict.fromkeys(s.failed)))
    print(f"queue: {20 * len(AGENTS)} changes, {s.checks} checks, {len(s.failed)} failed; {s.tries} tries to run one on other approvals, "
          f"{sum(what.startswith('each try') for what in s.failed)} successes")
    sys.exit(1 if s.failed or s.tries < 40 else 0)


main()
