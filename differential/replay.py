"""Recorded cases: comparing the probe with them, and making them from cedarpy."""

import json

import child
from compare import canonical, normal_est
from judge import compared

DEFAULTS = {"id": 0, "schema": None, "policies": "", "links": [], "entities": [], "requests": []}


def load(path):
    """A case file, or a bare input, as a record with a complete input."""
    with open(path, encoding="utf-8") as file:
        record = json.load(file)
    if "input" not in record:
        record = {"input": record}
    record["input"] = {**DEFAULTS, **record["input"]}
    return record


def replay(paths):
    """Asks the probe and compares with what was recorded; 1 on any difference."""
    from probe import Probe
    probe, bad = Probe(), 0
    for path in paths:
        record = load(path)
        if record.get("expected") is None:
            print("%s: nothing recorded" % path)
            bad += 1
            continue
        try:
            found = judge_alone(record["input"], record["expected"], probe)
        except child.Crashed as error:
            found = [("probe crashed", str(error))]
        bad += bool(found)
        for category, detail in found:
            print("%s: %s: %s" % (path, category, json.dumps(detail, ensure_ascii=False)))
    probe.stop()
    print("%d cases, %d with differences" % (len(paths), bad))
    return 1 if bad else 0


def judge_alone(question, want, probe):
    """The differences from the record; printed forms are judged by the probe's own reading of them."""
    got = probe.ask(question)
    found = compared(question, want, got, None)
    bare = {**DEFAULTS, "id": question["id"]}
    for key in ("formatted", "text"):
        if got.get(key) is not None and want.get("est") is not None:
            again = probe.ask({**bare, "policies": got[key]})
            if again.get("est") is None or not same_policies(key, want["est"], again["est"]):
                found.append((key, again.get("policyError") or "another meaning"))
    if got.get("schemaText") is not None and want.get("schemaError") is None:
        again = probe.ask({**question, "schema": got["schemaText"], "requests": []})
        if again.get("schemaError") is not None or again.get("strict") != want.get("strict"):
            found.append(("schemaText", again.get("schemaError") or "another strict verdict"))
    return found


def same_policies(key, want, got):
    """Equal policies; the ids matter for the formatted text only."""
    want, got = normal_est(want), normal_est(got)
    if key == "formatted":
        return all(canonical(want[k]) == canonical(got[k]) for k in ("staticPolicies", "templates"))
    bodies = lambda est: sorted(canonical(p) for k in ("staticPolicies", "templates") for p in est[k].values())
    return bodies(want) == bodies(got)


def record(paths):
    """Writes cedarpy's answer into the files."""
    from peer import Peer
    peer, bad = Peer(), 0
    for path in paths:
        case = load(path)
        try:
            answer = peer.ask(case["input"])
        except child.Crashed as error:
            answer = {"peerFault": str(error)}
        if "peerFault" in answer:
            print("%s: %s" % (path, answer["peerFault"]))
            bad += 1
            continue
        case["expected"] = answer
        with open(path, "w", encoding="utf-8") as file:
            json.dump(case, file, indent=1)
            file.write("\n")
    peer.stop()
    return 1 if bad else 0
