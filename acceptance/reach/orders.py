"""The chain in every order, by two agents, over restarts: no step that gains is done, and every step that does not is."""
import collections
import itertools
import math
import os
import re

import model
from chain import KINDS, Chain
from directory import CHOSEN_BY, Directory
from setting import AGENTS, Setting, brief

DENIED = ["3", "6, from the side"]  # chains without approvers: a step is denied at once and people ask what if
# Up to FEW steps all orders and subsets are run; of more steps, so many. LONG=1 for more.
FEW, SAMPLE, SUBSETS = (4, 24, 12) if os.environ.get("LONG") else (3, 10, 6)
ENOUGH = 12  # failures, after which a chain is given up


class Runs:
    """The runs of one chain. It is in the directory twice: while one copy is played, the other is put back.

    It is put back while the gateway is down for the restart that every run has, so each run begins on a fresh reading.
    """

    def __init__(self, kind, random, check):
        self.kind, self.random, self.check, self.counts = kind, random, check, collections.Counter()
        entries = Directory()
        self.copies = [Chain(entries, name, KINDS[kind], by) for name, by in zip(("ann", "bob"), CHOSEN_BY)]
        self.taken, self.length = [[], []], len(self.copies[0].steps)
        links = [link for chain in self.copies for link in chain.links]
        self.setting = Setting(entries, links, approvers=kind not in DENIED, attributes=CHOSEN_BY)
        # Whom the agents create is theirs: gains of their own, which the model does not count.
        self.creates = any(step.operation == "user.create" for step in self.copies[0].steps)

    def all(self):
        numbers = range(self.length)
        if self.length <= FEW:
            orders = list(itertools.permutations(numbers))
        else:
            orders = self.some(SAMPLE, lambda: tuple(self.random.sample(numbers, self.length)))
        for order in orders:
            self.play(order, "order")
        for subset in self.subsets():
            self.play(subset, "harmless subset")

    def some(self, count, make):
        """Different ones, as many as there are to be had."""
        found = {}
        for _ in range(count * 50):
            if len(found) < count:
                found[make()] = True
        return list(found)

    def subsets(self):
        """Proper subsets that gain nothing, each in an order of its own."""
        chain, facts = self.copies[0], self.setting.facts("bob")
        parts = [part for size in range(1, self.length) for part in itertools.combinations(range(self.length), size)]
        shuffled = [tuple(self.random.sample(part, len(part))) for part in parts]
        harmless = [part for part in shuffled if chain.is_harmless(facts, [chain.steps[number] for number in part])]
        return harmless if self.length <= FEW else self.random.sample(harmless, min(SUBSETS, len(harmless)))

    # One run

    def play(self, order, kind):
        if len(self.check.failed) >= ENOUGH:
            self.counts["given up"] += 1
            return
        which = self.counts["runs"] % 2
        chain, other = self.copies[which], "ann" if which else "bob"
        self.counts[kind] += 1
        self.counts["runs"] += 1
        stopping, facts = self.random.randrange(len(order)), self.setting.facts(other)
        first = model.takers(facts)
        for index, number in enumerate(order):
            if index == stopping:
                self.setting.restart(kill=self.counts["runs"] % 4 < 2, meanwhile=lambda: self.put_back(1 - which))
            place = f"{kind} {order}, step {index + 1}" + (", just after a restart" if index == stopping else "")
            facts = self.step(AGENTS[index % 2], chain.steps[number], facts, place, which)
        self.ending(f"{kind} {order}", first, facts)

    def ending(self, what, first, facts):
        """Nobody new can become an admin; by the gateway's own report neither."""
        new = model.takers(facts) - first
        self.check.quietly(not new, f"{what}: at its end {sorted(new)} could become an admin")
        wanted = model.takers(self.setting.facts())
        found = {taker["who"] for taker in self.setting.report() if taker["target"] == model.TARGET}
        self.check.quietly(found == wanted, f"{what}: at its end `reach report` has {sorted(found - wanted)} too many and lacks "
                           f"{sorted(wanted - found)}")

    def put_back(self, which):
        taken, self.taken[which] = self.taken[which], []
        if taken:
            self.setting.edit(*self.copies[which].undo(taken))

    def step(self, agent, step, facts, place, which):
        """Gives the facts as they are then."""
        after, size = step.after(facts), self.setting.log_size()
        gains = model.gains(facts, after)
        status, answer = self.setting.ask(agent, step)
        now = self.setting.facts("ann" if which else "bob")
        if now == after:
            self.taken[which].append(step)
        self.counts["steps"] += 1
        self.counts["stopped"] += bool(gains)
        what = f"{place}: {agent} asked {step}"
        wanted = ["staged", "denied"] if gains else ["done"]
        held = answer.get("status") in wanted and now == (facts if gains else after)
        changed = "was changed" if now != facts else "is as it was"
        self.check.quietly(held, f"{what}: expected {'/'.join(wanted)}, got {status} {brief(answer)}; the directory {changed}; "
                           f"the model gains {sorted(gains)}; logged {self.setting.logged(size)}")
        alarms = [line for line in self.setting.logged(size) if "did more than it declared" in line]
        self.check.quietly(not alarms, f"{what}: {alarms}, {alarms and self.setting.entries('actions', 'alarm')[-1:]}")
        if gains and held:
            self.shown(step, answer, after, gains, what)
        return now

    # What people are shown

    def shown(self, step, answer, after, gains, what):
        staged = answer["status"] == "staged"
        self.counts["shown" if staged else "asked what if"] += 1
        finding = self.setting.shown(answer["change"]) if staged else self.setting.what_if(step)
        held = finding["targets"] == [model.TARGET] and (finding["count"] == len(gains) or self.creates and finding["count"] > len(gains))
        self.check.quietly(held, f"{what}: {len(gains)} gain the admins by the model, people are shown {finding}")
        pairs = list(zip(finding["gained"], finding["paths"]))
        self.check.quietly(pairs and len(finding["gained"]) == len(finding["paths"]), f"{what}: no path is shown: {finding}")
        for (who, target), path in pairs:
            # Who would be created is shown as `new:` and the name.
            who, path = who.replace("/new:", "/"), [sentence.replace("/new:", "/") for sentence in path]
            # Until the next reading somebody new also goes by the name that was waiting, and by an id without a name.
            if self.creates and re.match(r"corp/name/|corp/user/[0-9a-f]{8}-", who):
                continue
            if not who.startswith("exequatur/"):  # the agents themselves are no part of the model
                self.way(who, target, path, after, gains, what)

    def way(self, who, target, path, after, gains, what):
        self.check.quietly(who in gains and target == model.TARGET, f"{what}: shown as gained by {who}, not in {sorted(gains)}")
        nodes = model.path(after, who)
        missing = [node for node in nodes if not any(node in sentence for sentence in path)]
        self.check.quietly(nodes and not missing, f"{what}: the way {nodes} is shown as {path}, without {missing}")

    def summary(self):
        counts = self.counts
        whole = "all" if self.length <= FEW else f"of {math.factorial(self.length)}"
        return (f"{counts['order']} orders ({whole}), {counts['harmless subset']} harmless subsets, {counts['runs']} restarts: "
                f"{counts['steps']} steps, {counts['stopped']} of them to be stopped, {counts['shown']} shown to an approver, "
                f"{counts['asked what if']} asked about" + (f"; GIVEN UP, {counts['given up']} not run" * bool(counts["given up"])))


def run(kind, random, check):
    runs = Runs(kind, random, check)
    try:
        runs.all()
        code, report = runs.setting.world.verify(runs.setting.world.keep_checkpoints("dana"))
        check.quietly(code == 0, f"the logs are not whole: {report.get('problems', [])[:3]}")
    finally:
        runs.setting.close()
        check.say(runs.summary())
    return runs.counts
