"""People's keys and sessions, and statements signed rightly or wrongly."""
import json
import os
import subprocess
import time

from wire import Reply, exchange, head


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Desk:
    """The people's listener, spoken to by hand."""

    def __init__(self, world, seen):
        self.world, self.seen, self.sessions = world, seen, {}

    def call(self, method, path, body=None, bearer=None):
        data = b"" if body is None else json.dumps(body).encode()
        headers = [("Host", "localhost"), ("Connection", "close"), ("Content-Type", "application/json"), ("Content-Length", len(data))]
        if bearer:
            headers.append(("Authorization", f"Bearer {bearer}"))
        reply = exchange(self.world.socket, head(method, f"/people/v1/{path}", headers) + data)
        self.seen.append(reply)
        return reply

    def sign(self, key, text, namespace):
        """An SSH signature by the key in that file of the world's folder."""
        done = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", self.world.folder / key, "-n", namespace],
                              input=text.encode(), capture_output=True, check=True)
        return done.stdout.decode()

    def login(self, person, key=None, namespace="exequatur-session", keep=True):
        """A session's token, or None. The key is the person's own unless another is given."""
        challenge = (self.call("POST", "challenge", {"person": person}).json or {}).get("challenge")
        if not challenge:
            return None
        signature = self.sign(key or person, challenge, namespace)
        answer = self.call("POST", "session", {"person": person, "challenge": challenge, "signature": signature}).json
        return (answer or {}).get("token")

    def session(self, person):
        if person not in self.sessions:
            self.sessions[person] = self.login(person)
        return self.sessions[person]

    def show(self, change):
        return self.call("GET", f"changes/{change}", bearer=self.session("dana.moe")).json

    def statement(self, change, by, other=None):
        """The statement `by` would sign to approve the change as it is shown now, with some fields altered. One that is not shown has
        the digests given."""
        shown, now = self.show(change), int(time.time() * 1000)
        return {"type": "exequatur-approval-v2", "verdict": "approve", "gateway": self.world.gateway, "change": change,
                **shown.get("digests", {}), "approver": by, "issued": now,
                "expires": now + 600_000, "nonce": os.urandom(16).hex(), **(other or {})}

    def hand_in(self, change, statement, by, key=None, namespace="exequatur-approval", session=None, signature=None):
        """Signs the statement and sends it in a session of `by`."""
        text = statement if isinstance(statement, str) else canonical(statement)
        signature = self.sign(key or by, text, namespace) if signature is None else signature
        return self.call("POST", f"changes/{change}/statement", {"statement": text, "signature": signature},
                         bearer=session or self.session(by))

    def approve(self, change, by, other=None) -> Reply:
        if "digests" not in self.show(change):
            return None
        return self.hand_in(change, self.statement(change, by, other), by)

    def state(self, change):
        """How a change stands; the refusal's code when it was altered behind the gateway's back and is not even shown."""
        shown = self.show(change)
        return shown["state"] if "state" in shown else shown["error"]["code"]
