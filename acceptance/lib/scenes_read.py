"""Reading: what the agent may see, and that nothing else can be told from what is not there."""
import json

from agent import MODES


def same(a, b):
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def last(story):
    """The bytes of the last answer."""
    return story.desk.heard[-1]


def discovery(s):
    tools = {tool["name"]: tool for tool in s.desk.tools()}
    wanted = {f"{s.cast.system}__{name}" for name in (
        "user_find", "user_read", "group_read", "group_add-member", "group_remove-member", "user_create", "user_remove",
        "user_enable", "user_disable", "user_reset-password", "user_set-title", "user_set-telephoneNumber")}
    s.check(wanted <= set(tools), f"{len(tools)} tools are listed, one for each operation")
    s.check(all(tool["inputSchema"].get("additionalProperties") is False for tool in tools.values()), "every tool's input is closed")
    stranger = s.ask("user.read", s.agent("stranger"), user=s.cast.reader)
    s.is_code(stranger, "denied", "a workload that no policy names reads nothing")
    unknown = s.ask("user.read", user=s.cast.reader, colour="red")
    s.check(unknown["status"] in ("failed", "error"), f"an unknown argument is refused ({unknown['code']})")


def reading(s):
    c = s.cast
    user = s.effect.attribute
    s.effect.edit(c.reader, c.confidential, "CONF-4711")
    answer = s.ask("user.read", user=c.reader)
    s.check(answer["status"] == "done", "the agent reads a user")
    shown = answer["result"]["attributes"]
    s.check(shown.get(c.shown) == user(c.reader, c.shown), f"{c.shown} is what the system says")
    s.check(c.confidential not in shown and "CONF-4711" not in last(s), f"{c.confidential} (confidential) is withheld")
    s.check(c.secret not in shown, f"{c.secret} (secret) is withheld")
    by_id = s.ask("user.read", user=answer["result"]["id"])
    s.check(same(by_id, answer), "the immutable id finds the same user")
    indistinguishable(s, "user.read", {"user": c.hidden[0]}, {"user": "nobody-of-that-name"}, "a hidden user and none")
    indistinguishable(s, "group.read", {"group": c.protected}, {"group": "no-such-group"}, "a hidden group and none")
    indistinguishable(s, "user.read", {"user": c.group}, {"user": "no-such-user"}, "a group asked for as a user and none")


def indistinguishable(s, operation, one, other, what):
    s.ask(operation, **one)
    first = last(s)
    answer = s.ask(operation, **other)
    s.check(first == last(s) and answer["code"] == "denied", f"{what} are answered byte for byte alike")


def find(s, attribute, value, match="prefix", **more):
    return s.ask("user.find", attribute=attribute, match=match, value=value, **more)


def names(answer):
    return [user["name"] for user in answer["result"]["users"]]


def searching(s):
    c = s.cast
    for number, name in enumerate(c.alike):
        s.effect.edit(name, c.confidential, f"CONF-{900 - number}")
        s.effect.edit(name, "telephoneNumber", f"+47 555 9{900 - number}")
    titles = [s.effect.attribute(name, "title") or "" for name in c.hidden]
    s.check(any(title.startswith(c.prefix) for title in titles), "(the prefix matches a hidden user in the system)")
    all_found = find(s, "title", c.prefix)
    plain = last(s)
    s.check(names(all_found) == sorted(c.alike), f"a search by prefix finds {len(c.alike)} users and no hidden one")
    s.check(all_found["result"]["count"] == len(c.alike), "the count leaves hidden users out")
    two = find(s, "title", c.prefix, limit=2)["result"]
    s.check(two["count"] == 2 and two["more"] is True, "a limit cuts off, and says so")
    s.check(names(find(s, "title", c.prefix, sort="telephoneNumber")) == sorted(c.alike)[::-1], "sorting by a readable attribute sorts")
    find(s, "title", c.prefix, sort=c.confidential)
    s.check(last(s) == plain, f"sorting by {c.confidential}, which would reverse the order, changes no byte")
    confidential(s)


def confidential(s):
    c = s.cast
    s.check(s.effect.attribute(c.alike[0], c.confidential) == "CONF-900", "(the confidential value is in the system)")
    hit = find(s, c.confidential, "CONF-900", "equals")
    bytes_of_hit = last(s)
    s.check(hit["status"] == "done" and hit["result"]["count"] == 0, f"a search by {c.confidential} for a value that is there finds nothing")
    find(s, c.confidential, "CONF-777", "equals")
    s.check(last(s) == bytes_of_hit, "…and answers byte for byte as for one that is not there")
    find(s, c.confidential, "CONF-9", "prefix")
    s.check(last(s) == bytes_of_hit, "…by prefix too")
    hidden_title = s.effect.attribute(c.hidden[0], "displayName")
    find(s, "displayName", hidden_title, "equals")
    hidden = last(s)
    find(s, "displayName", "Nobody Atall", "equals")
    s.check(hidden == last(s), "a hidden user's name finds what a name that is not there finds")
    secret = find(s, c.secret, "x", "equals")
    s.check(secret["status"] in ("failed", "error"), f"a search by {c.secret} can't even be asked ({secret['code']})")


def nested(s):
    c = s.cast
    s.check(not s.effect.is_member(c.outer, c.deep), f"(in the system {c.deep} is in {c.outer} only through {c.inner})")
    result = s.ask("group.read", group=c.outer)["result"]
    direct, below = [[member["name"] for member in result[key]] for key in ("members", "nestedMembers")]
    s.check(c.inner in direct and c.deep not in direct, "a group's direct members are listed")
    s.check(c.deep in below, "members through a nested group are listed")
    s.check(not set(c.hidden) & set(direct + below), "hidden users are not listed as members")
    of = [group["name"] for group in s.ask("user.read", user=c.deep)["result"]["memberOf"]]
    s.check(c.inner in of, "a user's own groups are listed")


def eras(s):
    c = s.cast
    agents = [s.agent(mode=mode) for mode in MODES]
    spoken = [f"{agent.mode}: {agent.version}" for agent in agents]
    s.check(len({agent.version for agent in agents}) == 2, "both eras are spoken: " + ", ".join(spoken))
    s.check(all(agent.tools() == agents[0].tools() for agent in agents), "both eras list the same tools")
    calls = [
        ("user.read", {"user": c.reader}), ("user.read", {"user": c.hidden[0]}),
        ("user.find", {"attribute": "title", "match": "prefix", "value": c.prefix}), ("group.read", {"group": c.outer}),
        ("group.add-member", {"group": c.protected, "member": c.newcomer}), ("user.read", {"user": c.reader, "x": "y"}),
        ("user.set-title", {"user": "nobody-at-all", "value": "x"}),
    ]
    for operation, arguments in calls:
        answers = [s.ask(operation, agent, **arguments) for agent in agents]
        s.check(all(same(answer, answers[0]) for answer in answers), f"both eras agree on {operation} {sorted(arguments.values())}: {answers[0]['code']}")
    first, second = agents[0], agents[-1]
    answer = s.ask("user.set-title", first, key="across-eras", user=c.profile, value="Across")
    again = s.ask("user.set-title", second, key="across-eras", user=c.profile, value="Across")
    s.check(answer["change"] == again["change"], "an idempotency key holds across eras")
    s.check(s.status(answer["change"], second)["code"] == "executed", "a change made in one era is seen in the other")
