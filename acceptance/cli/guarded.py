"""What must be refused before anything starts, and what an outsider's words must not do to what people read."""
import http.server
import json
import os
import socket
import sqlite3
import threading

from people import PersonSession


def answer(world, path, body, headers=()):
    """(status, body) of one request at the agents' listener, as bytes."""
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{world.port}", "Connection: close", "Content-Type: application/json",
             f"Content-Length: {len(data)}", *headers]
    with socket.create_connection(("127.0.0.1", world.port), timeout=20) as s:
        s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        received = b""
        while piece := s.recv(65536):
            received += piece
    return received


def before_starting(world, check, run, with_configuration):
    key = world.folder / "keys/log.key"
    key.chmod(0o644)
    code, text = run("serve", "--config", world.folder / "exequatur.yaml")
    check(code != 0 and "open to others" in text and "chmod 600" in text, "a key that others can read is refused")
    key.chmod(0o600)
    code, text = with_configuration(world, lambda c: c["listen"].update(host="0.0.0.0"))
    check(code != 0 and "insecure: true" in text, "tokens in clear from other machines are refused")
    code, text = with_configuration(world, lambda c: c["listen"].update(host="0.0.0.0", insecure="true"))
    check(code == 0, "unless the configuration says so")
    code, text = with_configuration(world, lambda c: c["workloads"][0].update(id="olga"))
    check(code != 0 and "id of a workload and of a person" in text, "a workload and a person can't have one id")
    for alias, proper in (("rfc822Mailbox", "mail"), ("userid", "uid"), ("commonName", "cn")):
        code, text = with_configuration(world, lambda c, a=alias: c["systems"].append(ldap(world, a)))
        check(code != 0 and f"another name of `{proper}`" in text, f"`{alias}` is no second way to `{proper}`")
    for url in ("ldaps://127.0.0.1:1 ldap://192.0.2.1", "ldaps://127.0.0.1:1,ldap://192.0.2.1"):
        code, text = with_configuration(world, lambda c, u=url: c["systems"].append({**ldap(world, "title"), "url": u}))
        check(code != 0 and "is one address" in text, f"{url} is no one address")
    code, text = run("changes", "--person", "olga", "--key", world.folder / "olga", "--people", "http://127.0.0.1:1")
    check(code != 0 and "in clear" in text, "a session is not opened over plain HTTP")


def ldap(world, attribute):
    password = world.folder / "ldap.password"
    password.write_text("x")
    password.chmod(0o600)
    return {"name": "corp-ldap", "kind": "ldap", "url": "ldap://127.0.0.1:1", "bindDN": "cn=g", "passwordFile": str(password),
            "people": "ou=p", "groups": "ou=g", "grants": "ou=x", "passwordPolicy": "cn=d",
            "attributes": [{"name": attribute, "sensitivity": "public"}]}


class KeyServer(http.server.BaseHTTPRequestHandler):
    """Gives the key set at `/keys`, and points from `/moved` to it."""
    keys, asked = b"", []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/keys")
        self.send_header("Content-Length", "0" if self.path == "/moved" else str(len(self.keys)))
        self.end_headers()
        if self.path != "/moved":
            self.wfile.write(self.keys)

    def log_message(self, *_):
        """Nobody reads it."""


def add_remote_issuers(world):
    """Two issuers with one key set, of which one only points to where it is."""
    KeyServer.keys = (world.folder / "jwks.json").read_bytes()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeyServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = world.folder / "exequatur.yaml"
    configuration = json.loads(path.read_text())
    for name in ("keys", "moved"):
        issuer = dict(configuration["issuers"][0], issuer=f"https://{name}.test", jwks=f"http://127.0.0.1:{server.server_port}/{name}")
        configuration["issuers"].append(issuer)
        configuration["workloads"].append(
            dict(configuration["workloads"][0], id=f"agent-{name}", issuer=issuer["issuer"], subject="agent"))
    path.write_text(json.dumps(configuration, indent=1))


def remote_keys(world, check):
    def status(name):
        token = world.token("agent", iss=f"https://{name}.test")
        return answer(world, "/v1/systems/corp/operations/user.read", {"input": {"user": "milo.dahl"}},
                      [f"Authorization: Bearer {token}"]).split(b"\r\n")[0]
    check(b" 200 " in status("keys"), "keys are fetched from an issuer")
    before = KeyServer.asked.count("/keys")
    check(b" 200 " not in status("moved") and "/moved" in KeyServer.asked, "keys that are elsewhere are not")
    check(KeyServer.asked.count("/keys") == before, "and the pointer to them is not followed")


def while_running(world, check):
    remote_keys(world, check)
    forged = "x\n2030-01-01T00:00:00+0000 critical exequatur: all is well \x1b[31mred"
    answer(world, "/v1/systems/corp/operations/user.read", {}, [f"Authorization: Bearer {world.token('agent', iss=forged)}"])
    log = (world.folder / "server.log").read_text(errors="surrogateescape")
    check("all is well" in log, "what an outsider claims is in the log")
    check("\x1b" not in log and not any(line.startswith("2030-01-01") for line in log.splitlines()), "as one harmless line")
    asked = PersonSession.__new__(PersonSession)
    asked.world, asked.person, asked.token = world, "sara", None
    refused = []
    for person in ("olga", "nobody", "agent"):
        challenge = asked.post("challenge", {"person": person})[1]["challenge"]
        signature = asked.sign(challenge, "exequatur-session")
        refused.append(asked.post("session", {"person": person, "challenge": challenge, "signature": signature}))
    check(refused[0] == refused[1] == refused[2] and refused[0][0] == 401, "nobody learns who is known here")
    served = answer(world, "/v1/systems/corp/operations/user.read", {"input": {"user": "milo.dahl"}, "evidence": {"prompt": "why"}},
                    [f"Authorization: Bearer {world.token('agent')}"])
    check(b" 200 " in served.split(b"\r\n")[0], "an agent is served")
    head = answer(world, "/v1/x", {})
    check(b"401" in head.split(b"\r\n")[0], "without a token there is only 401")


def after_stopping(world, check, run):
    code, report = world.verify()
    check(code == 2 and report["ok"] is False and report["consistent"] is True, "without checkpoints from outside, `ok` is not said")
    checkpoints = world.state / "checkpoints"
    hidden = world.folder / "taken-away"
    os.rename(checkpoints, hidden)
    code, text = run("serve", "--config", world.folder / "exequatur.yaml")
    check(code != 0 and "checkpoints are missing" in text, "a start without the published checkpoints is refused")
    os.rename(hidden, checkpoints)
    log = checkpoints / "decisions"
    note = log.read_text()
    for what, text in (("emptied", ""), ("of another log", (checkpoints / "actions").read_text()), ("not signed", note.rsplit("\n", 2)[0])):
        log.write_text(text)
        code, said = run("serve", "--config", world.folder / "exequatur.yaml")
        check(code != 0 and "checkpoints are missing" in said, f"so is one with a checkpoint that is {what}")
    log.write_text(note)
    key = world.folder / "keys/seal.key"
    key.chmod(0o644)
    with sqlite3.connect(world.state / "exequatur.sqlite") as db:
        request = db.execute("SELECT id FROM log_entry WHERE id LIKE 'req-%' ORDER BY position DESC LIMIT 1").fetchone()[0]
    code, text = run("audit", "show", request, "--state", world.state, "--seal-key", key)
    check(code != 0 and "open to others" in text, "the key that opens prompts is private too")
    key.chmod(0o600)
    code, text = run("audit", "show", request, "--state", world.state, "--seal-key", key)
    check(code == 0 and "as claimed: why" in text, "and then it opens them")
