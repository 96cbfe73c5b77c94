"""What neither RabbitMQ nor etcd has: TLS, ETags that the host compares, OAuth, keys, sessions that end, lists in pages.

The host is made up; its catalogue is the one of docs/connectors/http.md, as it stands there.
"""
import datetime
import http.server
import ipaddress
import json
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

from agent import Agent
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from world import BINARY, ROOT, World

PAGE = (ROOT / "docs/connectors/http.md").read_text()
CATALOGUE = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "namespace: Wiki" in block)
# The host compares, and lists are asked for by number.
CATALOGUE = CATALOGUE.replace("    touches: {in-space", "    etag: true\n    touches: {in-space")
CATALOGUE = CATALOGUE.replace("list: {request: {path: /spaces}}", "list: {request: {path: /spaces}, page: page}")

POLICY = """
@id("reads")
permit (principal in Exequatur::WorkloadGroup::"onboarding", action in [Exequatur::Action::"read"], resource);
@id("joins")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action in [Wiki::Action::"execute:user.join", Wiki::Action::"execute:user.leave"],
  resource
);
@id("the-vault-only-with-a-session-of-its-own")
forbid (principal, action == Wiki::Action::"execute:user.join", resource)
when { context.input.space == "vault" && context.lease != "scoped" };
@id("the-board-is-approved")
forbid (principal, action == Wiki::Action::"execute:user.join", resource)
when { context.input.space == "board" }
unless { context.approvals.count >= 1 };
@id("people")
permit (principal is Exequatur::Person, action, resource);
"""


