"""A server that changes what it says of a tool: that tool is out of service until a person has looked."""
import json
import time

import upstream as up
from agent import Agent
from gated import agent_json, check_system
from transparent import raw
from world import wait_until


def all(s, check):
    for system in ("everyold", "webold"):
        with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
            before = raw(agent, f"{system}__shifting_tool", {"user": "ann"})
            check(not before["error"] and offered(agent, system), f"{system}: the tool is served")
            raw(agent, f"{system}__test_trigger_definition_change")
            # The server says so; nobody has to ask first.
            gone = wait_until(lambda: not offered(agent, system), 10)
            check(gone, "…and not offered any more once the server has changed its definition")
            after = agent_json(raw_unlisted(agent, f"{system}__shifting_tool"))
            check(after["code"] == "denied", f"…a call is denied {after['code']}")
            check(raw(agent, f"{system}__test_simple_text")["content"][0]["text"].startswith("This is"), "…and all else goes on")
    log = (s.world.folder / "server.log").read_text()
    check("`shifting_tool` is out of service" in log and "→" in log, "the log says what differs")
    code, found, _ = check_system(s, "webold")
    said = [f["problem"] for f in found if f["what"] == "definition of shifting_tool"]
    check(code == 1 and said and "/description" in said[0], f"so does system check {said}")
    repinned(s, check)


def offered(agent, system):
    return f"{system}__shifting_tool" in [tool["name"] for tool in agent.tools()]


def raw_unlisted(agent, tool):
    """As a client calls that has an older list."""
    return raw(agent, tool, {"user": "ann"})


def repinned(s, check):
    catalogue = s.world.folder / "webold.yaml"
    text = catalogue.read_text()
    found = up.imported(s.world.folder, "webold")
    shifted = found["shifting_tool"]
    check(shifted["state"] == "changed" and any("/description" in note for note in shifted["notes"]), f"the import shows the difference {shifted['notes'][:1]}")
    check(catalogue.read_text() == text, "…and leaves the catalogue alone")
    s.world.stop()
    s.world.start(patience=60)
    with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
        check(agent_json(raw_unlisted(agent, "webold__shifting_tool"))["code"] == "denied", "imported and not pinned anew it stays out of service")
        check(raw(agent, "webold__test_simple_text")["error"] is False, "…and that keeps nothing else back")
    old = json.loads(text)["operations"]["shifting_tool"]["pinned"]
    catalogue.write_text(text.replace(old, shifted["pinned"]))
    s.world.stop()
    s.world.start(patience=60)
    with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
        check(raw(agent, "webold__shifting_tool", {"user": "ann"})["error"] is False and offered(agent, "webold"), "pinned anew, it is served again")
    # Another place is another server, whatever it offers: all that was pinned was pinned there.
    configuration = s.world.folder / "exequatur.yaml"
    whole = configuration.read_text()
    other = up.everything(s.folder / "other-state.json", era="2025")
    configuration.write_text(whole.replace(s.webold.url, other.url))
    s.world.stop()
    s.world.start(patience=60)
    try:
        with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
            names = [tool["name"] for tool in agent.tools() if tool["name"].startswith("webold__")]
            check(names == [], f"a server at another address is none that was classified {names[:2]}")
    finally:
        s.world.stop()
        configuration.write_text(whole)
        other.close()
        s.world.start(patience=60)
