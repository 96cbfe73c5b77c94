"""The shrinker's steps. Each takes a case and the number of a place; it returns None when there is no such place,
False when nothing can be done there, and True when it has made the case smaller."""

from schema import ActionDecl
from tree import lit, var


def steps():
    """All steps, the coarse ones first."""
    yield from (halves(f) for f in ("requests", "policies", "entities"))
    yield from (drop(f) for f in ("requests", "policies", "links", "entities"))
    yield from (no_schema, drop_namespace, drop_declaration, plain_policy, drop_condition, free_scope, hoist, leaf, drop_kid, drop_json,
                drop_attribute, drop_schema_detail, plain_json)


def halves(name):
    """Drops a quarter of a list at a time."""
    def step(case, place):
        items = getattr(case, name)
        size = len(items) // 4
        if size < 2 or place * size >= len(items):
            return None
        del items[place * size:(place + 1) * size]
        return True
    return step


def drop(name):
    """Drops one element of a list."""
    def step(case, place):
        items = getattr(case, name)
        if place >= len(items):
            return None
        gone = items.pop(place)
        if name == "policies":
            case.links = [l for l in case.links if l.policy is not gone]
        return True
    return step


def no_schema(case, place):
    """Drops the schema."""
    if place or case.schema is None:
        return None
    case.schema = None
    return True


def nth(items, place):
    """The n-th of an iterable, or None."""
    for i, item in enumerate(items):
        if i == place:
            return item
    return None


def drop_namespace(case, place):
    """Drops a namespace."""
    if case.schema is None or place >= len(case.schema.namespaces):
        return None
    del case.schema.namespaces[place]
    return True


def drop_declaration(case, place):
    """Drops a declaration."""
    if case.schema is None:
        return None
    spots = [(kind, i) for ns in case.schema.namespaces for kind in (ns.commons, ns.entities, ns.actions) for i in range(len(kind))]
    if place >= len(spots):
        return None
    kind, i = spots[place]
    del kind[i]
    return True


