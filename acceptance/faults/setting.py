"""A gateway on a disk that can fail, and what must hold of it whatever happened."""
import json
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "crash"), str(HERE.parent / "lib")]

import steps  # noqa: E402
from backend import Embedded  # noqa: E402
from rig import AGENT, Rig, new_key  # noqa: E402
from world import BINARY, wait_until  # noqa: E402

from disk import Disk, build  # noqa: E402

LIBRARY = build()
DOUBTFUL = 74


class Setting:
    """One request after the other, each for somebody of its own, so that each effect can be counted."""

    def __init__(self, tally):
        self.tally, self.asked, self.number, self.disk = tally, [], 0, None
        self.rig = Rig(Embedded(), self.prepare)
        self.world = self.rig.world
        self.token = self.world.token(AGENT)
        self.do()

    def prepare(self, world):
        self.disk = Disk(LIBRARY, world.folder)
        world.environment = self.disk.environment

    def close(self):
        self.rig.close()

    # Asking

    def step(self):
        """The next request, and the key to ask with."""
        self.number += 1
        user = f"victim-{self.number}"
        self.rig.backend.add_users([user])
        step, key = steps.set_attribute(user, self.number), new_key()
        step.mark = self.rig.backend.remember(step)
        self.asked.append((step, key))
        return step, key

    def do(self):
        step, key = self.step()
        return self.rig.ask(step, key, self.token)

    def crowd(self, count):
        """Asks for so many at once. Returns the threads and, as they come, the answers."""
        answers = []
        wanted = [self.step() for _ in range(count)]
        threads = [threading.Thread(target=lambda pair=pair: answers.append(self.rig.ask(*pair, self.token))) for pair in wanted]
        for thread in threads:
            thread.start()
        return threads, answers

    # What must hold

    def is_dead(self, seconds=10):
        return wait_until(lambda: self.world.process.poll() is not None, seconds)

    def fsck(self, at):
        """Of a gateway that is not running."""
        done = subprocess.run(
            [BINARY, "audit", "fsck", "--state", self.world.state, "--key", self.world.folder / "keys/log.vkey", "--json"],
            capture_output=True, text=True, timeout=120)
        try:
            problems = json.loads(done.stdout)["problems"]
        except ValueError:
            problems = [done.stdout + done.stderr]
        at.check(done.returncode == 0 and not problems, f"fsck: {problems[:3]}")

    def again(self, at):
        """Examines what is left, starts on it, and asks for everything again that was asked."""
        self.disk.mend()
        self.world.stop(kill=True)
        self.fsck(at)
        self.rig.start()
        self.judge(at)

    def judge(self, at):
        """Every request, asked for again under its key, was done once or is done now, or was refused and is not done."""
        for step, key in self.asked:
            self.rig.ask(step, key, self.token)
        wait_until(lambda: not self.rig.rows("SELECT 1 FROM change WHERE state = 'executing'"), 15)
        intents = {row[0] for row in self.rig.rows("SELECT change FROM intent")}
        changes = {}
        for id, change in self.rig.changes().items():
            changes.setdefault(change["input"]["value"], []).append((id, change["state"]))
        for step, _ in self.asked:
            mine, count = changes.get(step.value, []), self.rig.backend.count_effect(step)
            at.once(count <= 1 and len(mine) <= 1, f"{step.target}: {count} effects, {len(mine)} changes for one request")
            done = [id for id, state in mine if state == "executed"]
            at.check(len(done) == count, f"{step.target}: {count} effects, {[state for _, state in mine]}")
            at.check(not count or any(id in intents for id, _ in mine), f"{step.target}: an effect without an intent")
            at.check(self.rig.backend.has_effect(step) == (count == 1), f"{step.target}: written, and another value is there")
        at.clean(not self.rig.backend.leftover_accounts(), "a credential was left behind")
        self.asked = []

    def told(self, answers, at):
        """What was acknowledged is true."""
        for status, answer in answers:
            if status == 200 and answer.get("status") == "done" and "change" in answer:
                at.check(self.rig.state(answer["change"]) == "executed", f"acknowledged, and {self.rig.state(answer['change'])}")
