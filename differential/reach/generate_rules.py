"""Random programs that the page allows."""
from checks import check, check_derived
from generate_draft import Draft
from syntax import Atom, Condition, Declaration, Program, Rule, Var
from tokens import Refused

NAMES = ["member", "owns", "write", "Get-All", "trusts", "hosts_1", "runs", "zone", "r", "GetAll"]
TAKEN = ["denied", "off", "needs-2nd", "bounded"]
TEXTS = [None, None, "is in", "may \"do\" \\ it"]
# One plan for each relation: kind, places, whether rules give it.
PLANS = [("relation", 2, False), ("relation", 2, False), ("relation", 1, False),
         ("restriction", 1, False), ("restriction", 2, False), ("relation", 2, True),
         ("relation", 1, True)]
WEIGHTS = [3, 2, 3, 3, 3, 3, 1]


class Rules:
    """A program in the making."""

    def __init__(self, rng, nodes, quiet=False):
        self.rng, self.nodes, self.quiet = rng, nodes, quiet
        self.kinds, self.member = {}, None
        plans = [PLANS[0]] * (2 if quiet else 1) + rng.choices(PLANS, WEIGHTS, k=rng.randint(1, 4 if quiet else 5))
        names, taken = rng.sample(NAMES, len(NAMES)), rng.sample(TAKEN, len(TAKEN))
        for plan in plans:
            pool = taken if plan[0] == "restriction" and taken else names
            self.kinds.setdefault(plan, []).append(pool.pop())

    def pick(self, kind, places, derived=False):
        """A name of this kind, or None."""
        names = self.kinds.get((kind, places, derived))
        return self.rng.choice(names) if names else None

    def declarations(self):
        """The declarations, one of them repeated at times."""
        words = ["who", "what", "a", "b-2"]
        found = [Declaration(kind, name, tuple(self.rng.sample(words, places)), self.rng.choice(TEXTS))
                 for (kind, places, _), names in self.kinds.items() for name in names]
        return found + ([self.rng.choice(found)] if self.rng.random() < 0.05 else [])

    def program(self):
        """A whole program that passes the checks."""
        program = Program(self.declarations())
        derived = [(n, p) for p in (1, 2) for n in self.kinds.get(("relation", p, True), [])]
        heads = derived + [("become", 2)]
        # Few rules and facts show best which condition decides.
        more = [0] if self.quiet else [0, 1, 1, 2, 3]
        heads += [self.rng.choice([("become", 2)] * 3 + derived) for _ in range(self.rng.choice(more))]
        for name, places in heads[:6]:
            program.rules.append(self.allowed(program, name, places))
        if self.quiet or self.rng.random() < 0.5:
            self.member = self.pick("relation", 2)
            program.rules[5:] = [self.membership()]
        self.rng.shuffle(program.rules)
        for _ in range(self.rng.choice([0, 0, 0, 0, 1] if self.quiet else [0, 0, 0, 1, 2])):
            program.facts.append(self.fact())
        return program

    def membership(self):
        """The plainest rule, by which nodes come to control the holders of other facts."""
        taker, group = Var("u"), Var("g")
        return Rule(Atom("become", (taker, group)), (Condition(Atom(self.member, (taker, group))),))

    def allowed(self, program, name, places):
        """A rule that passes the checks."""
        derived = {n for p in (1, 2) for n in self.kinds.get(("relation", p, True), [])}
        while True:
            rule = Draft(self).rule(name, places)
            try:
                check(Program(program.declarations, [rule]))
                check_derived(rule, derived)
                return rule
            except Refused:
                continue

    def fact(self):
        """A fact in the rule text."""
        names = [(n, p) for (_, p, _), names in self.kinds.items() for n in names]
        name, places = self.rng.choice(names)
        pool = self.nodes + (["only-here"] if self.rng.random() < 0.1 else [])
        return Atom(name, tuple(self.rng.choice(pool) for _ in range(places)))
