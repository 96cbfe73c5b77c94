"""Counts kills and what was wrong after them, by kind of wrong."""
import threading


class Tally:
    def __init__(self):
        self.points, self.double, self.orphans, self.other = 0, [], [], []
        self.lock = threading.Lock()

    def at(self, name, kills=1):
        with self.lock:
            self.points += kills
        return Point(self, name)

    def report(self):
        for kind, failed in [("double effect", self.double), ("orphan", self.orphans), ("other", self.other)]:
            for what in failed:
                print(f"FAIL [{kind}] {what}")
        print(f"crash: {self.points} points, {len(self.double)} double effects, {len(self.orphans)} orphans, {len(self.other)} other failures")
        return not (self.double or self.orphans or self.other)


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
