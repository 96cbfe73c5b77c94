"""Small steps that add up to a takeover, on a real slapd: the parts of the suite, a few at a time, each on its own gateway."""
import collections
import os
import pathlib
import random
import shutil
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import approvals  # noqa: E402
import around  # noqa: E402
import asking  # noqa: E402
import drift  # noqa: E402
import orders  # noqa: E402
import stale  # noqa: E402
import together  # noqa: E402
from chain import KINDS  # noqa: E402
from tally import Tally  # noqa: E402

PARTS = {"approval": approvals.run, "drift": drift.run, "staleness": stale.run, "asking": asking.run, "together": together.run,
         "around": around.run}


def parts(seed):
    """(name, what to run), by what takes longest."""
    found = [("staleness", PARTS["staleness"])]
    for kind in sorted(KINDS, reverse=True):
        found.append((f"chain of {kind}", lambda check, kind=kind: orders.run(kind, random.Random(f"{seed} {kind}"), check)))
    return found + [(name, body) for name, body in PARTS.items() if name != "staleness"]


def play(name, body, counts):
    """One part. If it can't go on, that is a failure, not the end of the others."""
    check = Tally(name)
    try:
        counts.update(body(check) or {})
    except Exception as error:  # noqa: BLE001
        check(False, f"{name} came to its end: {type(error).__name__}: {str(error)[:1500]}")
    check.print()
    return check


def main(wanted):
    """Arguments name the parts to run; without any, all run."""
    if not shutil.which("slapd", path="/usr/sbin"):
        print("reach: slapd is not installed (apt-get install slapd ldap-utils)")
        return 1
    seed, begun = int(os.environ.get("EXEQUATUR_SEED", time.time())), time.monotonic()
    print(f"seed {seed} (EXEQUATUR_SEED repeats it)", flush=True)
    waiting = [part for part in parts(seed) if not wanted or part[0] in wanted]
    counts, done = collections.Counter(), []

    def work():
        while waiting:
            done.append(play(*waiting.pop(0), counts))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return report(done, counts, time.monotonic() - begun)


def report(done, counts, seconds):
    for check in done:
        for what in check.failed[:3]:
            print(f"failed: {check.part}: {what[:300]}")
    total, failed = sum(check.total for check in done), sum(len(check.failed) for check in done)
    print(f"chains: {counts['order']} orders, {counts['harmless subset']} harmless subsets, {counts['steps']} steps, "
          f"{counts['stopped']} stopped, {counts['runs']} restarts; {seconds:.0f} seconds")
    print(f"reach: {total} checks, {failed} failed")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
