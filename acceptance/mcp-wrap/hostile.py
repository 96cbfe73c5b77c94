"""Servers that do what they like: each is refused, in time; nothing is done twice; nobody follows them anywhere."""
import json
import subprocess
import threading
import time

import raw_mcp
import upstream as up
from agent import Agent
from transparent import raw
from world import World, wait_until

PEOPLE = {"dana": ["ops"], "farah": ["sec"], "hugo": ["ops"]}
# What may be answered, and as what: all else is refused.
FINE = {"no_label", "late_id", "two_answers", "asks"}
POLICY = """
permit (principal, action in Exequatur::Action::"read", resource);
permit (principal, action in Exequatur::Action::"execute", resource is Odd::Thing);
permit (principal is Exequatur::Person, action, resource);
"""


def catalogue(found):
    operations = {name: {"access": "read"} for name in raw_mcp.READS + ["shifty", "steady"]}
    for name in raw_mcp.WRITES:
        operations[name] = {"access": "write", "on": "thing by who", "input": {"who": {"type": "reference", "of": ["thing"]}},
                            "effects": [{"sets": "note", "of": "target", "to": "unknown"}]}
        if name == "w_error":
            operations["w_error_that_says"] = {**operations[name], "as": name, "tool": name, "onError": "unchanged"}
    operations["thing.read"] = {"as": "exact", "summary": "Read one.", "access": "read", "on": "thing", "answer": "one thing",
                                "input": {"thing": {"type": "reference", "of": ["thing"], "summary": "Which."}}}
    kinds = {"thing": {"role": "resource", "ids": "reusable", "fixed": ["ann", "bob"],
                       "attributes": {"name": {"sensitivity": "public"}, "note": {"sensitivity": "internal"}}}}
    return {"namespace": "Odd", "kinds": kinds, "operations": operations}


class Place:
    """A world with one such server behind it."""

    def __init__(self, kind):
        self.kind = kind
        self.raw = raw_mcp.Raw(kind == "modern") if kind != "stdio" else None
        system = up.over_http("odd", self.raw.url) if self.raw else None
        self.world = World(POLICY, [system] if system else [], PEOPLE, {"bot": {"owner": "farah"}}, gateway="odd-" + kind)
        self.log = self.world.folder / "arrived"
        if not self.raw:
            system = up.over_stdio("odd", [up.PYTHON, str(up.ROOT / "acceptance/lib/raw_mcp.py"), "stdio", str(self.log)])
            configuration = json.loads((self.world.folder / "exequatur.yaml").read_text())
            configuration["systems"] = [system]
            (self.world.folder / "exequatur.yaml").write_text(json.dumps(configuration))
        found = up.imported(self.world.folder, "odd")
        told = catalogue(found)
        up.classify(self.world.folder, "odd", told, found)
        written = json.loads((self.world.folder / "odd.yaml").read_text())
        del written["operations"]["thing.read"]["pinned"]
        (self.world.folder / "odd.yaml").write_text(json.dumps(written))
        self.world.start(patience=30)

    def arrived(self, name):
        calls = [call[0] for call in self.raw.arrived] if self.raw else [
            json.loads(line)[0] for line in (self.log.read_text().splitlines() if self.log.exists() else [])]
        return calls.count(name)

    def close(self):
        self.world.close()
        if self.raw:
            self.raw.close()


def begin(check):
    """Begins beside all else; gives what waits for the end, and tells then what held."""
    lines, lock = [], threading.Lock()

    def noted(kind):
        def note(held, what):
            with lock:
                lines.append((held, f"{kind}: {what}"))
            return held
        return note
    results = {}

    def run(kind):
        place = None
        try:
            place = Place(kind)
            results[kind] = reads(place, noted(kind)) + writes(place, noted(kind))
            if place.raw:
                shifts(place, noted(kind))
                late(place, noted(kind))
        except Exception as error:
            noted(kind)(False, f"broke off: {type(error).__name__}: {error}")
        finally:
            if place:
                place.close()
                ended(place, noted(kind))
    threads = [threading.Thread(target=run, args=(kind,)) for kind in ("modern", "older", "stdio")]
    for thread in threads:
        thread.start()

    def end():
        for thread in threads:
            thread.join()
        for held, what in sorted(lines, key=lambda line: line[1].split(":")[0]):
            check(held, what)
        tried = sum(len(r) for r in results.values())
        through = sum(got for r in results.values() for got in r)
        check(tried >= 90 and through == 0, f"{tried} tries of hostile servers, {through} successes")
        return tried, through
    return end


def ended(place, check):
    """Nothing that was started for a gateway outlives it, whatever it does when it is told to end."""
    if place.raw:
        return

    def left():
        return [line for line in subprocess.run(["ps", "ax", "-o", "pid,args"], capture_output=True, text=True).stdout.splitlines()
                if str(place.log) in line]
    check(wait_until(lambda: not left(), 10), f"no server and no child of one is left {left()}")


