"""Instructions of one authorization, counted by callgrind: exact where times are noisy. `scripts/instructions` runs this.

The count is the difference of two runs that repeat the same requests more and less often, so start-up, parsing and output
cancel out. Needs CEDAR_PROBE (a release build of cedar-probe) and valgrind. More than 1.15 × a threshold fails; --update rewrites the thresholds.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from applications import gdrive
from tenants import large

THRESHOLDS = pathlib.Path(__file__).with_name("thresholds.json")
REQUESTS, FEW, MANY = 500, 2, 6
WORSE, BETTER = 1.15, 0.8
WORKLOADS = {"gdrive 50": lambda: gdrive(50, REQUESTS), "large 10,000": lambda: large(10_000, REQUESTS)}


def total(binary, paths, repeats, folder):
    out = folder / f"callgrind.{repeats}"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary,
               *(str(paths[name]) for name in ("policies", "entities", "schema", "requests")), str(repeats)]
    # Swift seeds its hashing per process unless told not to; two runs would differ.
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"})
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    for line in out.read_text().splitlines():
        if line.startswith(("totals:", "summary:")):
            return int(line.split()[1])
    raise SystemExit(f"callgrind wrote no totals into {out}")


def count(binary, workload):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        paths = workload.write(folder)
        more, less = (total(binary, paths, repeats, folder) for repeats in (MANY, FEW))
    return round((more - less) / ((MANY - FEW) * REQUESTS))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="rewrite thresholds.json with what is measured")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    options = parser.parse_args()
    binary = os.environ.get("CEDAR_PROBE")
    if not binary:
        raise SystemExit("CEDAR_PROBE is not set")
    counts = {name: count(binary, make()) for name, make in WORKLOADS.items()}
    if options.json:
        print(json.dumps(counts))
    if options.update:
        THRESHOLDS.write_text(json.dumps(counts, indent=2) + "\n")
    thresholds = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {}
    failed = False
    for name, instructions in counts.items():
        known = thresholds.get(name)
        ratio = instructions / known if known else None
        note = "no threshold: run with --update" if not known else "FAIL" if ratio > WORSE else \
            "better: lower the threshold with --update" if ratio < BETTER else "pass"
        failed |= not known or ratio > WORSE
        print(f"{name:14}{instructions:>12,} instructions{known or 0:>12,} threshold{ratio or 0:8.2f} ×  {note}",
              file=sys.stderr if options.json else sys.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
