"""Every client mode plays the whole story on the embedded directory; what happened is read from its file."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from agent import MODES  # noqa: E402
from cast import PEOPLE, WORKLOADS, policy  # noqa: E402
from embedded import CAST, SYSTEM, EmbeddedEffect  # noqa: E402
from story import play  # noqa: E402
from world import Checks, World  # noqa: E402


def run(mode, check):
    world = World(policy(CAST.namespace, CAST.system), [SYSTEM], PEOPLE, WORKLOADS)
    try:
        world.start()
        play(world, CAST, EmbeddedEffect(world.state / "corp.sqlite"), check, mode)
    finally:
        world.close()


def main():
    check = Checks()
    for mode in MODES:
        run(mode, check)
    for what in check.failed:
        print(f"failed: {what}")
    print(f"mcp: {len(MODES)} client modes, {check.total} checks, {len(check.failed)} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
