"""One gateway that is killed and started again and again on the same state, and how it is driven and looked at."""
import http.client
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import uuid

from world import ROOT, World, wait_until

AGENT = "helpdesk-agent"
LOGS = ["requests", "decisions", "actions"]


class Rig:
    def __init__(self, backend, prepare=lambda world: None):
        """`prepare` is called before the gateway is started for the first time."""
        policy = (ROOT / "examples/demo/policy.cedar").read_text().replace("Embedded::", backend.namespace + "::")
        self.backend = backend
        self.world = World(
            policy, backend.systems(),
            people={"dana.moe": ["service-desk-leads"], "farah.noor": ["security"], "olga.owner": []},
            workloads={AGENT: {"owner": "olga.owner", "groups": ["service-desk"]}})
        # Outside the gateway's folder, as an auditor would keep them.
        self.kept = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-kept-"))
        self.notes = []
        prepare(self.world)
        self.start()
        backend.open(self.world)

    # Life and death

    def start(self, failpoint=None):
        # The killed gateway's socket would look like the new one's.
        self.world.socket.unlink(missing_ok=True)
        self.world.start(failpoint)

    def restart(self, failpoint=None):
        self.world.stop()
        self.start(failpoint)

    def died(self):
        """Whether the gateway was killed, and did not end in some other way."""
        try:
            self.world.wait_for_death()
        except subprocess.TimeoutExpired:
            return False
        self.world.log.close()
        return self.world.process.returncode == -9

    def close(self):
        self.world.close()
        shutil.rmtree(self.kept, ignore_errors=True)
        self.backend.close()

    # What the agent and people do

    def call(self, method, path, body=None, key=None, token=None):
        """Returns (status, answer), or (0, {}) when the gateway died before it answered."""
        headers = {"Authorization": "Bearer " + (token or self.world.token(AGENT)), "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body or {}) if method == "POST" else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def ask(self, step, key, token=None):
        """The agent's part of a step."""
        if step.how == "undo-agent":
            return self.call("POST", f"/v1/changes/{step.original}/rollback", token=token)
        return self.call("POST", f"/v1/systems/corp/operations/{step.operation}", {"input": step.input}, key, token)

    def person(self, *arguments):
        return self.world.cli("dana.moe", "changes", *arguments, check=False)[0] == 0

    def finish(self, step, change):
        """The person's part, for a change that waits for one."""
        return self.person("adopt" if step.how == "adopt" else "approve", change)

    def do(self, step, key=None):
        """The whole step, until it is done or the gateway is dead. Returns the agent's last answer."""
        if step.how == "undo-person":
            return {"status": "done" if self.person("rollback", step.original) else "failed"}
        _, answer = self.ask(step, key or new_key())
        if answer.get("status") == "staged" and step.how in ("approve", "adopt"):
            self.finish(step, answer["change"])
        return answer

    # What is in the gateway's own state

    def rows(self, sql, *arguments):
        connection = sqlite3.connect(f"file:{self.world.state}/exequatur.sqlite?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, arguments).fetchall()
        finally:
            connection.close()

    def changes(self):
        return {id: json.loads(blob) for id, blob in self.rows("SELECT id, json FROM change")}

    def state(self, change):
        return self.changes()[change]["state"]

    def decisions(self, change):
        """How many decisions were logged for a change."""
        return self.rows("SELECT count(*) FROM log_link WHERE target = ? AND log = 'decisions'", change)[0][0]

    def open_leases(self):
        return [row[0] for row in self.rows("SELECT id FROM lease WHERE ended IS NULL")]

    # The auditor

    def keep(self):
        """Takes the logs' checkpoints away, as an auditor would now and then."""
        path = self.kept / f"{len(self.notes)}.txt"
        path.write_text("".join(self.checkpoint(log) for log in LOGS))
        self.notes.append(path)

    def checkpoint(self, log):
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
        connection.request("GET", f"/log/{log}/checkpoint")
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def audit(self):
        """What `audit verify` finds wrong, given the checkpoints kept so far."""
        code, report = self.world.verify(*dict.fromkeys(self.notes[:1] + self.notes[-3:]))
        return report.get("problems") or ([] if code == 0 else [f"exit {code}"])


def new_key():
    return "key-" + uuid.uuid4().hex


def settled(rig):
    """Waits until the gateway has swept once more: what is retried silently would be retried by then."""
    size = len(rig.changes())
    wait_until(lambda: False, 6)
    return len(rig.changes()) == size
