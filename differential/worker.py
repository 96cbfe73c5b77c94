"""One job of a campaign: its own pair of engines, every n-th case."""

from collections import Counter
import json
import os
import time

from case import generate
from judge import PeerTrouble, judge
from peer import Peer
from probe import Probe
from shrink import shrink
import stats


class Worker:
    """Runs cases, counts, and writes down differences."""

    def __init__(self, options, index, results):
        self.options, self.index, self.results = options, index, results
        self.counts, self.found, self.stats = Counter(), Counter(), Counter()
        self.peer, self.probe = Peer(), Probe()

    def stop(self):
        """Ends both engines."""
        self.peer.stop()
        self.probe.stop()

    def case(self, number, show=False):
        """One case."""
        case = generate(self.options.seed, number, self.options.requests_per_set)
        question = case.input(number)
        if self.options.stats:
            self.stats += stats.constructs(case)
        try:
            want, got, found = judge(question, self.peer, self.probe)
        except PeerTrouble as trouble:
            self.counts["peer crashes"] += 1
            self.counts["sets"] += 1
            self.write("peer-crash", number, {"input": question, "trouble": str(trouble)})
            return
        if show:
            print(json.dumps({"input": question, "expected": want, "got": got, "differences": found}, indent=1, ensure_ascii=False))
        if "peerFault" not in want:
            self.counts += stats.outcomes(question, want)
            for key in ("text", "formatted", "schemaText", "schemaJSON", "est", "invalid"):
                self.counts["probe gave " + key] += bool(got) and got.get(key) is not None
        for category in dict.fromkeys(category for category, _ in found):
            self.found[category] += 1
            if self.found[category] <= self.options.keep:
                self.keep(case, number, category)

    def keep(self, case, number, category):
        """Shrinks a case for one category and writes it."""
        small = case if self.options.no_shrink else shrink(case, number, category, self.peer, self.probe)
        question = small.input(number)
        record = {"input": question, "expected": None, "got": None, "category": category,
                  "origin": {"seed": self.options.seed, "case": number, "requests": self.options.requests_per_set}}
        try:
            want, got, found = judge(question, self.peer, self.probe)
            record.update(expected=want, got=got, detail=dict(reversed(found)).get(category))
        except PeerTrouble as trouble:
            record["trouble"] = str(trouble)
        self.write("case-" + category.replace(" ", "_"), number, record)

    def write(self, kind, number, record):
        """Writes a JSON file for a case."""
        os.makedirs(self.options.out, exist_ok=True)
        path = os.path.join(self.options.out, "%s-%s-%d.json" % (kind, self.options.seed, number))
        with open(path, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
            file.write("\n")

    def report(self):
        """Sends the counts to the parent."""
        self.results.put((self.index, Counter(self.counts), Counter(self.found), Counter(self.stats)))


def work(options, index, results):
    """The job's main function."""
    worker = Worker(options, index, results)
    told = time.monotonic()
    try:
        for number in range(index, options.sets, options.jobs):
            worker.case(number)
            if time.monotonic() - told > 2:
                told = time.monotonic()
                worker.report()
    finally:
        worker.stop()
    worker.counts["finished"] = 1
    worker.report()
