"""A real etcd of one member on loopback, with authentication on, and its JSON API."""
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from server import LOOPBACK, Server
from world import free_port, wait_until

SERVER = os.environ.get("EXEQUATUR_ETCD", "/usr/bin/etcd")


class Etcd(Server):
    """`root` is the user with the role `root` (name, password): for looking, and for being another hand.

    `lifetime` is how many seconds a token lives without being used.
    """

    def __init__(self, lifetime=300):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-etcd-"))
        self.port, self.peer, self.lifetime = free_port(), free_port(), lifetime
        self.url, self.root = f"http://{LOOPBACK}:{self.port}", ("root", os.urandom(12).hex())
        self.process = self.log = None
        self.data = self.folder / "data"

    def start(self, patience=30):
        peer, fresh = f"http://{LOOPBACK}:{self.peer}", not self.data.exists()
        # No settings of the machine or the user may leak in.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ETCD_")}
        self.log = open(self.folder / "server.log", "ab")
        # The lowest cost of a password hash: what it costs to guess one is not what a test is about.
        self.process = subprocess.Popen(
            [SERVER, "--name", "one", "--data-dir", self.data, "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}",
             "--auth-token-ttl", str(self.lifetime), "--bcrypt-cost", "4", "--logger", "zap", "--log-level", "warn"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder, env=environment)
        if not wait_until(lambda: self.process.poll() is not None or self.is_up(), patience) or self.process.poll() is not None:
            report = (self.folder / "server.log").read_text(errors="replace")
            self.stop()
            raise RuntimeError("etcd did not start:\n" + report)
        if fresh:
            self.turn_authentication_on()
        return self

    def turn_authentication_on(self):
        name, password = self.root
        for path, body in (
                ("user/add", {"name": name, "password": password}), ("role/add", {"name": "root"}),
                ("user/grant", {"user": name, "role": "root"}), ("enable", {})):
            status, answer = self.call(f"auth/{path}", body)
            assert status == 200, f"{path}: {status} {answer}"

    def is_up(self):
        try:
            return self.request("GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self):
        """Ends the server. What it stored stays, and `start` goes on with it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=20)
        if self.log:
            self.log.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, headers=()):
        """One request. Gives (status, headers, bytes)."""
        return self.ask(method, path, body, headers)

    def call(self, method, body=None, token=None):
        """One call of the JSON API: `call("auth/user/list")` posts to /v3/auth/user/list. Gives (status, the answer's JSON)."""
        status, _, data = self.request("POST", f"/v3/{method}", body or {}, {"Authorization": token} if token else {})
        return status, json.loads(data)

    def token(self, name=None, password=None):
        """A token for `root`, or for another user with this password; None if etcd does not believe it."""
        identity = (name, password) if name else self.root
        status, answer = self.call("auth/authenticate", dict(zip(("name", "password"), identity)))
        return answer["token"] if status == 200 else None
