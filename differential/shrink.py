"""Makes a case smaller while the same category of difference remains."""

import time

from child import Crashed
from judge import PeerTrouble, judge
from shrink_steps import steps

SECONDS = 60.0


def shrink(case, number, category, peer, probe, seconds=SECONDS):
    """The smallest case found within the time."""
    end = time.monotonic() + seconds
    best = case

    def remains(candidate):
        try:
            found = judge(candidate.input(number), peer, probe)[2]
        except (PeerTrouble, Crashed, KeyError, IndexError, ValueError, TypeError, AttributeError):
            return False
        return any(name == category for name, _ in found)

    changed = True
    while changed and time.monotonic() < end:
        changed = False
        for step in steps():
            best, better = descend(best, step, remains, end)
            changed = changed or better
    return best


def descend(case, step, remains, end):
    """Applies one kind of step at every place where it helps. A step changes a copy at the n-th place, or says there is none."""
    place, better = 0, False
    while time.monotonic() < end:
        candidate = case.copy()
        outcome = step(candidate, place)
        if outcome is None:
            break
        if outcome and remains(candidate):
            case, better = candidate, True
        else:
            place += 1
    return case, better
