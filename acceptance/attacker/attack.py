"""Plays the attacker against one gateway, boundary by boundary, and then looks at what is left."""
import sys

import approvals
import evidence
import flooding
import inputs
import locks
import mcp_doors
import mcp_tricks
import privilege
import replay
import searching
import tampering
import tokens
import wiring
from aftermath import aftermath
from scene import Scene

PARTS = [tokens, mcp_doors, mcp_tricks, inputs, wiring, privilege, searching, approvals, tampering, replay, locks, evidence]


def play(scene, part):
    print(part.__doc__.splitlines()[0], flush=True)
    for name, attack, *raw in part.tries(scene):
        scene.attempt(name, attack, raw=bool(raw))


def main():
    scene = Scene()
    chosen = set(sys.argv[1:])
    try:
        for part in PARTS:
            if not chosen or part.__name__ in chosen:
                play(scene, part)
        aftermath(scene)
        play(scene, flooding)
    finally:
        scene.world.close()
    for line in [f"shape: {s}" for s in scene.shapes] + [f"SUCCEEDED: {s}" for s in scene.successes]:
        print(line)
    print(f"{len(scene.shapes)} refusals or checks not as they should be")
    print(f"attacker: {scene.tries} attempts, {len(scene.successes)} successes")
    return 1 if scene.successes or scene.shapes else 0


if __name__ == "__main__":
    sys.exit(main())
