"""A host that does what it likes, and configurations that can't be taken on: each is refused, in time, and nobody follows it anywhere."""
import json
import socket
import subprocess
import threading
import time

from world import BINARY

GOOD = json.dumps([{"name": "ann"}]).encode()


def head(status, length, extra=""):
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{extra}\r\n".encode()


def send(connection, body):
    connection.sendall(head("200 OK", len(body)) + body)


BEHAVIOURS = {
    "stalls": lambda c: time.sleep(30),
    "stalls in the middle": lambda c: (c.sendall(head("200 OK", 100) + GOOD[:5]), time.sleep(30)),
    "drips": lambda c: [(c.sendall(b"H"), time.sleep(1)) for _ in range(30)],
    "redirects": lambda c: c.sendall(head("302 Found", 0, "Location: http://127.0.0.1:1/elsewhere\r\n")),
    "redirects permanently": lambda c: c.sendall(head("308 Permanent Redirect", 0, "Location: https://evil.example/\r\n")),
    "drips its body": lambda c: (c.sendall(head("200 OK", 100)), [(c.sendall(b" "), time.sleep(1)) for _ in range(30)]),
    "promises more than it sends": lambda c: c.sendall(head("200 OK", 5000) + GOOD),
    "sends two lengths": lambda c: c.sendall(head("200 OK", len(GOOD), f"Content-Length: {len(GOOD) + 9}\r\n") + GOOD),
    "sends 10 MB": lambda c: c.sendall(head("200 OK", 10_000_002) + b"[" + b" " * 10_000_000 + b"]"),
    "sends 10 MB of depth": lambda c: c.sendall(head("200 OK", 3_000_000) + b"[" * 3_000_000),
    "sends invalid UTF-8": lambda c: send(c, b'[{"name":"a\xff\xfe"}]'),
    "sends duplicate keys": lambda c: send(c, b'[{"name":"ann","name":"root"}]'),
    "sends no JSON": lambda c: send(c, b"<html></html>"),
    "sends an object for a list": lambda c: send(c, b'{"name":"a"}'),
    "sends ids that are none": lambda c: send(c, b'[{"name":7}]'),
    "sends an empty answer": lambda c: c.sendall(head("200 OK", 0)),
    "closes at once": lambda c: None,
    "answers before it is asked": lambda c: None,
    "fails": lambda c: c.sendall(head("500 Internal Server Error", 0)),
    "wants another password": lambda c: c.sendall(head("401 Unauthorized", 0)),
}

CATALOGUE = """
namespace: Odd
kinds:
  user: {role: human, ids: reusable, attributes: {name: {sensitivity: public}}, get: {path: "/users/{id}"},
    list: {request: {path: /users}}, id: /name}
operations:
  user.read: {summary: Read a user., access: read, on: user, answer: one user,
    input: {user: {type: reference, of: [user], summary: The user.}}}
"""

WRITE = """  user.note: {summary: Note something., access: write, on: user, effects: [%s], %s
    input: {user: {type: reference, of: [user], summary: The user.}, text: {type: text, summary: A text., optional: true}},
    request: {method: PUT, path: "%s", json: {note: "{text}"}}, touches: {note: {at: /note, set: "{text}"}}}
"""
NOTE = CATALOGUE.replace("{name: {sensitivity: public}}", "{name: {sensitivity: public}, note: {sensitivity: internal}}")
SETS = "{sets: note, of: target, to: input text}"

