"""A gateway whose queue is looked at from all sides: agents, people, the store and the log."""
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time

import policies
from people import Desk
from wire import Agent
from world import World

PEOPLE = {"dana": ["leads"], "erik": ["leads"], "farah": ["security"], "gil": ["audit"], "olga": []}
# Twenty changes of each: 80, and 200 with LONG=1.
AGENTS = [f"agent-{letter}" for letter in ("abcdefghij" if os.environ.get("LONG") else "abcd")]
RACERS = ["racer-a", "racer-b", "racer-c"]
WORKLOADS = {name: {"owner": "olga", "groups": []} for name in AGENTS + RACERS}
SYSTEM = {"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}


class Setting:
    def __init__(self):
        self.world = World(policies.FIRST, [SYSTEM], PEOPLE, WORKLOADS, gateway="queue", waiting=20)
        self.tokens = {name: self.world.token(name) for name in AGENTS + RACERS}
        # What is to end with its task has a task of its own.
        self.ending = {name: self.world.token(name) for name in AGENTS}
        self.checks, self.failed, self.tries = 0, [], 0
        self.start()

    def start(self):
        self.world.start()
        self.desk = Desk(self.world, [])

    def stop(self, kill=False):
        self.world.stop(kill)

    def agent(self, name, ending=False):
        return Agent(self.world.port, (self.ending if ending else self.tokens)[name], [])

    def check(self, held, what):
        self.checks += 1
        if not held:
            self.failed.append(what)
        if not held or not what.startswith("each"):
            print(f"  {'ok  ' if held else 'FAIL'} {what}", flush=True)

    # What there is

    def create(self, agent, name, ending=False, **more):
        return self.agent(agent, ending).api("user.create", {"user": name, "displayName": "N", "surname": "N"}, **more)

    def states(self):
        """Every change's state, wait and reason, as the store has it."""
        with contextlib.closing(sqlite3.connect(self.world.state / "exequatur.sqlite", timeout=10)) as db:
            rows = [json.loads(row[0]) for row in db.execute("SELECT json FROM change")]
        return {row["id"]: (row["state"], row["wait"], row.get("reason")) for row in rows}

    def exists(self, name):
        with contextlib.closing(sqlite3.connect(self.world.state / "corp.sqlite", timeout=10)) as db:
            return bool(db.execute("SELECT 1 FROM entry WHERE name = ?", (name,)).fetchone())

    def told(self, agent, change):
        return self.agent(agent).status(change).answer.get("code")

    def until(self, holds, seconds=60):
        end = time.monotonic() + seconds
        while not holds() and time.monotonic() < end:
            time.sleep(0.2)
        return holds()

    # What people do

    def sign(self, change, person, verdict="approve", other=None):
        """A statement on the change as it is shown now, signed and handed in."""
        statement = self.desk_statement(change, person)
        if statement is None:
            return None
        return self.desk.hand_in(change, {**statement, "verdict": verdict, **(other or {})}, person)

    def desk_statement(self, change, person):
        shown = self.show(change)
        if "digests" not in shown:
            return None
        now = int(time.time() * 1000)
        return {"type": "exequatur-approval-v2", "verdict": "approve", "gateway": self.world.gateway, "change": change,
                **shown["digests"], "approver": person, "issued": now, "expires": now + 600_000, "nonce": os.urandom(16).hex()}

    def show(self, change):
        return self.desk.call("GET", f"changes/{change}", bearer=self.desk.session("dana")).json

    def retry(self, change):
        return self.desk.call("POST", f"changes/{change}/retry", {}, bearer=self.desk.session("dana"))

    # What changes around them

    def reload(self, policy, wanted="policies reloaded"):
        """Other policies; returns once the gateway says what came of them."""
        log = self.world.folder / "server.log"
        before = log.read_text().count(wanted)
        (self.world.folder / "policy.cedar").write_text(policy)
        self.world.process.send_signal(signal.SIGHUP)
        return self.until(lambda: log.read_text().count(wanted) > before, 20)

    def decisions(self):
        with contextlib.closing(sqlite3.connect(self.world.state / "exequatur.sqlite", timeout=10)) as db:
            return db.execute("SELECT count(*) FROM log_entry WHERE log = 'decisions'").fetchone()[0]

    def examined(self, count, since):
        """Waits until so many changes were decided anew."""
        return self.until(lambda: self.decisions() >= since + count)

    @contextlib.contextmanager
    def outage(self):
        """The directory's table is away: nothing can be read from it."""
        with contextlib.closing(sqlite3.connect(self.world.state / "corp.sqlite", timeout=10, isolation_level=None)) as db:
            db.execute("PRAGMA legacy_alter_table = ON")
            db.execute("ALTER TABLE entry RENAME TO away")
            try:
                yield
            finally:
                db.execute("ALTER TABLE away RENAME TO entry")

    def age(self, how, changes):
        """The stopped gateway's changes, as an older version or another catalogue would have left them."""
        subprocess.run(
            [os.environ["STORE_PROBE"], "age", self.world.state, self.world.folder / "keys/log.key", self.world.gateway, how, *changes],
            check=True, timeout=60)
