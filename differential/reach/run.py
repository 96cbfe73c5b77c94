"""Compare an engine with the reference: run.py --engine CMD --count N --seed S [--jobs J] | --replay."""
import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from pathlib import Path

from engine import differences
from features import features
from generate import generate
from shrink import shrink

CASES = Path(__file__).resolve().parent / "cases"
BATCH = 250


def work(job):
    """One batch: counts and the differences."""
    command, seed, start, end = job
    cases = [generate(random.Random(f"{seed}:{at}"), f"s{seed}-{at:06d}") for at in range(start, end)]
    verdicts, seen, wrong = Counter(), Counter(), []
    for row in differences(command, cases):
        verdicts[row[1]["verdict"]] += 1
        seen.update(features(row[0], row[1]))
        wrong += [row] if row[3] else []
    return verdicts, seen, wrong


def jobs(options):
    """The batches of a run."""
    for start in range(0, options.count, BATCH):
        yield options.engine, options.seed, start, min(start + BATCH, options.count)


def report_counts(verdicts, seen, seconds):
    """Counts by verdict and by feature."""
    total = sum(verdicts.values())
    for name, count in sorted(verdicts.items()):
        print(f"{count:8}  {100 * count / total:5.1f} %  {name}")
    for name, count in sorted(seen.items()):
        print(f"{count:8}  {name}")
    print(f"{total} cases, {total / seconds:.0f} a second")


def store(command, row):
    """Shrink a difference, write it down and print it."""
    case, _, _, kind = row
    small = shrink(command, case, kind)
    _, expected, actual, _ = differences(command, [small])[0]
    path = CASES / f"{case['id']}.json"
    CASES.mkdir(exist_ok=True)
    text = json.dumps({"case": small, "expected": expected, "engine": actual}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"first difference, shrunk: {path}\n{text}\n--- rules\n{small.get('rules')}\n---")


def compare(options):
    """A whole run; the exit code."""
    started, verdicts, seen, wrong = time.time(), Counter(), Counter(), []
    with multiprocessing.Pool(options.jobs) as pool:
        for batch in pool.imap(work, jobs(options)):
            verdicts.update(batch[0])
            seen.update(batch[1])
            wrong += batch[2]
    report_counts(verdicts, seen, time.time() - started)
    print(f"{len(wrong)} differences", dict(Counter("/".join(map(str, row[3])) for row in wrong)))
    if wrong:
        store(options.engine, wrong[0])
    return 1 if wrong else 0


def replay(options):
    """The stored cases once more; the exit code."""
    paths = sorted(CASES.glob("*.json"))
    cases = [json.loads(path.read_text(encoding="utf-8"))["case"] for path in paths]
    rows = differences(options.engine, cases) if cases else []
    wrong = [(path, row) for path, row in zip(paths, rows) if row[3]]
    for path, row in wrong:
        print(f"{path.name}: expected {row[1]}, engine {row[2]}")
    print(f"{len(paths)} stored cases, {len(wrong)} differ")
    return 1 if wrong else 0


def main():
    """Read the options and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--replay", action="store_true")
    options = parser.parse_args()
    return replay(options) if options.replay else compare(options)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main())