BAD = {
    "a path that leaves the host": NOTE + WRITE % (SETS, "", "//evil.example/{user}"),
    "an absolute URL": NOTE + WRITE % (SETS, "", "https://evil.example/{user}"),
    "a path that goes up": NOTE + WRITE % (SETS, "", "/users/../admin/{user}"),
    "an encoded slash": NOTE + WRITE % (SETS, "", "/users%2fadmin/{user}"),
    "a query in the path": NOTE + WRITE % (SETS, "", "/users?x={user}"),
    "a fragment": NOTE + WRITE % (SETS, "", "/users#{user}"),
    "a line's end": NOTE + WRITE % (SETS, "", "/users\\r\\nX: {user}"),
    "a look-alike": NOTE + WRITE % (SETS, "", "/us\u0435rs/{user}"),
    "an input that is not there": NOTE + WRITE % (SETS, "", "/users/{nobody}"),
    "an optional input in the path": NOTE + WRITE % (SETS, "", "/users/{text}"),
    "a write without effects": NOTE + WRITE % ("", "", "/users/{user}"),
    "an effect on a relation that is not there": NOTE + WRITE % ("{adds: has, from: target, to: target}", "", "/users/{user}"),
    "an effect on an attribute that is not there": NOTE + WRITE % ("{sets: mood, of: target, to: input text}", "", "/users/{user}"),
    "an effect at an end that is not there": NOTE + WRITE % ("{sets: note, of: created, to: input text}", "", "/users/{user}"),
    "an inverse that is not there": NOTE + WRITE % (SETS, "inverse: user.unnote,", "/users/{user}"),
    "a claim to be reversible without inverse": NOTE + WRITE % (SETS, "reversibility: reversible,", "/users/{user}"),
    "an inverse that only reads": NOTE + WRITE % (SETS, "inverse: user.read,", "/users/{user}"),
    "a request of its own to read by": (
        CATALOGUE.replace("answer: one user,", 'answer: one user, request: {path: "/users/{user}"},'), "request"),
    "an unknown key": NOTE + WRITE % (SETS, "surprise: true,", "/users/{user}"),
    "an operation twice": NOTE + WRITE % (SETS, "", "/users/{user}") + WRITE % (SETS, "", "/users/{user}"),
    "a kind that is the gateway's": CATALOGUE.replace("  user: {role", "  system: {role"),
    "a namespace that is taken": CATALOGUE.replace("namespace: Odd", "namespace: LDAP"),
    "an anchor that multiplies": (CATALOGUE + "relations:\n  a: &a {from: [user]}\n  b: *a\n", "anchors"),
    "a relation of nobody": CATALOGUE + "relations: {has: {from: [ghost], to: [user]}}\n",
    "a touch without an effect": (NOTE + WRITE % ("{deletes: target}", "", "/users/{user}"), "no effect says so"),
    "a password that nobody declared": (
        NOTE + (WRITE % (SETS, "", "/users/{user}")).replace('{note: "{text}"}}', '{note: "{generated}"}}'), "declares none"),
    "an upsert": (
        NOTE + (WRITE % ("{upserts: user, named: text}, " + SETS, "", "/users/{user}")).replace("{type: text, summary: A text., optional: true}",
                                                                                             "{type: identifier, summary: A name.}"), "upserts"),
    "a secret to show": (NOTE.replace("note: {sensitivity: internal", "note: {sensitivity: secret")
                         + WRITE % (SETS, "", "/users/{user}"), "secret"),
    "a reading that deletes": (CATALOGUE.replace("request: {path: /users}", "request: {method: DELETE, path: /users}"), "GET or a POST"),
    "a relation that nobody reads": (NOTE + WRITE % (SETS, "", "/users/{user}") + "relations: {has: {from: [user], to: [user]}}\n", "relation has"),
    "a fact that no rule speaks of": (
        CATALOGUE.replace("id: /name", "id: /name, facts: [{relation: chief, where: {at: /chief}}]")
        + "relations: {chief: {from: [user]}}\n", "only rules can say"),
    "a guard that is no boolean": (
        NOTE + (WRITE % (SETS.replace("}", ", when: text = }"), "", "/users/{user}")).replace("{type: text,", "{type: boolean,"), "true or false"),
    "an attribute that changes unsaid": (
        NOTE.replace("id: /name", "id: /name, values: {note: /note}").replace("note: {", "mark: {sensitivity: internal}, note: {")
        + (WRITE % (SETS.replace("note", "mark"), "", "/users/{user}")).replace("touches: {note:", "touches: {mark:"),
        "changes `note` with `mark`"),
}


class Host:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.behaviour = self.socket.getsockname()[1], None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection, self.behaviour), daemon=True).start()

    @staticmethod
    def answer(connection, behaviour):
        with connection:
            try:
                if behaviour != "answers before it is asked":
                    connection.recv(65536)
                else:
                    connection.sendall(head("200 OK", len(GOOD)) + GOOD + head("200 OK", 2) + b"[]")
                BEHAVIOURS[behaviour](connection)
            except OSError:
                pass


def system_check(s, folder, catalogue, port):
    (folder / "odd.yaml").write_text(catalogue)
    configuration = json.loads((s.world.folder / "exequatur.yaml").read_text())
    configuration["systems"] = [{"name": "odd", "kind": "http", "url": f"http://127.0.0.1:{port}", "catalogue": str(folder / "odd.yaml"),
                                 "credentials": {"kind": "none"}}]
    configuration["gateway"]["deadline"] = 2
    path = s.world.folder / "odd-gateway.yaml"
    path.write_text(json.dumps(configuration))
    begin = time.monotonic()
    done = subprocess.run([BINARY, "system", "check", "odd", "--config", path], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr, time.monotonic() - begin


def all(s, check):
    host, folder = Host(), s.world.folder
    slow = []
    for behaviour in BEHAVIOURS:
        host.behaviour = behaviour
        code, said, seconds = system_check(s, folder, CATALOGUE, host.port)
        if seconds > 20:
            slow.append(behaviour)
        lines = [line for line in said.splitlines() if "✗" in line or "Error" in line]
        # One answer that came early may be taken for the first; never the second.
        early = behaviour == "answers before it is asked" and "ann" in said
        check(code == 1 and lines or early, f"a host that {behaviour}: {(lines or ['no harm done'])[0][:110]}")
    check(not slow, f"none holds anybody up {slow}")
    for what, bad in BAD.items():
        catalogue, why = bad if isinstance(bad, tuple) else (bad, "")
        code, said, _ = system_check(s, folder, catalogue, host.port)
        check(code != 0 and "odd.yaml" in said and "✗" not in said and why in said, f"a catalogue with {what}: {said.strip()[-140:]}")
    host.socket.close()
