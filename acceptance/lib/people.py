"""A person at the people's listener, without the command line: to send what the command line never would."""
import http.client
import json
import os
import socket
import subprocess
import time


class PersonSession:
    """A session opened with a real SSH signature, over the people's socket."""

    def __init__(self, world, person):
        self.world, self.person, self.token = world, person, None
        challenge = self.post("challenge", {"person": person})[1]["challenge"]
        opened = self.post("session", {
            "person": person, "challenge": challenge, "signature": self.sign(challenge, "exequatur-session")})
        self.token = opened[1]["token"]

    def sign(self, text, namespace):
        done = subprocess.run(
            ["ssh-keygen", "-Y", "sign", "-f", self.world.folder / self.person, "-n", namespace],
            input=text.encode(), capture_output=True, check=True)
        return done.stdout.decode()

    def post(self, path, body):
        """(HTTP status, JSON)."""
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.world.socket))
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request("POST", f"/people/v1/{path}", json.dumps(body), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer

    def send(self, change, statement, signature):
        """Sends a signed statement on a change. Returns the refusal's code, or the change's state when it was taken."""
        status, answer = self.post(f"changes/{change}/statement", {"statement": statement, "signature": signature})
        return answer["state"] if status == 200 else (answer.get("error") or answer)["code"]

    def approve_unseen(self, change):
        """Signs what was staged, without looking whether it is still what would happen. `change` is its sheet."""
        now = int(time.time() * 1000)
        statement = {
            "type": "exequatur-approval-v2", "verdict": "approve", "gateway": self.world.gateway, "change": change["id"],
            **change["digests"], "approver": self.person, "issued": now,
            "expires": now + 600_000, "nonce": os.urandom(16).hex()}
        text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
        return self.send(change["id"], text, self.sign(text, "exequatur-approval"))
