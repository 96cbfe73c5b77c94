"""Whatever happens to the gateway's disk, process and clock: nothing is done without an intent on disk, nothing twice, nothing lost.

    LONG=1   200 kills, 200 torn writes, 2,000 places where the disk is full
"""
import os
import random
import sys
import threading
import time

import setting as settings
from setting import Setting

import failures
import disk
from tally import Tally, report

LONG = os.environ.get("LONG") == "1"
KILLS, TORN, FULL, WORKERS = (200, 200, 2000, 2) if LONG else (40, 12, 32, 2)
# A page of the write-ahead log with its header.
FRAME = 24 + 4096


def calls(setting):
    """How often a whole change writes and syncs, at its usual; and how many bytes."""
    before = setting.disk["end"]
    found = setting.disk.count(setting.do)
    return (*found, setting.disk["end"] - before)


def parts(tally, seed):
    chance = random.Random(seed)

    def kills(setting):
        failures.kills(setting, tally, KILLS // 2, random.Random(chance.random()))

    def writes(half):
        def run(setting):
            total = calls(setting)[0]
            failures.each_call(setting, tally, disk.FAIL_WRITE, total, "write", range(half, total, 2))
        return run

    def syncs(setting):
        total = calls(setting)[1]
        at = tally.at("a whole change is synced", kills=0)
        at.check(total >= 3, f"{total} times, and not the three that it waits for")
        at.done(f"{total} times")
        failures.each_call(setting, tally, disk.FAIL_SYNC, total, "sync", range(total))
        failures.torn(setting, tally, calls(setting)[0], TORN, random.Random(seed + 1))

    def full(setting):
        length = calls(setting)[2]
        edges = [edge + some for edge in range(0, length, FRAME) for edge, some in ((edge, 0), (edge, 24))]
        offsets = edges + [random.Random(seed + 2).randrange(length) for _ in range(FULL)]
        failures.full(setting, tally, sorted(offsets))

    def moving(setting):
        failures.moving(setting, tally, disk.FAIL_SYNC, "a sync")
        failures.moving(setting, tally, disk.FAIL_WRITE, "a write")

    def others(setting):
        failures.read_only(setting, tally)
        failures.clock(setting, tally)

    return {"kills": kills, "more kills": kills, "writes": writes(0), "other writes": writes(1), "syncs": syncs, "full": full, "moving": moving,
            "others": others}


def main(arguments):
    seed = int(os.environ.get("EXEQUATUR_SEED", time.time()))
    print(f"seed {seed} (EXEQUATUR_SEED repeats it)")
    tally = Tally("faults")
    known = parts(tally, seed)
    waiting = [(name, known[name]) for name in arguments or known]

    def work():
        while waiting:
            name, body = waiting.pop(0)
            setting, begun = None, time.monotonic()
            try:
                setting = Setting(tally)
                body(setting)
            except Exception as error:  # noqa: BLE001
                tally.at("the test itself", kills=0).check(False, f"{name}: {type(error).__name__}: {error}")
            finally:
                if setting:
                    setting.close()
            print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    settings.LIBRARY.unlink()
    return 0 if report([tally], "faults") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
