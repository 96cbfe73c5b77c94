"""Make a differing case smaller while it differs in the same way."""
import copy
from dataclasses import replace

from engine import differences
from language import parse
from render import program_text
from tokens import Refused

ROUNDS = 200


def without(items, at):
    """A list or tuple without one item."""
    return items[:at] + items[at + 1:]


def program_steps(program):
    """Programs with a statement or a condition less."""
    for kind in ("rules", "facts", "declarations"):
        items = getattr(program, kind)
        for at in range(len(items)):
            yield replace(program, **{kind: without(items, at)})
    for at, rule in enumerate(program.rules):
        for less in rule_steps(rule):
            yield replace(program, rules=program.rules[:at] + [less] + program.rules[at + 1:])


def rule_steps(rule):
    """Rules with a condition or their reasons less."""
    for at in range(len(rule.conditions) if len(rule.conditions) > 1 else 0):
        yield replace(rule, conditions=without(rule.conditions, at))
    if rule.because is not None or rule.source is not None:
        yield replace(rule, because=None, source=None)


def text_steps(text):
    """Smaller rule texts: by statement when it can be parsed, else by line and character."""
    try:
        program = parse(text)
    except Refused:
        lines = text.split("\n")
        yield from ("\n".join(without(lines, at)) for at in range(len(lines)))
        if len(text) < 200:
            yield from (without(text, at) for at in range(len(text)))
        return
    if program_text(program) != text:
        yield program_text(program)
    yield from (program_text(less) for less in program_steps(program))


def list_steps(case):
    """Cases with an edge, a node or a protected name less."""
    for key in ("edges", "add", "remove", "nodes", "protected"):
        items = case.get(key)
        for at in range(len(items) if isinstance(items, list) else 0):
            yield {**case, key: without(items, at)}
    if "remove" in case and not case["remove"]:
        yield {key: value for key, value in case.items() if key != "remove"}


def steps(case):
    """All cases a little smaller than this."""
    if isinstance(case.get("rules"), str):
        yield from ({**case, "rules": text} for text in text_steps(case["rules"]))
    yield from list_steps(case)


def shrink(command, case, kind):
    """The smallest case found that differs in this way."""
    case = copy.deepcopy(case)
    for _ in range(ROUNDS):
        smaller = first_differing(command, list(steps(case)), kind)
        if smaller is None:
            return case
        case = smaller
    return case


def first_differing(command, candidates, kind):
    """The first candidate that differs in this way, or None."""
    # An engine that dies on one case says nothing of those behind it: then one at a time.
    groups = [[c] for c in candidates] if "missing" in kind else [candidates] if candidates else []
    for group in groups:
        for case, _, _, found in differences(command, group):
            if found == kind:
                return case
    return None
