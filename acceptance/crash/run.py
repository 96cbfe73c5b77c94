"""Kills the gateway at each step of execution, restarts it on the same state and compares it with the system behind it."""
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import cases  # noqa: E402
import load  # noqa: E402
import matrix  # noqa: E402
from backend import Embedded  # noqa: E402
from rig import Rig  # noqa: E402
from tally import Tally  # noqa: E402


def with_rig(backend, tally, name, body):
    """Runs `body` on a gateway of its own. A test that can't go on is a failure, not the end of the others."""
    rig = None
    try:
        rig = Rig(backend())
        if name != "first change":
            # Something in every log before the first checkpoint is kept.
            rig.backend.add_users(["warm-up"])
            rig.do(matrix.steps.set_attribute("warm-up", 0))
        body(rig)
    except Exception as error:  # noqa: BLE001
        tally.at("the test itself", kills=0).check(False, f"{name}: {type(error).__name__}: {error}")
    finally:
        if rig:
            rig.close()


def parts(tally, seed):
    """What there is to run, by name; what waits longest comes first."""
    found = {"outcome not stored": lambda rig: cases.outcome_not_stored(rig, tally)}
    for kind in matrix.KINDS:
        found[kind] = lambda rig, kind=kind: matrix.judge_later(rig, kind, matrix.play_kind(rig, kind, tally), tally)
    found["first change"] = lambda rig: cases.first_change(rig, tally)
    found["edited elsewhere"] = lambda rig: cases.edited_elsewhere(rig, tally)
    found["killed while starting"] = lambda rig: cases.killed_while_starting(rig, tally, random.Random(seed))
    found["load"] = lambda rig: load.rounds(rig, tally, random.Random(seed))
    return found


def main(backend=Embedded):
    """`backend` is called once per gateway: another kind of system is tested by another subclass. Arguments name the
    parts to run; without any, all run."""
    seed = int(os.environ.get("EXEQUATUR_SEED", time.time()))
    print(f"seed {seed} (EXEQUATUR_SEED repeats it)")
    tally = Tally()
    known = parts(tally, seed)
    waiting = [(name, known[name]) for name in sys.argv[1:] or known]

    def work():
        while waiting:
            with_rig(backend, tally, *waiting.pop(0))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return 0 if tally.report() else 1


if __name__ == "__main__":
    sys.exit(main())
