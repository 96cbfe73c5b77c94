"""A directory that stalls, at rest and in the middle of a write, and one that is reached by ldaps."""
import http.client
import json
import os
import signal
import socket
import threading
import time

from ldap_directory import CAST, LDAPEffect
from world import wait_until

PATIENCE = 40  # A bound on hanging, far above the gateway's deadline of five seconds a call; nothing is timed.


def ask(gateway, operation, body):
    """(status, answer), or (0, None) when none came in time."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + gateway.token("desk-agent")}
    try:
        connection.request("POST", f"/v1/systems/{CAST.system}/operations/{operation}", json.dumps({"input": body}), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, ValueError):
        return 0, None


def stalled(gateway, slapd, check):
    """slapd is there and says nothing: requests fail within their deadline, and nothing is changed."""
    before = LDAPEffect(slapd).attribute(CAST.profile, "title")
    os.kill(slapd.process.pid, signal.SIGSTOP)
    try:
        for operation, body in (("user.read", {"user": CAST.reader}), ("user.set-title", {"user": CAST.profile, "value": "Stalled"})):
            status, answer = ask(gateway, operation, body)
            check(status == 503 and answer["code"] == "system.unavailable", f"{operation} on a stalled directory fails with a stable code")
    finally:
        os.kill(slapd.process.pid, signal.SIGCONT)
    check("system.unavailable" in (gateway.folder / "server.log").read_text(), "and the gateway's log says so")
    check(LDAPEffect(slapd).attribute(CAST.profile, "title") == before, "nothing was changed")
    check(ask(gateway, "user.read", {"user": CAST.reader})[0] == 200, "when it is back, so are we")


def stalled_midway(gateway, slapd, check):
    """slapd stops answering at some moment of a write; whatever the moment, the end is known and true, and no account is left."""
    effect, answers = LDAPEffect(slapd), []
    before = effect.attribute(CAST.profile, "title")
    for number, pause in enumerate((0.01, 0.02, 0.03, 0.05, 0.08, 0.12)):
        value, got = f"Midway {number}", []
        thread = threading.Thread(target=lambda: got.append(ask(gateway, "user.set-title", {"user": CAST.profile, "value": value})))
        thread.start()
        time.sleep(pause)
        os.kill(slapd.process.pid, signal.SIGSTOP)
        thread.join(PATIENCE)
        os.kill(slapd.process.pid, signal.SIGCONT)
        answers.append((value, *(got or [(0, None)])[0]))
    check(all(answer for _, _, answer in answers), "every write that was cut into was answered")
    settled = wait_until(lambda: not any(state(gateway, a) == "executing" for _, _, a in answers if a), 120)
    check(settled, "and every one is settled once the directory is back")
    check(wait_until(lambda: not slapd.grants(), 60), "no account is left")
    states = [(value, state(gateway, answer)) for value, _, answer in answers if answer]
    done = [value for value, state in states if state == "executed"]
    unsure = [value for value, state in states if state == "indeterminate"]
    # The last that is called executed, or one the gateway owns up to not knowing; never one it calls failed.
    possible = [done[-1] if done else before, *unsure]
    title = effect.attribute(CAST.profile, "title")
    check(title in possible, f"the directory has what the gateway says ({len(done)} executed, {len(unsure)} indeterminate of {len(answers)})")


def state(gateway, answer):
    if "change" not in answer:
        return "none"
    changes = gateway.cli_json("dana", "changes", "list", "--state", "all")["changes"]
    return next((change["state"] for change in changes if change["id"] == answer["change"]), "none")


def silent_peer(gateway, check):
    """A peer that accepts and never speaks does not hold a request for ever, TLS or not."""
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        peer.listen(50)
        for kind in ({"url": f"ldaps://127.0.0.1:{peer.getsockname()[1]}"}, {"url": f"ldap://127.0.0.1:{peer.getsockname()[1]}"}):
            status, answer = with_system(gateway, kind, lambda: ask(gateway, "user.read", {"user": CAST.reader}))
            check(status == 503 and answer["code"] == "system.unavailable", f"a peer that is silent behind {kind['url'].split(':')[0]}:// is given up")


def ldaps(gateway, slapd, check):
    status, _ = with_system(gateway, {"url": slapd.secure_url}, lambda: ask(gateway, "user.read", {"user": CAST.reader}))
    check(status == 200, "the directory is read over ldaps")
    other = {"url": slapd.secure_url, "ca": str(slapd.folder / "other.crt")}
    status, answer = with_system(gateway, other, lambda: ask(gateway, "user.read", {"user": CAST.reader}))
    check(status == 503 and CAST.reader not in json.dumps(answer), "and not when another authority is trusted")


def with_system(gateway, changes, body):
    """Runs `body` with the gateway restarted on a changed system."""
    gateway.stop()
    path = gateway.folder / "exequatur.yaml"
    good = path.read_text()
    configuration = json.loads(good)
    settings = configuration["systems"][0]
    settings.pop("startTLS", None)
    settings.update(changes)
    path.write_text(json.dumps(configuration))
    try:
        gateway.start()
        return body()
    finally:
        gateway.stop()
        path.write_text(good)
