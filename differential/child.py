"""A child process which answers JSON lines; restarted when it dies or takes too long."""

import json
import os
import select
import signal
import subprocess
import time


class Crashed(Exception):
    """The child died, hung or spoke nonsense; the message says which."""


class Child:
    """Asks one question at a time."""

    def __init__(self, command, timeout=20.0, log=None):
        self.command, self.timeout, self.log = command, timeout, log
        self.process, self.buffer, self.restarts = None, bytearray(), 0

    def start(self):
        """Starts the process when there is none."""
        if self.process is None:
            errors = open(self.log, "ab") if self.log else subprocess.DEVNULL
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0)
            if self.log:
                errors.close()
            self.buffer = bytearray()

    def stop(self):
        """Ends the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def send(self, question):
        """Sends a question; `receive` brings the answer."""
        self.start()
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
        except OSError:
            raise self.crashed("died before it read the question") from None

    def receive(self):
        """The answer to the question sent last."""
        end = time.monotonic() + self.timeout
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise self.crashed("took longer than %g s" % self.timeout)
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise self.crashed("died")
            self.buffer += chunk
        line, _, rest = bytes(self.buffer).partition(b"\n")
        self.buffer = bytearray(rest)
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise self.crashed("answered no JSON: %s" % error) from None
        if not isinstance(answer, dict):
            raise self.crashed("answered no object")
        return answer

    def ask(self, question):
        """Question and answer."""
        self.send(question)
        return self.receive()

    def crashed(self, why):
        """Ends the child and makes the exception."""
        try:
            status = self.process.wait(0.2) if why.startswith("died") else None
        except subprocess.TimeoutExpired:
            status = None
        if status is not None and status < 0:
            why += " of " + signal.Signals(-status).name
        elif status:
            why += " with status %d" % status
        self.stop()
        self.restarts += 1
        return Crashed(why)
