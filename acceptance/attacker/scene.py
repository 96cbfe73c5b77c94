"""The scene: a gateway, its people, its workloads, what the attacker holds, and a ledger of every try."""
import json
import sqlite3
import time

from people import Desk
from wire import Agent
from world import ROOT, World

PEOPLE = {"dana.moe": ["service-desk-leads"], "farah.noor": ["security"], "olga": ["service-desk-leads"],
          "olga.adm": ["security"], "olga.root": ["security"], "dana.sec": ["security"]}
# The same humans under other ids; olga.root is olga only by way of olga.adm.
ALIASES = {"olga.adm": ["olga"], "olga.root": ["olga.adm"], "dana.sec": ["dana.moe"]}
WORKLOADS = {name: {"owner": "olga", "groups": ["service-desk"]} for name in ("agent-a", "agent-b", "agent-c", "agent-caf\u00e9")}
WORKLOADS["agent-old"] = {"owner": "olga", "groups": ["service-desk"], "expires": "2020-01-01T00:00:00Z"}
WORKLOADS["agent-orphan"] = {"owner": "", "groups": ["service-desk"]}
WORKLOADS["agent-left"] = {"owner": "somebody.who.left", "groups": ["service-desk"]}

# Tier 0 can't even be seen by workloads, so that "forbidden" and "absent" can be compared.
HIDING = """
@id("tier-0-is-invisible")
forbid (principal is Exequatur::Workload, action in Exequatur::Action::"read", resource)
when { resource has labels && resource.labels.contains("tier-0") };
"""
# Values no agent may ever see: recovery codes, home addresses, staff numbers, password hashes.
SECRETS = (b"rc-7", b"rc-8", b"Harbour Street", b"FF-10", b"{SSHA256}", b"FF-secret")


class Scene:
    def __init__(self):
        policy = (ROOT / "examples/demo/policy.cedar").read_text()
        systems = [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}]
        self.world = World(policy + HIDING, systems, PEOPLE, WORKLOADS, gateway="attacked")
        self.complete_configuration()
        self.seen, self.tries, self.shapes, self.successes = [], 0, [], []
        self.world.start()
        self.desk = Desk(self.world, self.seen)
        self.a, self.b = self.agent("agent-a"), self.agent("agent-b")
        self.snapshot = sqlite3.connect(":memory:", check_same_thread=False)
        self.accept()

    def complete_configuration(self):
        """What the world's own configuration can't say: aliases, token subjects, a workload without owner."""
        path = self.world.folder / "exequatur.yaml"
        configuration = json.loads(path.read_text())
        for person in configuration["persons"]:
            person["aliases"] = ALIASES.get(person["id"], [])
        configuration["persons"][0]["subjects"] = [{"issuer": "https://issuer.test", "subject": "user-dana"}]
        for workload in configuration["workloads"]:
            if workload["id"] == "agent-orphan":
                del workload["owner"]
        path.write_text(json.dumps(configuration))

    def agent(self, workload, **claims):
        return Agent(self.world.port, self.world.token(workload, **claims), self.seen)

    def with_token(self, token):
        return Agent(self.world.port, token, self.seen)

    def database(self, name):
        return sqlite3.connect(self.world.state / f"{name}.sqlite", timeout=10)

    def directory(self):
        """The directory's whole contents, but for the counters that each permitted change moves."""
        queries = ["SELECT id, kind, name, enabled, createdByLease IS NOT NULL FROM entry", "SELECT * FROM attribute",
                   'SELECT * FROM member', "SELECT * FROM label", "SELECT * FROM lease", "SELECT * FROM removal"]
        db = self.database("corp")
        try:
            return {row for query in queries for row in ((query.split("FROM ")[1], *r) for r in db.execute(query))}
        finally:
            db.close()

    def accept(self):
        """Takes the directory as it is for what it should be, and keeps a copy to go back to."""
        db = self.database("corp")
        db.backup(self.snapshot)
        db.close()
        self.expected = self.directory()

    def restore(self):
        """Undoes what an attack did, so that the next try stands on the same ground."""
        db = self.database("corp")
        self.snapshot.backup(db)
        db.close()

    def id(self, name):
        return next(r[1] for r in self.directory() if r[0] == "entry" and r[3] == name)

    def legitimate(self, *changes):
        """Declares what a permitted change made of the directory; anything beyond it counts as an attack's success."""
        now = self.directory()
        new, gone = now - self.expected, self.expected - now
        if len(new) + len(gone) != len(changes) or not all(any(set(c) <= set(row) for row in new | gone) for c in changes):
            self.shapes.append(f"a permitted change did something else: {new} {gone}, expected {changes}")
        self.accept()

    # Tries.

    def attempt(self, name, attack, raw=False):
        """Runs one try. `raw`: broken at the level of HTTP itself, where a bare 400 or a closed connection is answer enough."""
        self.tries += 1
        self.seen.clear()
        begun = time.monotonic()
        try:
            success = bool(attack())
        except Exception as error:  # A try that breaks off proves nothing and must not pass.
            self.shapes.append(f"{name}: the try broke off: {type(error).__name__}: {error}")
            success = False
        success = self.leaked(name) or self.changed(name) or success
        problems = self.misshapen(name, raw)
        mark = "SUCCEEDED" if success else "refused but misshapen" if problems else "refused"
        print(f"  {mark:9} {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        if success:
            self.successes.append(name)
            print("            " + " | ".join(map(repr, self.seen[-2:])))

    def leaked(self, name):
        return any(secret in reply.body for reply in self.seen for secret in SECRETS)

    def changed(self, name):
        now = self.directory()
        if now == self.expected:
            return False
        print(f"            the directory changed: +{now - self.expected} -{self.expected - now}")
        self.restore()
        return True

    def misshapen(self, name, raw):
        found = [problem for reply in self.seen if (problem := self.problem(reply, raw))]
        self.shapes += [f"{name}: {problem}" for problem in found]
        for problem in found:
            print(f"            shape: {problem}")
        return found

    def problem(self, reply, raw):
        if reply.hung:
            return "no answer within the time allowed"
        if reply.status is None:
            return None if raw else "the connection was closed without an answer"
        if reply.status >= 500:
            return f"the refusal is a failure of the gateway: {reply!r}"
        if raw or reply.status < 400:
            return None
        if reply.json is None or reply.code is None:
            return f"no JSON error with a code: {reply!r}"
        return None
