"""Tool input: fields nobody asked for, values in disguise, identities and limits set by the agent."""
import json

USER = {"user": "milo.dahl"}
TITLE = {**USER, "value": "Owned"}


def ill_formed():
    """(operation, input) that must be refused as it stands."""
    for field, value in (("confirmed", True), ("force", True), ("approved", True), ("dryRun", False), ("timeout", 86400), ("deadline", 0),
                         ("principal", "agent-b"), ("workload", "agent-b"), ("onBehalfOf", "dana.moe"), ("delegator", "dana.moe"), ("task", "x"),
                         ("approvals", {"count": 2}), ("Value", "x"), ("value ", "x"), ("labels", []), ("user\u0000", "x"), ("__proto__", {})):
        yield f"field {field!r}", "user.set-title", {**TITLE, field: value}
    for value in (["milo.dahl"], [["milo.dahl"]], {"id": "milo.dahl"}, 1011, True, None, ["milo.dahl", "ada.berg"]):
        yield f"user {value!r}", "user.set-title", {**TITLE, "user": value}
    for value in (["Owned"], 500, [500], None, {"value": "Owned"}, 1.5, True, "", " Owned", "Owned ", "x" * 257, "O\u0000wned", "Ow\u202ened",
                  "Ow\u200bned", "Ow\u2066ned", "Owne\u0301d", "Ow\u00adned", "Ow\tned", "Ow\u2028ned", "\ue000", "Own\ufe0fed", "\u00a0Owned"):
        yield f"value {value!r:.30}", "user.set-title", {**USER, "value": value}
    for name in ("milo.dahl\u0000", "milo.dahl\u200b", "milo\u202e.dahl", "mi\u0301lo.dahl", "milo.dahl ", "*", "milo.dahl' OR '1'='1", "../milo.dahl",
                 "cn=milo.dahl", "%", "", "-milo.dahl", "new:x", "m\u0131lo.dahl", "x" * 129, "milo.dahl\n"):
        yield f"name {name!r:.30}", "user.set-title", {"user": name, "value": "Owned"}
    for limit in ("10", 0, -1, 201, 10**9, 9223372036854775807, 1.5, [10], True, None):
        yield f"limit {limit!r}", "user.find", {"attribute": "name", "match": "prefix", "value": "m", "limit": limit}
    for attribute in ("recoveryCode", "userPassword", "Name", "name ", "*", "labels", ["name"], "name\u0000"):
        yield f"attribute {attribute!r}", "user.find", {"attribute": attribute, "match": "equals", "value": "x"}
    yield "match by pattern", "user.find", {"attribute": "name", "match": "regex", "value": ".*"}
    yield "sort by a secret", "user.find", {"attribute": "name", "match": "prefix", "value": "m", "sort": "recoveryCode"}
    yield "nothing", "user.set-title", {}


def numbers():
    """Numbers as Python's json can't write them."""
    return ("NaN", "Infinity", "-Infinity", "1e3", "1E1", "10.0", "1e400", "0x10", "010", "+10", "99999999999999999999", "-9223372036854775809", ".5", "1_0")


def find(agent, limit):
    body = '{"input":{"attribute":"name","match":"prefix","value":"m","limit":%s}}' % limit
    return agent.send("POST", "/v1/systems/corp/operations/user.find", body.encode()).done


def claims_identity(scene, header, value):
    """The header names somebody else; agent-b's change must stay unseen, and the change made stays agent-a's."""
    reply = scene.a.api("group.add-member", {"group": "operations", "member": "nora.lie"}, [(header, value)])
    change = reply.answer.get("change")
    return bool(change) and scene.desk.show(change)["requester"]["id"] != "agent-a"


def outer(scene):
    """Fields around the input."""
    for field, value in (("principal", "agent-b"), ("task", "x"), ("approvals", []), ("timeout", 1), ("idempotencyKey", "x"), ("tool", "user.read")):
        yield f"outer field {field!r}", lambda f=field, v=value: scene.a.api("user.set-title", TITLE, **{f: v}).done
    for evidence in ("text", [], {"prompt": 5}, {"prompt": ["x"]}, {"confirmed": True}, {"justification": None}, 5, None):
        yield f"evidence {evidence!r}", lambda e=evidence: scene.a.api("user.set-title", TITLE, evidence=e).done
    for key in ("justification", "classification"):
        for value in (5, True, None, ["x"], {"x": 1}, 1.5):
            for modern in (True, False):
                yield f"{key} {value!r}, {'modern' if modern else 'older'}", lambda k=key, v=value, m=modern: scene.a.tool(
                    "user.set-title", {**TITLE, k: v}, m).done
    for purpose in ("world-domination", "Service-Desk", "service-desk\u200b", "service-desk,onboarding"):
        yield f"purpose {purpose!r}", lambda p=purpose: scene.agent("agent-a").api(
            "user.set-title", TITLE, [("Exequatur-Purpose", p)]).done
    yield "the purpose changed within a task", lambda: scene.a.api("user.set-title", TITLE, [("Exequatur-Purpose", "onboarding")]).done


def tries(scene):
    for name, operation, fields in ill_formed():
        yield f"{operation} {name}, HTTP", lambda o=operation, f=fields: scene.a.api(o, f).done
        yield f"{operation} {name}, MCP", lambda o=operation, f=fields: scene.a.tool(o, f).done
    for number in numbers():
        yield f"limit {number}", lambda n=number: find(scene.a, n) if n != "10" else False
    for header, value in (("X-Forwarded-User", "agent-b"), ("X-Remote-User", "dana.moe"), ("X-Exequatur-Principal", "agent-b"),
                          ("X-Workload", "agent-b"), ("X-SPIFFE-ID", "spiffe://test.example/agent-b"), ("X-Forwarded-Client-Cert", "By=x;URI=agent-b")):
        yield f"header {header}", lambda h=header, v=value: claims_identity(scene, h, v)
    yield from outer(scene)
    for system, operation in (("corp", "user.set-recoveryCode"), ("corp", "user.set-name"), ("corp", "USER.READ"), ("corp", "user.read%00"), ("CORP", "user.read"),
                              ("exequatur", "user.read"), ("corp%2f..%2fcorp", "user.read"), ("corp", "user_read"), ("..", "user.read")):
        yield f"no such operation {system}/{operation}", lambda s=system, o=operation: scene.a.send(
            "POST", f"/v1/systems/{s}/operations/{o}", json.dumps({"input": USER}).encode()).done
