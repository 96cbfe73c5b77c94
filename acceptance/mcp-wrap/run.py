"""Real MCP servers behind the gateway, the public client in front, both transports, both eras."""
import sys
import time

import attack
import changed
import gated
import hostile
import iam
import suites
import transparent
from agent import Agent
from setting import Setting
from world import Checks


class Clock:
    """Prints how long each part took."""

    def __init__(self):
        self.at = time.monotonic()

    def __call__(self, part):
        print(f"  ({part}: {time.monotonic() - self.at:.0f} s)")
        self.at = time.monotonic()


def main():
    check = Checks()
    hostiles = hostile.begin(check)
    s = Setting()
    try:
        unclassified(s, check)
        s.classify()
        s.world.start(patience=60)
        clock = Clock()
        transparent.all(s, check)
        clock("transparent")
        gated.all(s, check)
        clock("gated")
        iam.all(s, check)
        clock("iam")
        tried, through = attack.all(s, check)
        clock("attack")
        suites.all(s, check)
        clock("suites")
        changed.all(s, check)
        clock("changed")
        code, report = s.world.verify(s.world.keep_checkpoints("dana.moe"))
        check(code == 0, f"the logs verify {report.get('problems')}")
        more, further = hostiles()
        clock("waiting for the hostile servers")
    finally:
        s.close()
    print(f"mcp-wrap: {check.total} checks, {len(check.failed)} failed; {tried + more} tries, {through + further} successes")
    sys.exit(bool(check.failed))


def unclassified(s, check):
    """What nobody has classified is not served, whatever it says of itself. The catalogues are those that the import wrote."""
    counts = {name: len(found) for name, found in s.found.items()}
    check(counts["iam"] == 29 and counts["git"] == 12 and counts["clock"] == 2 and counts["every"] >= 50, f"imported {counts}")
    # Something has to be there for a policy to speak of.
    s.from_page("clock")
    policy = s.world.folder / "policy.cedar"
    kept = policy.read_text()
    policy.write_text("permit (principal, action in Exequatur::Action::\"read\", resource);\n")
    configuration = s.world.folder / "exequatur.yaml"
    whole = configuration.read_text()
    # No label can be of a kind that is not there yet.
    configuration.write_text(whole.replace('"role/admin"', "").replace('"group/admins"', "").replace('[\n       ""\n      ]', "[]"))
    try:
        s.world.start(patience=60)
        with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
            names = [tool["name"] for tool in agent.tools()]
            check(all(name.startswith(("exequatur__", "clock__")) for name in names), f"before a person has classified, nothing is offered {len(names)}")
            for tool in ("web__get_user", "iam__list_users", "git__git_status", "every__test_simple_text"):
                answer = agent.call(tool, {"user": "alice"})
                check(answer["status"] == "error" and answer["code"] == "input.unknown_tool", f"…and {tool} can't be called")
        check(s.state("every")["calls"] == [], "…and none of it arrived")
    finally:
        s.world.stop()
        policy.write_text(kept)
        configuration.write_text(whole)


if __name__ == "__main__":
    main()
