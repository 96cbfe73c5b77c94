"""Who can take what, said anew and on its own: facts as tuples in sets, and a search over them. Nothing is asked of the gateway.

A node is called as people call it: corp/user/ann, corp/group/staff, corp/name/<a DN that leads nowhere>.
"""
SYSTEM = "corp"
TARGET = f"{SYSTEM}/group/admins"


def user(name):
    return f"{SYSTEM}/user/{name}"


def group(name):
    return f"{SYSTEM}/group/{name}"


def name(dn):
    return f"{SYSTEM}/name/{dn}"


def edges(facts):
    """Each node with those it controls at once. Whoever may not log in is a member, an owner or a manager of nothing."""
    asleep = {fact[1] for fact in facts if fact[0] == "disabled"}
    found = {}
    for fact in facts:
        if fact[0] in ("member", "owner", "manages") and fact[1] not in asleep:
            found.setdefault(fact[1], set()).add(fact[2])
        if fact[0] == "has":
            for other in facts:
                if other[0] == "selects" and other[2:] == fact[2:]:
                    found.setdefault(fact[1], set()).add(other[1])
    return found


def takers(facts, target=TARGET):
    """Every node that can take the target: users, groups, and names that wait for somebody."""
    before = {}
    for source, ends in edges(facts).items():
        for end in ends:
            before.setdefault(end, set()).add(source)
    found, waiting = set(), [target]
    while waiting:
        for source in before.get(waiting.pop(), ()):
            if source not in found and source != target:
                found.add(source)
                waiting.append(source)
    return found


def gains(facts, after, target=TARGET):
    return takers(after, target) - takers(facts, target)


def path(facts, start, target=TARGET):
    """The nodes of a shortest way, both ends included; empty when there is none."""
    graph, ways, seen = edges(facts), [[start]], {start}
    while ways:
        longer = []
        for way in ways:
            if way[-1] == target:
                return way
            for end in sorted(graph.get(way[-1], ())):
                if end not in seen:
                    seen.add(end)
                    longer.append([*way, end])
        ways = longer
    return []


def renamed(facts, old, new):
    """The facts with one node called otherwise: a name that waited has its owner."""
    return frozenset(tuple(new if part == old else part for part in fact) for fact in facts)
