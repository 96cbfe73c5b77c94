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
from ldap import LDAP  # noqa: E402
from rig import Rig  # noqa: E402
from tally import Tally, report  # noqa: E402

BACKENDS = {"embedded": Embedded, "ldap": LDAP}


def with_rig(backend, tally, name, body):
    """Runs `body` on a gateway of its own. A test that can't go on is a failure, not the end of the others."""
    rig, system = None, backend()
    try:
        rig = Rig(system)
        if name != "first change":
            # Something in every log before the first checkpoint is kept.
            rig.backend.add_users(["warm-up"])
            rig.do(matrix.steps.set_attribute("warm-up", 0))
        body(rig)
    except Exception as error:  # noqa: BLE001
        tally.at("the test itself", kills=0).check(False, f"{name}: {type(error).__name__}: {error}")
    finally:
        # A system may run though its gateway never did.
        rig.close() if rig else system.close()


def parts(backend, tally, seed):
    """What there is to run, by name; what waits longest comes first."""
    found = {}
    if not backend.kinds:
        found["outcome not stored"] = lambda rig: cases.outcome_not_stored(rig, tally)
    for kind in backend.kinds or matrix.KINDS:
        found[kind] = lambda rig, kind=kind: matrix.judge_later(rig, kind, matrix.play_kind(rig, kind, tally), tally)
    found["edited elsewhere"] = lambda rig: cases.edited_elsewhere(rig, tally)
    if not backend.kinds:
        found["first change"] = lambda rig: cases.first_change(rig, tally)
        found["killed while starting"] = lambda rig: cases.killed_while_starting(rig, tally, random.Random(seed))
        found["load"] = lambda rig: load.rounds(rig, tally, random.Random(seed))
    return found


def main(arguments):
    """The first argument may name one system, further ones the parts to run on it; without any, all run on all."""
    seed = int(os.environ.get("EXEQUATUR_SEED", time.time()))
    print(f"seed {seed} (EXEQUATUR_SEED repeats it)")
    tallies, waiting = [], []
    for system in arguments[:1] or BACKENDS:
        tallies.append(Tally(system))
        known = parts(BACKENDS[system], tallies[-1], seed)
        waiting += [(BACKENDS[system], tallies[-1], name, known[name]) for name in arguments[1:] or known]

    def work():
        while waiting:
            with_rig(*waiting.pop(0))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return 0 if report(tallies) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
