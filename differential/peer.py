"""The reference engine as a child process: JSON lines in and out."""

import json
import os
import sys

import child


class Peer(child.Child):
    """The parent's end."""

    def __init__(self, log=None):
        super().__init__([sys.executable, os.path.abspath(__file__)], 20.0, log)


def main():
    """The child's end; a fault of this program is reported as `peerFault`."""
    import reference
    for line in sys.stdin.buffer:
        question = json.loads(line)
        try:
            answer = reference.check(question) if question.get("op") == "check" else reference.evaluate(question)
        except Exception as error:
            answer = {"id": question["id"], "peerFault": "%s: %s" % (type(error).__name__, error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