def certificate(folder, name):
    """A certificate for 127.0.0.1 that signed itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256()))
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / f"{name}.pem", folder / f"{name}.key"


class Wiki:
    """Users and spaces, kept in memory."""

    def __init__(self, folder):
        self.users = {name: {"login": name, "spaces": ["lobby"]} for name in ("ann", "bob", "cid", "dee", "eve")}
        self.versions = dict.fromkeys(self.users, 1)
        self.spaces = ["lobby", "vault", "board"]
        self.sessions, self.opened, self.closed, self.tokens = set(), 0, 0, set()
        self.seen, self.races, self.lock = [], False, threading.Lock()
        self.ca, key = certificate(folder, "wiki")
        wiki = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with wiki.lock:
                    status, answer, headers = wiki.answer(self.command, self.path, self.headers, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(data)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Whoever does not believe the certificate hangs up: no error of the host's.
        self.server.handle_error = lambda *_: None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def who(self, headers):
        bearer = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if headers.get("X-Api-Key") == "the-key":
            return "key"
        return "oauth" if bearer in self.tokens else "session" if headers.get("X-Session") in self.sessions else None

    def answer(self, method, target, headers, body):
        path, _, query = target.partition("?")
        query, parts = dict(urllib.parse.parse_qsl(query)), [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        if (method, path) == ("POST", "/token"):
            form = dict(urllib.parse.parse_qsl(body.decode()))
            if (form.get("grant_type"), form.get("client_id"), form.get("client_secret")) != ("client_credentials", "gw", "s&cret="):
                return 401, {"error": "invalid_client"}, {}
            self.tokens.add(f"t{len(self.tokens)}")
            return 200, {"access_token": f"t{len(self.tokens) - 1}", "token_type": "Bearer", "expires_in": 60}, {}
        if (method, path) == ("POST", "/login"):
            if json.loads(body) != {"user": "gw", "password": "pw\"x"}:
                return 403, {}, {}
            self.opened += 1
            self.sessions.add(f"s{self.opened}")
            return 200, {"session": f"s{self.opened}"}, {}
        who = self.who(headers)
        if who is None:
            return 401, {}, {}
        if (method, path) == ("POST", "/logout"):
            self.sessions.discard(headers.get("X-Session"))
            self.closed += 1
            return 200, {}, {}
        self.seen.append((who, method, target, headers.get("If-Match"), headers.get("X-Session")))
        if method == "GET":
            return self.read(parts, query)
        _, space, _, user = parts
        if self.races:
            self.races, self.versions[user] = False, self.versions[user] + 1
        if headers.get("If-Match") != f'"{self.versions[user]}"':
            return 412, {"error": "changed"}, {}
        spaces = set(self.users[user]["spaces"])
        self.users[user]["spaces"] = sorted(spaces | {space} if method == "PUT" else spaces - {space})
        self.versions[user] += 1
        return 200, {}, {}

    def read(self, parts, query):
        if parts == ["users"]:
            names, start = sorted(self.users), int(query.get("cursor", 0))
            return 200, {"items": [self.users[name] for name in names[start:start + 2]],
                         "next": str(start + 2) if start + 2 < len(names) else None}, {}
        if parts == ["spaces"]:
            start = 2 * (int(query.get("page", 1)) - 1)
            return 200, [{"key": key} for key in self.spaces[start:start + 2]], {}
        kind, name = parts
        if kind == "users" and name in self.users:
            return 200, self.users[name], {"ETag": f'"{self.versions[name]}"'}
        return (200, {"key": name}, {}) if kind == "spaces" and name in self.spaces else (404, {}, {})


def systems(wiki, folder):
    for name, secret in (("key", "the-key"), ("secret", "s&cret="), ("password", 'pw"x')):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    (folder / "wiki.yaml").write_text(CATALOGUE)
    credentials = {
        "keyed": {"kind": "key", "header": "X-Api-Key", "keyFile": str(folder / "key")},
        "oauth": {"kind": "oauth", "tokenURL": wiki.url + "/token", "client": "gw", "secretFile": str(folder / "secret")},
        "session": {"kind": "session", "user": "gw", "passwordFile": str(folder / "password"), "token": "/session", "header": "X-Session",
                    "login": {"method": "POST", "path": "/login", "json": {"user": "{user}", "password": "{password}"}},
                    "logout": {"method": "POST", "path": "/logout"}},
    }
    return [{"name": name, "kind": "http", "url": wiki.url, "ca": str(wiki.ca), "catalogue": str(folder / "wiki.yaml"), "credentials": one}
            for name, one in credentials.items()]


def tls(world, wiki, check):
    """Whoever is not certified by the authority that is configured is not spoken to."""
    path = world.folder / "exequatur.yaml"
    configuration, before = json.loads(path.read_text()), len(wiki.seen)
    other, _ = certificate(world.folder, "other")
    for what, ca in (("the machine's authorities", None), ("another authority", str(other))):
        one = {key: value for key, value in configuration["systems"][0].items() if key != "ca"} | ({"ca": ca} if ca else {})
        (world.folder / "tls.yaml").write_text(json.dumps({**configuration, "systems": [one]}))
        done = subprocess.run([BINARY, "system", "check", "keyed", "--config", world.folder / "tls.yaml"], capture_output=True, text=True,
                              timeout=60)
        check(done.returncode == 1 and len(wiki.seen) == before, f"a certificate that {what} did not sign is not believed")


def one_system(name, world, wiki, agent, check):
    done = subprocess.run([BINARY, "system", "check", name, "--config", world.folder / "exequatur.yaml", "--json"], capture_output=True,
                          text=True, timeout=60)
    found = {one["what"]: one for one in json.loads(done.stdout or "[]")}
    check(done.returncode == 0 and [one for one in found.values() if one["problem"]] == [], f"{name}: the catalogue holds {done.stderr}")
    check("5" in found["kind user"]["found"] and "3" in found["kind space"]["found"], f"{name}: all pages are read {found['kind user']}")
    wiki.users["ann"]["spaces"], wiki.seen[:] = ["lobby"], []
    joined = agent.call(f"{name}__user_join", {"user": "ann", "space": "board"})
    check(joined["status"] == "staged" and wiki.users["ann"]["spaces"] == ["lobby"], f"{name}: the board waits for a person {joined.get('code')}")
    world.cli("dana.moe", "changes", "approve", joined["change"])
    writes = [one for one in wiki.seen if one[1] == "PUT"]
    check(wiki.users["ann"]["spaces"] == ["board", "lobby"] and len(writes) == 1, f"{name}: it is done, by one request {writes}")
    check({one[0] for one in wiki.seen} == {{"keyed": "key"}.get(name, name)}, f"{name}: always as who the gateway is there")
    check(writes and writes[0][3], f"{name}: with If-Match {writes[0][3]}")
    back = agent.call("exequatur__change_rollback", {"change": joined["change"]})
    check(back["status"] == "done" and wiki.users["ann"]["spaces"] == ["lobby"], f"{name}: undone {back.get('code')}")
    wiki.races = True
    raced = agent.call(f"{name}__user_join", {"user": "bob", "space": "board"})
    world.cli("dana.moe", "changes", "approve", raced["change"], check=False)
    state = world.cli_json("dana.moe", "changes", "show", raced["change"])["state"]
    check(state == "failed" and wiki.users["bob"]["spaces"] == ["lobby"], f"{name}: what changes between reading and writing, the host refuses ({state})")
    vault = agent.call(f"{name}__user_join", {"user": "cid", "space": "vault"})
    expected = "done" if name == "session" else "denied"
    check(vault["status"] == expected, f"{name}: the vault is {expected}, by the kind of credential {vault.get('code')}")


def all(check):
    with tempfile.TemporaryDirectory(prefix="exequatur-wiki-") as name:
        folder = pathlib.Path(name)
        wiki = Wiki(folder)
        world = World(POLICY, systems(wiki, folder), {"dana.moe": ["operations"], "olga": ["desk"]},
                      {"onboarder": {"owner": "olga", "groups": ["onboarding"]}}, gateway="wiki")
        try:
            world.start(patience=60)
            with Agent(world.url, world.token("onboarder"), "auto") as agent:
                for one in ("keyed", "oauth", "session"):
                    one_system(one, world, wiki, agent, check)
                heard = "".join(agent.heard)
            steps = {one[4] for one in wiki.seen if one[1] in ("PUT", "DELETE")}
            check(len(steps) == 4 and not steps & wiki.sessions, f"each step had a session of its own, and it is over {sorted(map(str, steps))}")
            tls(world, wiki, check)
            said = heard + (world.folder / "server.log").read_text()
            check(not any(secret in said for secret in ("the-key", "s&cret=", 'pw"x')), "no secret is told or logged")
            code, report = world.verify(world.keep_checkpoints("dana.moe"))
            check(code == 0, f"the logs verify {report.get('problems')}")
        finally:
            world.close()
            wiki.close()

