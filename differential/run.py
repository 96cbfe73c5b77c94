"""Differential test of a Cedar engine (CEDAR_PROBE, speaking JSON lines) against cedarpy.

  run.py [--sets N] [--requests-per-set R] [--seed S] [--case K] [--jobs J] [--out DIR] [--stats]
  run.py --replay FILES…     compare the probe with recorded expectations (no cedarpy needed)
  run.py --record FILES…     fill in `expected` from cedarpy
"""

import argparse
from collections import Counter
import multiprocessing
import os
import queue
import random
import sys
import time

EVERY = 5.0


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=20000)
    parser.add_argument("--requests-per-set", type=int, default=10)
    parser.add_argument("--seed", default=None)
    parser.add_argument("--case", type=int, default=None, help="only this case of the seed; prints it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", default="failures")
    parser.add_argument("--keep", type=int, default=10, help="shrunk cases kept per category and job")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--stats", action="store_true", help="coverage of the generated constructs")
    parser.add_argument("--replay", nargs="+", metavar="FILE")
    parser.add_argument("--record", nargs="+", metavar="FILE")
    return parser.parse_args()


def main():
    """Dispatches; exits with 1 on any difference."""
    options = arguments()
    if not options.record and not os.environ.get("CEDAR_PROBE"):
        sys.exit("set CEDAR_PROBE to the program under test")
    if options.replay or options.record:
        import replay
        sys.exit(replay.replay(options.replay) if options.replay else replay.record(options.record))
    if options.seed is None:
        options.seed = str(random.SystemRandom().randrange(10**9))
    print("seed %s" % options.seed, flush=True)
    if options.case is not None:
        sys.exit(single(options))
    sys.exit(campaign(options))


def single(options):
    """One case, shown in full."""
    from worker import Worker
    worker = Worker(options, 0, None)
    try:
        worker.case(options.case, show=True)
    finally:
        worker.stop()
    return report(worker.counts, worker.found, worker.stats if options.stats else None)


def campaign(options):
    """All cases, shared among the jobs, with a line of progress every few seconds."""
    from worker import work
    results = multiprocessing.Queue()
    jobs = [multiprocessing.Process(target=work, args=(options, i, results), daemon=True) for i in range(options.jobs)]
    for job in jobs:
        job.start()
    counts, found, stats = {}, {}, {}
    start = shown = time.monotonic()
    lost = 0
    while any(not counts.get(i, {}).get("finished") for i in range(len(jobs))):
        try:
            index, counts[index], found[index], stats[index] = results.get(timeout=1.0)
        except queue.Empty:
            dead = [i for i, job in enumerate(jobs) if not job.is_alive() and not counts.get(i, {}).get("finished")]
            if dead and results.empty():
                lost += len(dead)
                for i in dead:
                    counts.setdefault(i, Counter())["finished"] = 1
        if time.monotonic() - shown >= EVERY:
            shown = time.monotonic()
            done, taken = sum(counts.values(), Counter()), shown - start
            print("%6.0f s  %d sets  %.1f sets/s  %d requests  %d peer crashes  %d differences" % (
                taken, done["sets"], done["sets"] / taken, done["requests"], done["peer crashes"],
                sum(sum(f.values()) for f in found.values())), flush=True)
    print("%.0f s, %.1f sets/s" % (time.monotonic() - start, sum(counts.values(), Counter())["sets"] / (time.monotonic() - start)))
    total = sum(found.values(), Counter())
    if lost:
        total["job lost"] += lost
    return report(sum(counts.values(), Counter()), total, sum(stats.values(), Counter()) if options.stats else None)


def report(counts, found, stats):
    """The tables at the end; the exit status."""
    from stats import table
    counts = Counter(counts)
    counts.pop("finished", None)
    if stats is not None:
        print("generated constructs\n" + table(stats))
    print("totals\n" + table(counts))
    print("differences per category\n" + (table(found) if found else "  none"))
    return 1 if sum(found.values()) else 0


if __name__ == "__main__":
    main()
