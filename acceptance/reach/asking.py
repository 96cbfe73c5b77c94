"""What people ask: who can take what, how, what if, and a picture. The model must say the same."""
import http.client
import json
import xml.etree.ElementTree

import model
import steps
from chain import KINDS, Chain
from directory import OTHER_ROOT, ROOT, Directory
from setting import AGENTS, Setting, brief


def run(check):
    entries = Directory()
    chain = Chain(entries, "ann", KINDS["5"])
    entries.user("eve")
    with Setting(entries, chain.links, reread=300) as s:
        facts = s.facts()
        report(s, check, facts)
        paths(s, check, facts)
        what_if(s, check, facts, chain)
        picture(s, check, facts)
        nobody(s, check)
        lockout(s, check)


def report(s, check, facts):
    found = s.world.cli_json("dana", "reach", "report")
    rows = {taker["who"]: taker["steps"] for taker in found["takers"] if taker["target"] == model.TARGET}
    wanted = {who: len(model.path(facts, who)) - 1 for who in model.takers(facts)}
    check(rows == wanted, f"report: {len(wanted)} can become an admin, each in as many steps as the model says"
          + ("" if rows == wanted else f": {rows}, not {wanted}"))
    depths = [taker["steps"] for taker in found["takers"]]
    check(depths == sorted(depths), "report: the shortest ways come first")
    printed = s.world.cli("dana", "reach", "report")[1]
    check(model.user(OTHER_ROOT) in printed and model.TARGET in printed, "report: printed for people")
    for question in (["report"], ["path", model.user(ROOT), model.TARGET], ["what-if", "corp", "user.enable", "user=eve"]):
        code, out, err = s.world.cli("olga", "reach", *question, check=False)
        check(code != 0 and "[denied]" in err and not out, f"{question[0]}: not for who may not view [{err.strip()[-60:]}]")


def paths(s, check, facts):
    """Every node there is, asked one by one."""
    nodes = {fact[1] for fact in facts} | {fact[2] for fact in facts if fact[0] == "member"}
    wrong = []
    for node in sorted(nodes - {model.TARGET}):
        found, way = s.world.cli_json("dana", "reach", "path", node, model.TARGET), model.path(facts, node)
        held = found["reachable"] == bool(way) and len(found["steps"]) == max(0, len(way) - 1)
        held = held and all(part in " ".join(found["steps"]) for part in way if len(way) > 1)
        wrong += [] if held else [f"{found}, by the model {way}"]
    check(not wrong, f"path: of {len(nodes)} nodes each has the way the model gives it, or none {wrong[:2] or ''}")
    same = s.world.cli_json("dana", "reach", "path", model.TARGET, model.TARGET)
    check(same["reachable"] is True and not same["steps"], f"path: from a group to itself there is nothing to go [{same}]")
    code, out, err = s.world.cli("dana", "reach", "path", model.user("not-there"), model.TARGET, check=False)
    check(code != 0 and "reach.unknown_node" in out + err, "path: an unknown name is said to be unknown")
    printed = s.world.cli("dana", "reach", "path", model.user(ROOT), model.TARGET)[1]
    check("is a member of" in printed, f"path: printed as sentences: {printed.strip().splitlines()[:1]}")


def what_if(s, check, facts, chain):
    others = [steps.joining(chain.inner, model.user("eve")), steps.joining(chain.inner, model.user(OTHER_ROOT))]
    for step in [*chain.steps, *others]:
        size = s.log_size()
        code, out, err = s.world.cli("erik", "reach", "what-if", "corp", step.operation, *pairs(step), "--json", check=False)
        if not check.quietly(code == 0, f"what-if {step}: {out}{err} {s.logged(size)}"):
            continue
        compare(check, step, json.loads(out), model.gains(facts, step.after(facts)))
    check(s.facts() == facts, "what-if: nothing was done")
    check(not s.entries("actions", "intent"), "what-if: nothing was begun")
    printed = s.world.cli("erik", "reach", "what-if", "corp", others[0].operation, *pairs(others[0]))[1]
    check(model.user("eve") in printed and model.TARGET in printed, f"what-if: printed for people: {printed.strip().splitlines()[:2]}")


def pairs(step):
    return [f"{key}={value}" for key, value in step.input.items()]


def compare(check, step, found, gains):
    shown = {who.replace("/new:", "/") for who, _ in found["gained"] if not who.startswith("exequatur/")}
    new = step.operation == "user.create"  # the agents' hold on whom they create is no part of the model
    held = (found["count"] == len(gains) or new and found["count"] >= len(gains)) and shown <= gains
    held = held and bool(gains) == (found["targets"] == [model.TARGET]) and len(found["paths"]) == len(found["gained"])
    check(held, f"what-if {step}: {len(gains)} gain" + ("" if held else f": the model says {sorted(gains)}, the gateway {found}"))


def picture(s, check, facts):
    far = max(model.takers(facts), key=lambda node: (len(model.path(facts, node)), node))
    file = s.folder / "way.svg"
    code, out, err = s.world.cli("dana", "reach", "graph", far, model.TARGET, "--svg", str(file), check=False)
    if not check(code == 0 and file.exists(), f"graph: drawn {(out + err).strip()}"):
        return
    tree = xml.etree.ElementTree.parse(file).getroot()
    text = " ".join("".join(tree.itertext()).split())
    way = model.path(facts, far)
    missing = [node for node in way if node.split("/")[-1] not in text]
    check(tree.tag.endswith("svg") and not missing, f"graph: an SVG with {' → '.join(way)}" + (f", without {missing}: {text}" if missing else ""))
    code, out, err = s.world.cli("dana", "reach", "graph", model.user("eve"), model.TARGET, "--svg", str(s.folder / "none.svg"), check=False)
    check(code != 0 and not (s.folder / "none.svg").exists(), "graph: where there is no way nothing is drawn")


def nobody(s, check):
    """The same door is shut for agents."""
    connection = http.client.HTTPConnection("127.0.0.1", s.world.port, timeout=20)
    connection.request("GET", "/people/v1/reach/report", headers={"Authorization": "Bearer " + s.tokens[AGENTS[0]]})
    status = connection.getresponse().status
    connection.close()
    check(status in (401, 403, 404), f"report: not for agents [{status}]")


def lockout(s, check):
    """Both who look after the admins, one after the other: the second time nobody would be left."""
    facts = s.facts()
    for user, wanted in ((ROOT, "done"), (OTHER_ROOT, "denied")):
        status, answer = s.ask(AGENTS[0], steps.Step("user.disable", {"user": user}, lambda facts: facts, []))
        held = answer.get("status") == wanted
        check(held, f"lockout: disabling {user}: {wanted}" + ("" if held else f", not {status} {brief(answer)}"))
    _, out, err = s.world.cli("dana", "reach", "what-if", "corp", "user.disable", f"user={OTHER_ROOT}", check=False)
    check("[reach.lockout]" in err, f"lockout: a person is told why {(out + err).strip()[-120:]}")
    check(s.facts() == facts | {("disabled", model.user(ROOT))}, "lockout: the last one can still log in")
