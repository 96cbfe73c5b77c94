"""The engine under test as a child process: the program named by CEDAR_PROBE."""

import os
import shlex

import child


class Probe(child.Child):
    """Speaks the protocol with the program under test."""

    def __init__(self, log=None):
        super().__init__(shlex.split(os.environ["CEDAR_PROBE"]), 20.0, log)
