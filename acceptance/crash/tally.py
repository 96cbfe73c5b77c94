"""Counts kills and what was wrong after them, by kind of wrong."""
import threading


class Tally:
    def __init__(self, system):
        self.system = system
        self.points, self.double, self.orphans, self.other = 0, [], [], []
        self.lock = threading.Lock()

    def at(self, name, kills=1):
        with self.lock:
            self.points += kills
        return Point(self, f"{self.system}: {name}")


def report(tallies, suite="crash"):
    """Prints what failed on any system, and one line for all. Returns whether nothing did."""
    counts = []
    for kind, of in [("double effect", "double"), ("orphan", "orphans"), ("other", "other")]:
        found = [what for tally in tallies for what in getattr(tally, of)]
        counts.append(len(found))
        for what in found:
            print(f"FAIL [{kind}] {what}")
    points = ", ".join(f"{tally.system} {tally.points}" for tally in tallies)
    print(f"{suite}: {sum(tally.points for tally in tallies)} points ({points}), "
          f"{counts[0]} double effects, {counts[1]} orphans, {counts[2]} other failures")
    return not any(counts)


class Point:
    """The checks after one kill; prints one line at its end."""

    def __init__(self, tally, name):
        self.tally, self.name, self.wrong = tally, name, []

    def add(self, held, what, failed):
        if not held:
            self.wrong.append(what)
            with self.tally.lock:
                failed.append(f"{self.name}: {what}")
        return held

    def once(self, held, what):
        return self.add(held, what, self.tally.double)

    def clean(self, held, what):
        return self.add(held, what, self.tally.orphans)

    def check(self, held, what):
        return self.add(held, what, self.tally.other)

    def done(self, note=""):
        print(f"  {'FAIL' if self.wrong else 'ok  '} {self.name}{': ' + note if note else ''}", flush=True)
        for what in self.wrong:
            print(f"         {what}", flush=True)
