"""Counts: what was generated, and what came of it."""

from collections import Counter

from generate_policy import SLOT

_NAMED = {"method", "call", "var"}


def constructs(case):
    """How often each operator, function, scope form and schema feature occurs in a case."""
    out = Counter()
    for policy in case.policies:
        out["effect " + policy.effect] += 1
        out["template"] += bool(policy.slots())
        out["annotation without value"] += sum(v is None for _, v in policy.notes)
        out["annotation with value"] += sum(v is not None for _, v in policy.notes)
        out["odd spelling"] += policy.noise is not None
        for name in ("principal", "action", "resource"):
            scope = getattr(policy, name)
            out["scope %s %s%s" % (name, scope[0], " slot" if SLOT in scope[1:] else "")] += 1
        for kind, body in policy.conditions:
            out["clause " + kind] += 1
            for node, _, _ in body.walk():
                out["expr " + label(node)] += 1
    for namespace in case.schema.namespaces if case.schema else ():
        out["schema namespace" if namespace.name else "schema without namespace"] += 1
        out["schema common type"] += len(namespace.commons)
        for decl in namespace.entities:
            out["schema enumerated" if decl.enum is not None else "schema entity"] += 1
            out["schema tags"] += decl.tags is not None
            out["schema entity parents"] += bool(decl.parents)
        for decl in namespace.actions:
            out["schema action" if decl.principals is not None else "schema action group"] += 1
    for mark in case.marks:
        out["case " + mark] += 1
    out["link"] += len(case.links)
    out["entity"] += len(case.entities)
    return out


def label(node):
    """The name under which a node is counted."""
    if node.op in _NAMED:
        return "%s %s" % (node.op, node.data)
    if node.op == "lit":
        return "literal " + type(node.data).__name__
    if node.op == "set" and not node.kids:
        return "empty set"
    if node.op == "is":
        return "is in" if len(node.kids) > 1 else "is"
    if node.op == "has":
        return "has path" if len(node.data) > 1 else "has"
    return node.op


def outcomes(question, want):
    """What the reference made of a case."""
    out = Counter({"sets": 1, "policies": 0})
    out["without schema"] += question["schema"] is None
    for key, name in (("schemaError", "schemas rejected"), ("policyError", "policy texts rejected"), ("linkError", "links rejected"),
                      ("entitiesError", "entities rejected")):
        out[name] += want[key] is not None
    if want["est"] is not None:
        count = len(want["est"]["staticPolicies"]) + len(want["est"]["templates"])
        out["policies"] += count
        out["templates"] += len(want["est"]["templates"])
        out["links"] += len(want["est"]["templateLinks"])
        if want["strict"] is not None:
            out["sets strictly valid" if want["strict"] else "sets strictly invalid"] += 1
            out["policies validated"] += count
            out["policies strictly valid"] += count - len([i for i in want["invalid"] if i])
    for result in want["results"] or []:
        out["requests"] += 1
        if "requestError" in result:
            out["requests rejected"] += 1
        else:
            out["requests " + result["decision"]] += 1
            out["requests with errors"] += bool(result["errors"])
            out["requests with reasons"] += bool(result["reasons"])
            out["erring policies"] += len(result["errors"])
        if "requestValid" in result:
            out["requests valid" if result["requestValid"] else "requests invalid"] += 1
    return out


def table(counter):
    """Lines of a table, sorted by name."""
    width = max([len(k) for k in counter] or [0])
    return "\n".join("  %-*s %10d" % (width, key, counter[key]) for key in sorted(counter))
