"""What was expected and what held, for a part of the suite that runs beside others: printed when the part is over."""
import threading

PRINTING = threading.Lock()
SHOWN = 8  # failures of one part in full; the rest are counted


class Tally:
    def __init__(self, part):
        self.part, self.total, self.failed, self.lines = part, 0, [], []

    def __call__(self, held, what):
        """A check with a line of its own."""
        self.quietly(held, what)
        if held:
            self.lines.append(f"  ok   {what}")
        return held

    def quietly(self, held, what):
        """One of many: only a failure has a line."""
        self.total += 1
        if not held:
            self.failed.append(what)
            if len(self.failed) <= SHOWN:
                self.lines.append(f"  FAIL {what}")
        return held

    def say(self, text):
        self.lines.append(f"  {text}")

    def print(self):
        with PRINTING:
            more = [f"  … and {len(self.failed) - SHOWN} more failures"] if len(self.failed) > SHOWN else []
            print("\n".join([f" {self.part}", *self.lines, *more]), flush=True)
