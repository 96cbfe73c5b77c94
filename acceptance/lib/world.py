"""A gateway of one's own for the acceptance tests: keys, an issuer, people, a real `exequatur serve` on loopback.

Everything lives in a temporary folder and is stopped by its own process ids.
"""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("EXEQUATUR_BINARY", ROOT / ".build/debug/exequatur"))
ISSUER, AUDIENCE = "https://issuer.test", "exequatur-test"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def wait_until(ready, seconds=15.0, poll=0.05):
    """Polls; a generous bound on hanging, not a measurement."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(poll)
    return False


class World:
    """people: {id: [teams]}; workloads: {id: {"owner": …, "groups": […], "expires": …}}; systems: YAML lines."""
    # What is in the gateway's environment beside what is in ours.
    environment = {}

    def __init__(self, policy, systems, people, workloads, environment="test", gateway="acceptance", keep=None, waiting=10_000):
        self.folder = pathlib.Path(keep or tempfile.mkdtemp(prefix="exequatur-acceptance-"))
        self.port, self.process, self.gateway = free_port(), None, gateway
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket = self.folder / "people.sock"
        self.state = self.folder / "state"
        self.issuer_key = Ed25519PrivateKey.generate()
        self.folder.mkdir(exist_ok=True)
        subprocess.run([BINARY, "keygen", self.folder / "keys", "--gateway", gateway], check=True, stdout=subprocess.DEVNULL)
        for person in people:
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", self.folder / person], check=True)
        self.write_jwks([("k1", self.issuer_key)])
        (self.folder / "policy.cedar").write_text(policy)
        self.write_configuration(systems, people, workloads, environment, waiting)

    def write_jwks(self, keys):
        entries = [
            {"kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": "EdDSA",
             "x": b64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))} for kid, key in keys]
        (self.folder / "jwks.json").write_text(json.dumps({"keys": entries}))

    def write_configuration(self, systems, people, workloads, environment, waiting=10_000):
        persons = [{"id": p, "teams": teams, "keys": [(self.folder / f"{p}.pub").read_text().strip()]}
                   for p, teams in people.items()]
        known = [{"id": w, "issuer": ISSUER, "subject": w, "owner": entry["owner"],
                  "expires": entry.get("expires", "2099-01-01T00:00:00Z"), "groups": entry.get("groups", [])}
                 for w, entry in workloads.items()]
        configuration = {
            "gateway": {"id": self.gateway, "tenant": "test", "environment": environment, "state": "state",
                        "purposes": ["service-desk", "onboarding"], "deadline": 5, "waitingChanges": waiting},
            "keys": {"log": "keys/log.key", "seal": "keys/seal.pub"},
            "listen": {"host": "127.0.0.1", "port": self.port},
            "people": {"socket": "people.sock"},
            "issuers": [{"issuer": ISSUER, "audiences": [AUDIENCE], "algorithms": ["EdDSA"], "jwks": "jwks.json",
                         "trustDomain": "test.example"}],
            "workloads": known, "persons": persons, "policies": ["policy.cedar"], "systems": systems,
        }
        # JSON is YAML: no library is needed to write it.
        (self.folder / "exequatur.yaml").write_text(json.dumps(configuration, indent=1))

    def start(self, failpoint=None, patience=20, poll=0.05):
        self.socket.unlink(missing_ok=True)  # left by a kill; it must not look like a listener
        environment = {**os.environ, **self.environment}
        environment.pop("EXEQUATUR_FAILPOINT", None)
        if failpoint:
            environment["EXEQUATUR_FAILPOINT"] = failpoint
        self.log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.folder / "exequatur.yaml"], stderr=self.log, stdout=self.log, env=environment)
        if not wait_until(self.is_up, patience, poll):
            raise RuntimeError("the gateway did not start:\n" + (self.folder / "server.log").read_text())
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError("the gateway ended:\n" + (self.folder / "server.log").read_text())
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self.socket.exists()
        except OSError:
            return False

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(timeout=20)
        self.log.close()

    def wait_for_death(self, seconds=20):
        self.process.wait(timeout=seconds)

    def close(self):
        if self.process:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def token(self, subject, key=None, kid="k1", header=None, **claims):
        now = int(time.time())
        body = {"iss": ISSUER, "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + 900, "jti": os.urandom(8).hex(), **claims}
        body = {k: v for k, v in body.items() if v is not None}
        head = {"alg": "EdDSA", "kid": kid, "typ": "JWT", **(header or {})}
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (head, body))
        return signed + "." + b64url((key or self.issuer_key).sign(signed.encode()))

    def cli(self, person, *arguments, check=True):
        """Runs a command as a person. Returns (exit code, standard output, standard error). Nobody is at a terminal: what is signed
        is signed by the digest that is shown."""
        who = ["--person", person, "--key", self.folder / person, "--people", self.socket]
        if arguments[:2] in (("changes", "approve"), ("changes", "refuse"), ("changes", "settle")) and "--digest" not in arguments:
            shown = subprocess.run([BINARY, "changes", "show", arguments[2], "--json", *who], capture_output=True, text=True, timeout=60)
            if shown.returncode == 0:
                arguments += ("--digest", json.loads(shown.stdout)["digest"])
        done = subprocess.run([BINARY, *arguments, *who], capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def cli_json(self, person, *arguments):
        return json.loads(self.cli(person, *arguments, "--json")[1])

    def keep_checkpoints(self, person):
        path = self.folder / "kept-checkpoints.txt"
        path.write_text(self.cli(person, "audit", "checkpoint")[1])
        return path

    def verify(self, *checkpoints, state=None):
        """`audit verify`, offline. Returns (exit code, report)."""
        arguments = [part for path in checkpoints for part in ("--checkpoint", path)]
        done = subprocess.run(
            [BINARY, "audit", "verify", "--state", state or self.state, "--key", self.folder / "keys/log.vkey", "--json", *arguments],
            capture_output=True, text=True, timeout=120)
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode or 1, {"problems": [done.stdout + done.stderr]}


class Checks:
    """Counts what was expected and what held."""

    def __init__(self):
        self.total, self.failed = 0, []

    def __call__(self, held, what):
        self.total += 1
        print(f"  {'ok  ' if held else 'FAIL'} {what}", flush=True)
        if not held:
            self.failed.append(what)
        return held