def reads(place, check):
    """True for each that got through with something it should not have."""
    got = []
    with Agent(place.world.url, place.world.token("bot"), "auto") as agent:
        for name in raw_mcp.READS[1:]:
            if place.kind == "stdio" and name in ("redirect", "redirect_permanently", "short", "unauthorized", "flood", "long_event", "two_answers", "empty", "asks_forever"):
                continue
            begun = time.monotonic()
            if name == "late_id" and place.kind == "stdio":
                fine = out_of_order(place, agent)
            else:
                fine = answered(agent, name)
            took = time.monotonic() - begun
            if place.kind == "stdio" and name == "large":
                check(answered(agent, "steady"), "what is too long is passed over, and the server goes on")
            if place.kind == "stdio" and name == "closes":
                check(not answered(agent, "steady") and wait_until(lambda: answered(agent, "steady"), 60),
                      f"{name}: it ended, and is started again after a while")
            wanted = name in FINE or place.kind == "stdio" and name == "no_json"
            got.append(fine and not wanted)
            check(fine == wanted and took < 15, f"{name} is {'taken' if wanted else 'refused'}, in time")
        check(answered(agent, "steady"), "…and the gateway goes on")
        heard = "".join(agent.heard)
    log = (place.world.folder / "server.log").read_text()
    check("forged" not in heard, "of two answers the first counts")
    check("secret-of-the-server" not in heard, "no agent hears the server's errors")
    if place.raw:
        check(place.raw.elsewhere == [], "nobody followed a redirect")
        if place.kind == "older":
            refused = [answer.get("error", {}).get("code") for answer in place.raw.refusals[:4]]
            check(sorted(refused, key=str) == [-32601, -32601, -32601, None], f"sampling, elicitation and roots are refused, and a ping answered {refused}")
    check(log.count("Fatal") == 0, "nothing crashed")
    return got


def answered(agent, name):
    result = raw(agent, f"odd__{name}")
    agent.heard.append(json.dumps(result, default=str))
    return not result["error"] and "org.exequatur/untrusted" in (result["meta"] or {})


def out_of_order(place, agent):
    """Two calls at once, the second answered before the first."""
    answers = {}

    def ask(name):
        with Agent(place.world.url, place.world.token("bot"), "auto") as other:
            answers[name] = answered(other, name)
    first = threading.Thread(target=ask, args=("late_id",))
    first.start()
    time.sleep(0.5)
    ask("steady")
    first.join()
    return answers == {"late_id": True, "steady": True}


def writes(place, check):
    got = []
    with Agent(place.world.url, place.world.token("bot"), "auto") as agent:
        def write(name, **more):
            result = raw(agent, f"odd__{name}", {"who": "ann", **more})
            return result["meta"].get("org.exequatur/answer", result["structured"]) if result["meta"] else result["structured"]
        done = write("w_plain")
        check(done["status"] == "done" and place.arrived("w_plain") == 1, f"a write that is acknowledged is done {done['code']}")
        for name in raw_mcp.WRITES[1:]:
            if place.kind == "stdio" and name in ("w_redirect", "w_403", "w_404"):
                continue
            begun = time.monotonic()
            answer = write(name)
            took = time.monotonic() - begun
            ended = wait_until(lambda: state(place, answer["change"]) == "indeterminate", 20)
            got.append(answer["status"] == "done")
            if place.kind == "stdio" and name == "w_dies":
                wait_until(lambda: answered(agent, "steady"), 90)
            check(ended and took < 20 and place.arrived(name) == 1, f"{name}: nobody knows what came of it, and it is not repeated {answer['code']} {state(place, answer['change'])}")
        settled = place.world.cli("dana", "changes", "settle", answer["change"], "--as", "failed", check=False)
        check(settled[0] == 0 and state(place, answer["change"]) == "failed", f"…and a person settles it by signature {settled[2]}")
        if place.kind == "stdio":
            wait_until(lambda: answered(agent, "steady"), 90)
        before = place.arrived("w_error")
        told = write("w_error_that_says")
        check(state(place, told["change"]) == "failed" and place.arrived("w_error") == before + 1, f"where an error says that nothing was done, it has failed {told}")
        for arguments in ({"count": 10}, {"count": 0}, {"count": "1"}, {"other": 1}, {"count": 1.5}):
            refused = write("w_plain", **arguments)
            got.append(refused["status"] == "done")
            check(refused["code"].startswith("input."), f"{arguments} is held against the schema {refused['code']}")
        check(place.arrived("w_plain") == 1, "…and never sent")
    if place.raw:
        check(place.raw.elsewhere == [], "nobody followed a redirect with a write")
    return got


def state(place, change):
    return place.world.cli_json("dana", "changes", "show", change)["state"]


def late(place, check):
    """A server takes its time; meanwhile somebody stops the agent: what comes to it after that is not sent."""
    place.raw.state.add("slow")
    answer = {}

    def write():
        with Agent(place.world.url, place.world.token("bot"), "auto") as agent:
            answer.update(raw(agent, "odd__w_plain", {"who": "bob"}))
    before = place.arrived("w_plain")
    thread = threading.Thread(target=write)
    thread.start()
    # Planning looks at the server once, for three seconds; carrying out once more.
    time.sleep(4.5)
    place.world.cli("dana", "lock", "workload", "bot")
    thread.join()
    place.raw.state.clear()
    time.sleep(3)
    place.world.cli("dana", "unlock", "workload", "bot")
    check(place.arrived("w_plain") == before, f"what was granted before a lock is not sent after it {answer.get('structured')}")


def shifts(place, check):
    """In mid-session, said or unsaid."""
    with Agent(place.world.url, place.world.token("bot"), "auto") as agent:
        check(answered(agent, "shifty"), "a tool is served")
        place.raw.state.add("shifted")
        try:
            place.raw.list_changed()
            check(wait_until(lambda: not answered(agent, "shifty"), 10), "…until its definition changes: said so, it is looked at again")
        finally:
            place.raw.state.clear()
        place.raw.list_changed()
        check(wait_until(lambda: answered(agent, "shifty"), 10), "…and served again once it is as it was")
        place.raw.state.add("twice")
        try:
            place.raw.list_changed()
            check(wait_until(lambda: not answered(agent, "steady"), 10), "of two tools of one name neither is the one that was classified")
        finally:
            place.raw.state.clear()
