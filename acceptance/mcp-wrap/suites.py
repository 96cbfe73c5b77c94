"""The public conformance suite, with the gateway in the middle, and of the gateway's own server what needs no fixtures.

What is left out is tried too with LONG=1: it waits for what never comes.
"""
import json
import os
import subprocess
import sys

from setting import PROMPTS
from world import ROOT

FOLDER = ROOT.parent / "shared/data/suites"
# Single checks of scenarios that hold otherwise.
CHECKS_LEFT_OUT = {
    "sep-2575-server-rejects-undeclared-capability": "servers are told of no capabilities, so that none can be missing",
    "sep-2575-missing-capability-http-400": "likewise",
}
LEFT_OUT = {
    "tools-call-with-logging": "log messages are not passed on",
    "elicitation-sep1034-defaults": "elicitation is refused", "elicitation-sep1330-enums": "elicitation is refused",
    "completion-complete": "completion is not passed on",
    "resources-unsubscribe": "subscriptions are not passed on",
    "input-required-result": "what a server asks of its client is refused",
    "tasks-": "tasks are not passed on", "server-sse-polling": "streams are not taken up again",
    "server-session-lifecycle": "no sessions: none is needed", "logging-set-level": "log messages are not passed on",
}


def all(s, check):
    if not FOLDER.exists():
        return print("  notice: the public suites are not here; left out")
    cases = json.loads((FOLDER / "mcp-server-scenarios.json").read_text())["cases"]
    skipped = [] if os.environ.get("LONG") else sorted({case["id"] for case in cases if reason(case["id"])})
    for gateway, extra in (("transparent", []), ("both", []), ("own", []), ("tools-only", ["--tools-only"])):
        report = replay(s, (extra or ["--gateway", gateway]) + ["--only", ",".join(case["id"] for case in cases if case["id"] not in skipped)])
        failed = [id for id, checks in report.items() if any(not one["ok"] and one["level"] == "failure" and one["id"] not in CHECKS_LEFT_OUT for one in checks)]
        left = {id: reason(id) for id in failed}
        unexpected = [id for id, why in left.items() if why is None]
        passed = len(report) - len(failed)
        check(passed > 0 and not unexpected, f"{gateway}: {passed} of {len(report)} scenarios pass; failed without a reason: {unexpected}")
        for id in sorted({one["id"] for checks in report.values() for one in checks if not one["ok"]} & CHECKS_LEFT_OUT.keys()):
            print(f"       left out: the check {id} ({CHECKS_LEFT_OUT[id]})")
        for id in sorted(failed):
            got = [(one["id"], one["got"][:200]) for one in report[id] if not one["ok"]]
            print(f"       left out: {id} ({left[id]})" if left[id] else f"       {id}: {got[:3]}")


    for id in skipped:
        print(f"       left out: {id} ({reason(id)})")


def reason(id):
    return next((why for key, why in LEFT_OUT.items() if id.startswith(key)), None)


def replay(s, arguments):
    # The gateway renames prompts too; the suite's own option knows tools only.
    cases = (FOLDER / "mcp-server-scenarios.json").read_text()
    for prompt in PROMPTS:
        cases = cases.replace(f'"{prompt}"', f'"everyold__{prompt}"')
    file = s.folder / "scenarios.json"
    file.write_text(cases)
    done = subprocess.run(
        [sys.executable, FOLDER / "replay.py", file, s.world.url + "/mcp", "--header",
         f"Authorization: Bearer {s.world.token('bot')}", "--tool-prefix", "everyold__", "--json", *arguments], capture_output=True, text=True, timeout=300)
    report = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        report.setdefault(f"{one['case']} {one['wire']}", []).append(one)
    return report
