"""The least model by brute force: try every rule for every node and grounding until nothing changes."""
from itertools import product

from syntax import Var, roles


def model(rules, nodes, facts, exhaustive=False):
    """All pairs (p, x) where p controls x; facts are tuples (name, first[, second])."""
    people = set(nodes) | {name for fact in facts for name in fact[1:]}
    everything = sorted(people | constants(rules))
    state = State({p: {p} for p in everything}, {p: set() for p in everything}, facts)
    derived = {rule.head.name for rule in rules}
    ready = [(rule, *roles(rule)[:2], groundings(rule, everything, facts, derived, exhaustive))
             for rule in rules]
    changed = True
    while changed:
        changed = any([state.grant(p, *entry) for p in everything for entry in ready])
        changed = any([state.spread(p) for p in everything]) or changed
    return {(p, x) for p in people for x in state.controls[p]}


def constants(rules):
    """Texts that stand in rules: a variable can be one of them by way of a derived relation."""
    atoms = [atom for rule in rules for atom in [rule.head] + [c.atom for c in rule.conditions]]
    return {term for atom in atoms for term in atom.terms if not isinstance(term, Var)}


def ground(atom, binding):
    """The atom as a fact, every variable replaced."""
    return (atom.name, *[binding[t] if isinstance(t, Var) else t for t in atom.terms])


def true(condition, binding, facts):
    """A condition looked up among the facts as it stands."""
    return (ground(condition.atom, binding) in facts) != condition.negated


def groundings(rule, everything, facts, derived, exhaustive):
    """All values of the variables but the taker for which the conditions without the taker hold."""
    taker, aside = rule.head.terms[0], roles(rule)[2]
    atoms = [rule.head] + [c.atom for c in rule.conditions]
    free = sorted({t for atom in atoms for t in atom.terms if isinstance(t, Var) and t != taker})
    domains = [everything if exhaustive else domain(v, rule, everything, facts, derived) for v in free]
    bindings = [dict(zip(free, values)) for values in product(*domains)]
    return [b for b in bindings if all(true(c, b, facts) for c in aside)]


def domain(variable, rule, everything, facts, derived):
    """Values a variable can have at all: only those in a fact, where facts alone decide."""
    values = set(everything)
    for atom in [c.atom for c in rule.conditions if not c.negated and c.atom.name not in derived]:
        for place, term in enumerate(atom.terms, 1):
            if term == variable:
                values &= {fact[place] for fact in facts if fact[0] == atom.name}
    return sorted(values)


class State:
    """What every node controls and holds so far."""

    def __init__(self, controls, holdings, facts):
        self.controls, self.holdings, self.facts = controls, holdings, facts

    def grant(self, p, rule, held, narrowing, bindings):
        """Give p what the rule gives it; whether that is new."""
        new = False
        for binding in bindings:
            if all(self.met(p, c, narrowing, rule.head.terms[0], binding) for c in held):
                new = self.give(p, ground(rule.head, {**binding, rule.head.terms[0]: p})) or new
        return new

    def give(self, p, fact):
        """Record control or a holding."""
        become = fact[0] == "become"
        target = self.controls[p] if become else self.holdings[p]
        value = fact[2] if become else (fact[0], *fact[2:])
        new = value not in target
        target.add(value)
        return new

    def met(self, p, condition, narrowing, taker, binding):
        """Whether something p controls stands in the condition and passes all that narrows it."""
        for a in self.controls[p]:
            own = {**binding, taker: a}
            if true(condition, own, self.facts) and all(true(n, own, self.facts) for n in narrowing):
                return True
        return self.holds(p, condition, taker, binding)

    def holds(self, p, condition, taker, binding):
        """Whether p, or anything it controls, holds the condition by rules."""
        if condition.atom.terms[0] != taker:
            return False
        fact = ground(condition.atom, {**binding, taker: p})
        return any((fact[0], *fact[2:]) in self.holdings[a] for a in self.controls[p])

    def spread(self, p):
        """Control goes on: p controls what anything it controls controls."""
        reached = {y for x in self.controls[p] for y in self.controls[x]}
        new = not reached <= self.controls[p]
        self.controls[p] |= reached
        return new
