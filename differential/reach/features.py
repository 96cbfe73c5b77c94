"""What a case exercises, so that one sees what the generator covers."""
from language import parse
from syntax import Var, roles


def features(case, expected):
    """Names of everything the case exercises."""
    if expected["verdict"] == "refused":
        return {f"refused {expected['code']}"}
    program = parse(case["rules"])
    found = {f"rules {len(program.rules)}", f"nodes {len(case['nodes'])}"}
    for rule in program.rules:
        found |= rule_features(rule, program)
    return found | text_features(case["rules"]) | case_features(case, program, expected)


def rule_features(rule, program):
    """What one rule exercises."""
    held, narrowing, aside = roles(rule)
    taker, derived = rule.head.terms[0], program.derived()
    two = [c for c in held if len(c.atom.terms) == 2]
    positive = [c for c in aside if not c.negated]
    tests = {
        f"conditions {min(len(rule.conditions), 5)}{'+' * (len(rule.conditions) > 4)}": True,
        "head derived two-place": rule.head.name != "become" and len(rule.head.terms) == 2,
        "head derived one-place": len(rule.head.terms) == 1,
        "head constant": not all(isinstance(t, Var) for t in rule.head.terms),
        "taker first": any(c.atom.terms[0] == taker for c in two),
        "taker second": any(c.atom.terms[1] == taker for c in two),
        "taker met twice or more": len(two) > 1,
        "taker one-place only": not two,
        "taker one-place narrowed": not two and bool(narrowing),
        "narrowed by one-place": any(not c.negated for c in narrowing),
        "narrowed by not, one place": any(c.negated and len(c.atom.terms) == 1 for c in narrowing),
        "narrowed by not, two places": any(c.negated and len(c.atom.terms) == 2 for c in narrowing),
        "narrowed, met twice or more": len(two) > 1 and bool(narrowing),
        "guard one-place": any(len(c.atom.terms) == 1 for c in positive),
        "guard two-place": any(len(c.atom.terms) == 2 for c in positive),
        "guard chain": any(linked(a, b) for a in positive for b in positive if a is not b),
        "guard not": any(c.negated for c in aside),
        "constant in condition": any(isinstance(t, str) for c in rule.conditions for t in c.atom.terms),
        "derived condition": any(c.atom.name in derived for c in held),
        "derived from derived": rule.head.name != "become" and any(c.atom.name in derived for c in held),
        "derived recursive": any(c.atom.name == rule.head.name for c in rule.conditions),
        "derived with another": len(held) > 1 and any(c.atom.name in derived for c in held),
    }
    return {name for name, holds in tests.items() if holds}


def linked(first, second):
    """Whether two guards share a variable."""
    return any(isinstance(t, Var) and t in second.atom.terms for t in first.atom.terms)


def text_features(text):
    """What the manner of writing exercises."""
    tests = {"text comment": "#" in text, "text CRLF": "\r\n" in text, "text one line": "\n" not in text.strip(),
             "text sample statement": "zr(" in text}
    return {name for name, holds in tests.items() if holds}


def case_features(case, program, expected):
    """What system and step exercise."""
    limits, remove = program.named("restriction"), case.get("remove", [])
    stated = {name for fact in program.facts for name in fact.terms}
    used = {e[0] for e in case["edges"]} | {e[-1] for e in case["edges"] if len(e) == 3}
    tests = {
        "fact in rules": bool(program.facts),
        "fact in rules names a new node": not stated <= set(case["nodes"]),
        "restriction fact in rules": any(fact.name in limits for fact in program.facts),
        "removed restriction stated in rules": any(e == [f.terms[0], f.name, *f.terms[1:]]
                                                   for e in remove for f in program.facts if f.name in limits),
        "edge of derived": any(e[1] in program.derived() for e in case["edges"] + case["add"]),
        "restriction edge": any(e[1] in limits for e in case["edges"]),
        "adds restriction": any(e[1] in limits for e in case["add"]),
        "removes restriction": any(e[1] in limits and e in case["edges"] for e in remove),
        "removes plain fact": any(e[1] not in limits and e in case["edges"] for e in remove),
        "edge to a node of the rules only": not used <= set(case["nodes"]),
        "names canonically equal": "e\u0301te\u0301" in case["nodes"],
        "edge or protected repeated": len({*map(tuple, case["edges"])}) < len(case["edges"]),
        "gained by several": len(expected["gained"]) > 1,
        "gain by removal only": expected["verdict"] == "gain" and all(e[1] in limits for e in case["add"]),
    }
    return {name for name, holds in tests.items() if holds}
