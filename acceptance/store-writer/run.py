"""Alters the store in every way its schema has, while the gateway runs and while it does not."""
import concurrent.futures
import os
import random
import shutil
import sqlite3
import sys
import threading
import time

import tries
from history import History

LONG = os.environ.get("LONG") == "1"


def found_offline(history, pristine, statements):
    """Whether the auditor finds it in a copy of the state."""
    copy = history.world.folder / f"copy-{threading.get_ident()}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(pristine, copy)
    if not tries.perform(copy / "exequatur.sqlite", statements):
        return None
    code, report = history.world.verify(history.kept, state=copy)
    return code != 0 and bool(report.get("problems"))


def progress(results, count, what):
    """Says now and then how far it is."""
    begun = time.monotonic()
    for number, result in enumerate(results, 1):
        if number % 100 == 0 or number == count:
            print(f"  {what}: {number} of {count}, {time.monotonic() - begun:.0f} s", flush=True)
        yield result


def put_back(history, pristine):
    history.world.stop(kill=True)
    shutil.rmtree(history.world.state)
    shutil.copytree(pristine, history.world.state)
    history.start()


def effects_online(history, statements, expected):
    """What the directory has that it should not have, after the store was altered under a running gateway."""
    if not tries.perform(history.world.state / "exequatur.sqlite", statements):
        return None
    history.want()
    return history.directory() ^ expected


def main():
    seed = int(os.environ.get("EXEQUATUR_SEED", time.time()))
    print(f"seed {seed} (EXEQUATUR_SEED repeats it)")
    chance = random.Random(seed)
    history = History()
    failed, counts = [], {"found": 0, "refused by the store": 0, "online": 0, "effects": 0, "starts refused": 0}
    try:
        pristine = history.world.folder / "pristine"
        history.world.stop()
        shutil.copytree(history.world.state, pristine)
        db = sqlite3.connect(pristine / "exequatur.sqlite")
        every = list(tries.all_tries(db, history.old, 12 if LONG else 4))
        db.close()
        code, report = history.world.verify(history.kept, state=pristine)
        if code != 0:
            failed.append(f"the untouched store is not whole: {report}")
        chosen = every if LONG else chance.sample(every, min(len(every), 80))
        print(f"{len(every)} ways to alter the store, {len(chosen)} tried")
        if len(every) < 300:
            failed.append(f"only {len(every)} ways to alter the store, and not 300")
        with concurrent.futures.ThreadPoolExecutor(2) as workers:
            results = workers.map(lambda one: found_offline(history, pristine, one[1]), chosen)
            results = list(progress(results, len(chosen), "offline"))
        for (name, _), found in zip(chosen, results):
            counts["refused by the store" if found is None else "found"] += 1
            if found is False:
                failed.append(f"not found by the auditor: {name}")
                print(f"  FAIL not found: {name}", flush=True)
        online(history, pristine, chance, every, counts, failed)
    finally:
        history.world.close()
    for line in failed:
        print(f"FAILED: {line}")
    print(f"store-writer: {', '.join(f'{value} {key}' for key, value in counts.items())}, {len(failed)} failed")
    return 1 if failed else 0


def online(history, pristine, chance, every, counts, failed):
    tables = sorted({name.split(":")[0].split(".")[0] for name, _ in every if not name.startswith("the ")})
    by_table = {table: [t for t in every if t[0].startswith((f"{table}.", f"{table}:"))] for table in tables}
    sample = [t for t in every if "as it was before" in t[0] or t[0].startswith("the ")]
    for table in tables:
        sample += chance.sample(by_table[table], min(len(by_table[table]), 12 if LONG else 1))
    if not LONG:
        sample = chance.sample(sample, 12)
    history.start()
    history.want()
    expected = history.directory()
    for name, statements in progress(sample, len(sample), "online"):
        put_back(history, pristine)
        wrong = effects_online(history, statements, expected)
        if wrong is None:
            continue
        counts["online"] += 1
        if wrong:
            counts["effects"] += 1
            failed.append(f"an effect that nobody allowed: {name}: {wrong}")
        history.world.stop(kill=True)
        try:
            history.start()
        except RuntimeError:
            counts["starts refused"] += 1


if __name__ == "__main__":
    sys.exit(main())
