"""Answers to cases: NDJSON in, NDJSON out, in the same order."""
import json
import sys

from language import parse
from naive import model
from tokens import Refused

REQUIRED = {"id", "rules", "nodes", "edges", "protected", "add"}
OPTIONAL = {"remove"}


def need(right, code, message):
    """Refuse a case when something is not right."""
    if not right:
        raise Refused(code, None, message)


def texts(value):
    """Whether a value is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def check_shape(case):
    """Fields, and the types of their values."""
    need(isinstance(case, dict), "reach.input", "not an object")
    need(REQUIRED <= set(case) <= REQUIRED | OPTIONAL, "reach.input", "fields")
    need(isinstance(case["id"], str) and isinstance(case["rules"], str), "reach.input", "id, rules")
    need(texts(case["nodes"]) and texts(case["protected"]), "reach.input", "nodes, protected")
    for key in ("edges", "add", "remove"):
        edges = case.get(key, [])
        good = isinstance(edges, list) and all(texts(e) and len(e) in (2, 3) for e in edges)
        need(good, "reach.input", key)


def check_names(case, program, nodes):
    """Edges are of declared relations, and every name is a node's."""
    need(len(set(case["nodes"])) == len(case["nodes"]), "reach.duplicate_node", "nodes")
    places = {**program.named("relation"), **program.named("restriction")}
    for edge in case["edges"] + case["add"] + case.get("remove", []):
        need(edge[1] in places, "reach.unknown_relation", edge)
        need(places[edge[1]] == len(edge) - 1, "reach.arity", edge)
        need({edge[0], *edge[2:]} <= nodes, "reach.dangling", edge)
    need(set(case["protected"]) <= nodes, "reach.dangling", "protected")


def fact_of(edge):
    """An edge as a fact: the relation first."""
    return (edge[1], edge[0], *edge[2:])


def states(case, program):
    """The facts before the step, and after everything in it that can grant something."""
    stated = {(fact.name, *fact.terms) for fact in program.facts}
    edges = {fact_of(edge) for edge in case["edges"]}
    restrictions = program.named("restriction")
    added = {fact_of(e) for e in case["add"] if e[1] not in restrictions}
    removed = {fact_of(e) for e in case.get("remove", []) if e[1] in restrictions}
    # What a rule file states goes on being stated: a step only takes edges away.
    return edges | stated, (edges - removed) | added | stated


def gains(case):
    """The pairs gained by the step, sorted; raises Refused."""
    check_shape(case)
    program = parse(case["rules"])
    nodes = set(case["nodes"]) | {name for fact in program.facts for name in fact.terms}
    check_names(case, program, nodes)
    before, after = (model(program.rules, nodes, facts) for facts in states(case, program))
    what = set(case["protected"])
    return sorted([p, x] for p, x in after - before if x in what and p != x)


def answer(case):
    """The answer to one case, as an object."""
    name = case.get("id") if isinstance(case, dict) else None
    try:
        gained = gains(case)
    except Refused as problem:
        return {"id": name, "verdict": "refused", "code": problem.code}
    return {"id": name, "verdict": "gain" if gained else "no-gain", "gained": gained}


def answer_line(line):
    """The answer to one line of NDJSON."""
    try:
        case = json.loads(line)
    except ValueError:
        case = None
    return json.dumps(answer(case), ensure_ascii=False)


def main():
    """Answer every line of stdin."""
    for raw in sys.stdin.buffer:
        if raw.strip():
            print(answer_line(raw))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
