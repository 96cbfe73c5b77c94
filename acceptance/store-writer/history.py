"""A gateway with some history, and everything somebody might want of it who can write its store."""
import contextlib
import json
import sqlite3

from people import Desk
from wire import Agent
from world import ROOT, World, wait_until

PEOPLE = {"dana.moe": ["service-desk-leads"], "farah.noor": ["security"], "olga": ["service-desk-leads"], "kai.nilsen": []}
WORKLOADS = {name: {"owner": "olga", "groups": ["service-desk"]} for name in ("agent-a", "agent-b")}


class History:
    def __init__(self):
        systems = [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}]
        self.world = World((ROOT / "examples/demo/policy.cedar").read_text(), systems, PEOPLE, WORKLOADS, gateway="written")
        path = self.world.folder / "exequatur.yaml"
        configuration = json.loads(path.read_text())
        for person in configuration["persons"]:
            person["subjects"] = [{"issuer": "https://issuer.test", "subject": f"user-{person['id']}"}]
        path.write_text(json.dumps(configuration))
        self.tokens = {
            "a": self.world.token("agent-a"), "b": self.world.token("agent-b"),
            # kai.nilsen may nothing: what an agent does for him is nothing either.
            "for kai": self.world.token("user-kai.nilsen", act={"sub": "agent-a"}), "ended": self.world.token("agent-a")}
        self.start()
        self.live()

    def start(self):
        """Until everything was checked that a start leaves out: what is altered from here on is found only where it is used."""
        self.seen = []
        log = self.world.folder / "server.log"
        before = log.stat().st_size if log.exists() else 0
        self.world.start()
        if not wait_until(lambda: b"the store is what the gateway wrote" in log.read_bytes()[before:], 20):
            raise RuntimeError("the store was not checked whole")
        self.desk = Desk(self.world, self.seen)

    def agent(self, name):
        return Agent(self.world.port, self.tokens[name], self.seen)

    def live(self):
        a = self.agent("a")
        key = [("Idempotency-Key", "once")]
        self.title = {"user": "milo.dahl", "value": "Captain"}
        self.executed = a.api("user.set-title", self.title, key).answer["change"]
        self.waiting = a.api("group.add-member", {"group": "payroll-readers", "member": "nora.lie"}).answer["change"]
        self.other = a.api("group.add-member", {"group": "payroll-readers", "member": "milo.dahl"}).answer["change"]
        self.refused = a.api("group.add-member", {"group": "vpn-users", "member": "milo.dahl"}).answer["change"]
        self.proposed = a.api("user.disable", {"user": "lena.vik"}).answer["change"]
        self.agent("for kai").api("user.read", {"user": "milo.dahl"})
        self.agent("ended").api("user.read", {"user": "milo.dahl"})
        # What a person who looked in time knows of it, whatever becomes of its record.
        self.digests = {change: self.desk.show(change)["digests"] for change in (self.refused, self.other)}
        self.old = self.copy()
        self.desk.approve(self.waiting, "dana.moe")
        self.refuse(self.refused, "dana.moe")
        self.agent("ended").send("POST", "/v1/task/end", {})
        self.desk.call("POST", "locks", {"scope": "workload", "subject": "agent-b"}, self.desk.session("olga"))
        self.kept = self.world.keep_checkpoints("dana.moe")

    def refuse(self, change, person):
        # By what was shown in time: an altered change is not shown any more, and is refused all the same.
        self.desk.hand_in(change, self.desk.statement(change, person, {"verdict": "refuse", **self.digests[change]}), person)

    def copy(self):
        """The store as it is now, in memory."""
        memory = sqlite3.connect(":memory:")
        with sqlite3.connect(self.world.state / "exequatur.sqlite", timeout=10) as db:
            db.backup(memory)
        return memory

    def directory(self):
        db = sqlite3.connect(self.world.state / "corp.sqlite", timeout=10)
        try:
            queries = ["SELECT id, kind, name, enabled FROM entry", "SELECT * FROM attribute", "SELECT * FROM member"]
            return {row for query in queries for row in db.execute(query)}
        finally:
            db.close()

    def want(self):
        """Asks for all that neither signatures nor policy allow."""
        a, b = self.agent("a"), self.agent("b")
        for person in ("dana.moe", "farah.noor"):
            self.attempt(lambda p=person: self.desk.approve(self.refused, p))
        self.attempt(lambda: self.desk.approve(self.waiting, "dana.moe"))
        # Refused while the store is as it was altered, it must not run when its record is put back.
        self.attempt(lambda: self.refuse(self.other, "dana.moe"))
        self.put_back(self.other)
        for person in ("dana.moe", "farah.noor"):
            self.attempt(lambda p=person: self.desk.approve(self.other, p))
        self.attempt(lambda: self.desk.call("POST", f"changes/{self.proposed}/adopt", {}, self.desk.session("farah.noor")))
        a.api("user.set-title", self.title, [("Idempotency-Key", "once")])
        b.api("user.set-title", {"user": "kai.nilsen", "value": "Locked out"})
        self.agent("for kai").api("user.set-title", {"user": "kai.nilsen", "value": "Not delegable"})
        self.agent("ended").api("user.set-title", {"user": "kai.nilsen", "value": "Ended"})
        for change in (self.waiting, self.refused, self.proposed, self.executed):
            a.status(change)
            b.rollback(change)

    def put_back(self, change):
        """The record of a change as it was before anybody spoke on it."""
        row = self.old.execute("SELECT * FROM change WHERE id = ?", [change]).fetchone()
        with contextlib.suppress(sqlite3.Error), sqlite3.connect(self.world.state / "exequatur.sqlite", timeout=10) as db:
            db.execute(f"INSERT OR REPLACE INTO change VALUES ({', '.join('?' * len(row))})", row)

    def attempt(self, what):
        """An altered change may not even be shown."""
        try:
            what()
        except (KeyError, TypeError):
            pass
