"""Two agents at one moment, each with a step that gains nothing alone; both together would."""
import collections
import threading

import model
import steps
from directory import Directory
from setting import AGENTS, Setting, brief

ROUNDS = 20


def run(check):
    entries, rounds, counts = Directory(), [], collections.Counter()
    entries.add(model.TARGET, "member", entries.group("keepers"))
    owners = entries.group("owners")
    entries.add(model.group("keepers"), "owner", owners)
    for number in range(ROUNDS):
        user = entries.user(f"sleepy{number}", disabled=True)
        # Into a group inside the admins, or into one that owns it.
        into = owners if number % 2 else model.group("keepers")
        rounds.append([steps.enabling(user), steps.joining(into, user)])
    with Setting(entries) as s:
        for number, pair in enumerate(rounds):
            # Each agent does each kind of step about as often.
            both(s, check, number, pair[::-1] if number % 4 < 2 else pair, counts)
        total = s.facts()
        new = model.takers(total) & {model.user(f"sleepy{number}") for number in range(ROUNDS)}
        check(not new, f"at the end nobody became an admin {sorted(new) or ''}")
    check(counts["both"] == 0, f"in {ROUNDS} rounds never both: {dict(counts)}")
    check(counts["none"] == 0, f"and never none: whoever is first is not held up by the other ({counts['none']} of {ROUNDS})")


def both(s, check, number, pair, counts):
    facts, size = s.facts(), s.log_size()
    alone = [step.after(facts) for step in pair]
    together = pair[1].after(alone[0])
    assert not model.gains(facts, alone[0]) and not model.gains(facts, alone[1]) and model.gains(facts, together)
    answers = [answer for _, answer in ask_together(s, pair)]
    now = s.facts()
    done = [answer.get("status") == "done" for answer in answers]
    counts[["none", "one", "both"][sum(done)]] += 1
    for answer in answers:
        counts[answer.get("code", "?")] += 1
    wanted = facts if not any(done) else alone[done.index(True)]
    told = [brief(answer) for answer in answers]
    check.quietly(sum(done) < 2 and now == wanted, f"round {number}: {[str(step) for step in pair]} answered {told}; {s.logged(size)}")
    check.quietly(all(answer.get("status") in ("done", "staged", "denied", "failed") for answer in answers), f"round {number}: {told}")


def ask_together(s, pair):
    barrier, answers = threading.Barrier(2), [None, None]

    def one(index):
        barrier.wait(timeout=20)
        answers[index] = s.ask(AGENTS[index], pair[index])
    threads = [threading.Thread(target=one, args=[index]) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers
