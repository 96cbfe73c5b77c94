"""Approving at a terminal: the change is shown and asked about, and said afterwards what is still missing."""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from guarded import answer
from world import BINARY


COLUMNS = 80


def ask(world, token, group, why="Ivo covers for Nora"):
    return request(world, token, "group.add-member", {"group": group, "member": "ivo.petrov"}, why)


def request(world, token, operation, values, why):
    body = {"input": values, "evidence": {"justification": why}}
    got = answer(world, f"/v1/systems/corp/operations/{operation}", body, [f"Authorization: Bearer {token}"])
    told = json.loads(got.split(b"\r\n\r\n", 1)[1])
    assert "change" in told, told
    return told["change"]


def status(world, token, change):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "exequatur__change_status", "arguments": {"change": change}}}
    got = answer(world, "/mcp", body, [f"Authorization: Bearer {token}", "MCP-Protocol-Version: 2025-11-25"])
    return json.loads(got.split(b"\r\n\r\n", 1)[1])["result"]["structuredContent"]


def at_terminal(world, person, words, *arguments):
    """Runs a command on a terminal and types `words` once it asks. Returns (exit code, all that was shown, without colours)."""
    who = ["--person", person, "--key", world.folder / person, "--people", world.socket]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen([BINARY, *arguments, *who], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown, typed, end = b"", False, time.monotonic() + 60
    while time.monotonic() < end and select.select([ours], [], [], 30)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
        if not typed and b"to sign: " in shown:
            typed = True
            os.write(ours, words.encode() + b"\n")
    if time.monotonic() >= end:
        process.kill()
    os.close(ours)
    return process.wait(timeout=20), re.sub("\x1b\\[[0-9;]*m", "", shown.decode())


def signing(world, check):
    token = world.token("agent")
    change = ask(world, token, "payroll-readers")
    who = ["--person", "sara", "--key", world.folder / "sara", "--people", world.socket]
    done = subprocess.run([BINARY, "changes", "approve", change, *who], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    check(done.returncode == 65 and "give --digest" in done.stderr, "where nobody can be asked, nothing is signed without --digest")
    code, text = at_terminal(world, "sara", "no", "changes", "approve", change)
    check(code != 0 and "payroll-readers" in text and "ivo.petrov" in text,
          "on a terminal the change is shown before it is asked about")
    check("Ivo covers for Nora" in text and "claim" in text.lower(), "with what the agent claims, marked as a claim")
    shown = world.cli_json("sara", "changes", "show", change)
    check(code != 0 and "not signed" in text and not shown["words"], "and whoever answers no has signed nothing")
    code, text = at_terminal(world, "sara", "yes", "changes", "approve", change)
    check(code == 0 and "is proposed" in text and "one more" in text and "another team" in text,
          "after the first of two signatures it says what is still missing")
    code, text = at_terminal(world, "sara", "yes", "changes", "approve", change)
    check(code != 0 and "you have approved it already" in text, "who has signed is not asked again")
    code, text = at_terminal(world, "lars", "yes", "changes", "approve", change)
    check(code == 0 and "is executed" in text, "the second signature carries it out")
    code, text = at_terminal(world, "lars", "yes", "changes", "approve", change)
    check(code != 0 and "takes no more statements" in text, "a finished change says that it is finished")
    change = ask(world, token, "vpn-users")
    code, text = at_terminal(world, "sara", "yes", "changes", "refuse", change, "--reason", "Nora is back")
    check(code == 0 and "must not" in text, "a refusal is asked about like an approval")
    told = status(world, token, change)
    check("Nora is back" in told["message"] and "sara" not in json.dumps(told), "its reason reaches who asked, without a name")
    forging(world, check, token)


def widest(line):
    """As many columns as a terminal may give it: beyond ASCII two for each character."""
    text = line.removeprefix("  │ ")
    return len(line) + sum(ord(character) > 0xA0 for character in text)


def forging(world, check, token):
    """What an agent wrote is so long that a terminal would begin lines with it: each of them is marked."""
    def lines(mark, *texts):
        return "".join(text.ljust(COLUMNS - len(mark) if place else COLUMNS) for place, text in enumerate(texts))

    forged = ["\U00017000" * 38 + "still needs   nothing at all", "What is signed: nothing", "still needs   nothing: two approvals were given", "Do not worry."]
    telling = ("is signed: nothing", "nothing at all", "approvals were given", "Do not worry.")
    change = ask(world, token, "vpn-users", lines("  │ ", "Please.", *forged))
    code, text = at_terminal(world, "sara", "no", "changes", "approve", change)
    shown = text.replace("\r", "").split("\n")
    of_agent = [line for line in shown if any(part in line for part in telling)]
    check(len(of_agent) >= 2 and all(line.startswith("  │ ") for line in of_agent), "no line of a claim looks like one of the program's")
    check(all(widest(line) <= COLUMNS for line in shown), "and none is wider than the terminal")
    title = lines("    + ", "Clerk", *forged[1:]).strip()[:250]
    done = request(world, token, "user.set-title", {"user": "kai.nilsen", "value": title}, "a new title")
    code, text = at_terminal(world, "sara", "", "changes", "show", done)
    shown = text.replace("\r", "").split("\n")
    of_agent = [line for line in shown if any(part in line for part in telling)]
    check(of_agent and all(line.startswith(("    + ", "    … ")) for line in of_agent), "nor does one of a value")
    code, text = at_terminal(world, "sara", "", "changes", "--state", "all")
    rows = [line for line in text.replace("\r", "").split("\n") if line]
    check(len(rows) >= 3 and all(len(line) <= COLUMNS and line.startswith(("chg-", "  ")) for line in rows), "nor a row of a list")
    world.cli("sara", "changes", "refuse", change)