def plain_policy(case, place):
    """Plain spelling, no annotations, permit."""
    if place >= 4 * len(case.policies):
        return None
    policy, what = case.policies[place // 4], ("noise", "broken", "notes", "effect")[place % 4]
    plain = {"notes": [], "effect": "permit"}.get(what)
    if getattr(policy, what) == plain:
        return False
    setattr(policy, what, plain)
    return True


def drop_condition(case, place):
    """Drops a when or unless clause."""
    spot = nth(((p, i) for p in case.policies for i in range(len(p.conditions))), place)
    if spot is None:
        return None
    del spot[0].conditions[spot[1]]
    return True


def free_scope(case, place):
    """Loosens a part of the scope, or drops elements of its action list."""
    if place >= 3 * len(case.policies):
        return None
    policy, name = case.policies[place // 3], ("principal", "action", "resource")[place % 3]
    scope = getattr(policy, name)
    if scope[0] == "all":
        return False
    setattr(policy, name, ("in set", scope[1][1:]) if scope[0] == "in set" and len(scope[1]) > 1 else ("all",))
    return True


def nodes(case):
    """Every node with the way to replace it."""
    for policy in case.policies:
        for i, (kind, body) in enumerate(policy.conditions):
            for node, parent, place in body.walk():
                yield policy, i, kind, node, parent, place


def put(spot, new):
    """Replaces the node of a spot."""
    policy, i, kind, _, parent, place = spot
    if parent is None:
        policy.conditions[i] = (kind, new)
    else:
        parent.kids[place] = new


def hoist(case, place):
    """Replaces a node by one of its operands."""
    spots = [(spot, kid) for spot in nodes(case) for kid in spot[3].kids]
    if place >= len(spots):
        return None
    put(*spots[place])
    return True


LEAVES = [lambda: lit(True), lambda: lit(1), lambda: lit("a"), lambda: var("principal"), lambda: var("context")]


def leaf(case, place):
    """Replaces a compound node by a leaf."""
    spots = [spot for spot in nodes(case) if spot[3].kids]
    if place >= len(spots) * len(LEAVES):
        return None
    put(spots[place // len(LEAVES)], LEAVES[place % len(LEAVES)]())
    return True


def drop_kid(case, place):
    """Drops an element of a set or a record, the `in` of an `is`, or part of a pattern."""
    spots = [(n, i) for _, _, _, n, _, _ in nodes(case) if n.op in ("set", "record") for i in range(len(n.kids))]
    spots += [(n, 1) for _, _, _, n, _, _ in nodes(case) if n.op == "is" and len(n.kids) > 1]
    spots += [(n, i) for _, _, _, n, _, _ in nodes(case) if n.op == "like" for i in range(len(n.data))]
    if place >= len(spots):
        return None
    node, i = spots[place]
    if node.op == "like":
        node.data = node.data[:i] + node.data[i + 1:]
        return True
    del node.kids[i]
    if node.op == "record":
        node.data = node.data[:i] + node.data[i + 1:]
    return True


def containers(value):
    """Every list and object inside a JSON value."""
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def data_roots(case):
    """The JSON values which may be thinned out."""
    for entity in case.entities:
        if isinstance(entity, dict):
            yield from (entity[k] for k in ("attrs", "parents", "tags") if k in entity)
    yield from (r["context"] for r in case.requests)


def drop_json(case, place):
    """Drops a member of an object or an element of a list."""
    spots = [(c, key) for root in data_roots(case) for c in containers(root) if not (isinstance(c, dict) and ("fn" in c or "id" in c))
             for key in (list(c) if isinstance(c, dict) else range(len(c)))]
    if place >= len(spots):
        return None
    container, key = spots[place]
    del container[key]
    return True


def plain_json(case, place):
    """Empties `tags`."""
    spots = [e for e in case.entities if isinstance(e, dict) and "tags" in e]
    if place >= len(spots):
        return None
    del spots[place]["tags"]
    return True


def records(t):
    """Thinner versions of a type, by dropping one attribute somewhere."""
    if t is None:
        return
    if t[0] == "Set":
        for inner in records(t[1]):
            yield ("Set", inner)
    if t[0] == "Record":
        for i, (name, inner, required) in enumerate(t[1]):
            yield ("Record", t[1][:i] + t[1][i + 1:])
            for thinner in records(inner):
                yield ("Record", t[1][:i] + ((name, thinner, required),) + t[1][i + 1:])


def typed(case):
    """(declaration, field) of every type in the schema."""
    for ns in case.schema.namespaces if case.schema else ():
        yield from ((d, "type") for d in ns.commons)
        for decl in ns.entities:
            yield from ((decl, f) for f in ("shape", "tags"))
        yield from ((d, "context") for d in ns.actions)


def drop_attribute(case, place):
    """Drops an attribute from a type of the schema."""
    spot = nth(((d, f, t) for d, f in typed(case) for t in records(getattr(d, f))), place)
    if spot is None:
        return None
    setattr(*spot)
    return True


def drop_schema_detail(case, place):
    """Drops a name, a parent, an annotation, a choice, tags, a principal or resource type, or a whole appliesTo."""
    spots = []
    for ns in case.schema.namespaces if case.schema else ():
        for decl in [ns] + ns.commons + ns.entities + ns.actions:
            for name in ("notes", "parents", "enum", "principals", "resources", "names"):
                items = getattr(decl, name, None) or []
                least = 0 if name in ("notes", "parents") else 1
                spots += [(items, i) for i in range(len(items)) if len(items) > least]
            if getattr(decl, "tags", None) is not None:
                spots.append((decl, "tags"))
            if isinstance(decl, ActionDecl) and decl.principals is not None:
                spots.append((decl, "principals"))
    if place >= len(spots):
        return None
    owner, key = spots[place]
    if isinstance(owner, list):
        del owner[key]
    else:
        setattr(owner, key, None)
    return True
