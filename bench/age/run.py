"""Start and memory by how many entries a store has; every tenth entry comes with a record that is over.

    LONG=1   up to 10 million entries: some minutes, and 10 GB of disk
"""
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "acceptance/lib")]
from world import ROOT, World  # noqa: E402

SIZES = [0, 10_000, 100_000, 1_000_000] + ([10_000_000] if os.environ.get("LONG") == "1" else [])
STARTS = 5


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def start(world):
    """Seconds until it listens, and memory once it has served for some seconds."""
    begun = time.perf_counter()
    world.start(poll=0.002)
    seconds = time.perf_counter() - begun
    time.sleep(5)
    memory = resident(world.process.pid)
    world.stop()
    return seconds, memory


def main():
    world = World(
        (ROOT / "examples/demo/policy.cedar").read_text(),
        [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}], {"olga": ["service-desk-leads"]},
        {"agent": {"owner": "olga", "groups": ["service-desk"]}}, gateway="aged")
    try:
        start(world)
        print(f"{'entries':>12}{'on disk, MiB':>14}{'start, ms':>11}{'memory, MiB':>13}")
        before, table = 0, {}
        for size in SIZES:
            if size > before:
                subprocess.run(
                    [os.environ["STORE_PROBE"], "fill", world.state, world.folder / "keys/log.key", "aged", str(size - before)],
                    check=True, stderr=subprocess.DEVNULL)
                before = size
            starts, memory = zip(*(start(world) for _ in range(STARTS)))
            table[size] = (statistics.median(starts) * 1000, statistics.median(memory) / 2**20)
            disk = sum(file.stat().st_size for file in world.state.glob("exequatur.sqlite*") if "reserve" not in file.name) / 2**20
            print(f"{size:12,}{disk:14.0f}{table[size][0]:11.0f}{table[size][1]:13.0f}", flush=True)
        last, first = table[SIZES[-1]], table[SIZES[1]]
        for name, value, isMet in [
                ("start at the most entries, ms", last[0], last[0] <= 1000), ("memory at most / at few", last[1] / first[1], last[1] <= 1.1 * first[1]),
                ("start on an empty store, ms", table[0][0], table[0][0] <= 100), ("memory idle, MiB", table[0][1], table[0][1] <= 60)]:
            print(f"{'pass' if isMet else 'miss'}  {name}: {value:.2f}")
    finally:
        world.close()


if __name__ == "__main__":
    main()
