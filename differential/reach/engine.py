"""The engine under test: NDJSON to its stdin, NDJSON from its stdout."""
import json
import shlex
import subprocess

from answer import answer

SECONDS = 120


def ask(command, cases):
    """The engine's answers, one for each case; `missing` for what did not come."""
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    try:
        done = subprocess.run(shlex.split(command), input=lines.encode(), timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        raw, note = done.stdout, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}"
    except subprocess.TimeoutExpired as late:
        raw, note = late.stdout or b"", f"no end after {SECONDS} s"
    # Exit codes are the engine's affair: some say `gain` with one.
    answers = [read(line) for line in raw.split(b"\n") if line.strip()]
    missing = {"verdict": "missing", "note": note}
    return (answers + [missing] * len(cases))[:len(cases)]


def read(line):
    """One answer, or an object that says it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"verdict": "unreadable", "note": repr(line[:200])}


def signature(expected, actual):
    """What differs, roughly: both verdicts, or None for no difference."""
    same = actual.get("verdict") == expected["verdict"] and actual.get("gained") == expected.get("gained")
    return None if same else (expected["verdict"], actual.get("verdict"))


def differences(command, cases):
    """For each case (case, expected, actual, signature)."""
    actual = ask(command, cases)
    rows = []
    for case, found in zip(cases, actual):
        expected = answer(case)
        wrong_id = found.get("id", case["id"]) != case["id"]
        rows.append((case, expected, found, ("id", "id") if wrong_id else signature(expected, found)))
    return rows
