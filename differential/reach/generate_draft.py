"""One random rule; not always one that the page allows."""
from syntax import Atom, Condition, Rule, Var

VARIABLES = ["x", "y", "z", "group-1", "B_", "u2"]


class Draft:
    """A rule in the making: conditions about the taker, then a chain to the head's variable."""

    def __init__(self, rules):
        self.rules, self.rng = rules, rules.rng
        self.taker = Var(self.rng.choice(["u", "u", "who", "x1"]))
        self.free = [Var(name) for name in VARIABLES]
        self.bound, self.conditions, self.derived = [], [], False

    def chance(self, share):
        """True for this share of calls."""
        return self.rng.random() < share

    def put(self, name, *terms, negated=False):
        """One more condition, when there is such a relation."""
        if name is None:
            return False
        self.bound += [t for t in terms if isinstance(t, Var) and t != self.taker and t not in self.bound]
        self.conditions.append(Condition(Atom(name, terms), negated))
        return True

    def other(self, new=0.5, constant=0.1):
        """A term that is not the taker: a constant, a new variable or a bound one."""
        if self.chance(constant):
            return self.rng.choice(self.rules.nodes)
        if not self.bound or self.chance(new):
            return self.free.pop(0)
        return self.rng.choice(self.bound)

    def held(self, again=False):
        """A condition that the taker meets."""
        term = self.other(new=0.35 if again else 1)
        derived = self.rules.pick("relation", 2, True)
        if derived and self.chance(0.5):
            self.derived = True
            return self.put(derived, self.taker, term)
        terms = (term, self.taker) if self.chance(0.25) else (self.taker, term)
        return self.put(self.rules.pick("relation", 2), *terms)

    def held_alone(self):
        """One-place conditions only about the taker."""
        derived = self.rules.pick("relation", 1, True)
        self.derived = bool(derived) and self.chance(0.6)
        return self.put(derived if self.derived else self.rules.pick("relation", 1), self.taker)

    def link(self):
        """A condition from a bound variable to another one."""
        start = self.rng.choice(self.bound) if self.bound else self.other(constant=0.3)
        terms = [start, self.other(new=0.7)]
        if self.chance(0.4):
            terms.reverse()
        self.put(self.rules.pick("relation", 2), *terms)

    def narrow(self):
        """A condition that narrows holders."""
        kind = self.rng.choice(["one", "off", "denied"])
        if kind == "one":
            self.put(self.rules.pick("relation", 1), self.taker)
        elif kind == "off":
            self.put(self.rules.pick("restriction", 1), self.taker, negated=True)
        elif self.bound:
            terms = [self.taker, self.other(new=0)]
            if self.chance(0.3):
                terms.reverse()
            self.put(self.rules.pick("restriction", 2), *terms, negated=True)

    def guard(self):
        """A condition about something other than the taker."""
        if not self.bound:
            return
        kind = self.rng.choice(["one", "off", "denied", "link"])
        if kind == "one":
            self.put(self.rules.pick("relation", 1), self.rng.choice(self.bound))
        elif kind == "off":
            self.put(self.rules.pick("restriction", 1), self.rng.choice(self.bound), negated=True)
        elif kind == "denied":
            terms = self.rng.choice(self.bound), self.other(new=0, constant=0.2)
            self.put(self.rules.pick("restriction", 2), *terms, negated=True)
        else:
            terms = self.rng.choice(self.bound), self.other(new=0, constant=0.3)
            self.put(self.rules.pick("relation", 2), *terms)

    def step(self):
        """One more condition of any sort."""
        steps = [self.link, self.guard, lambda: self.held(again=True)]
        steps += [] if self.derived else [self.narrow, self.narrow]
        self.rng.choice(steps)()

    def rule(self, name, places):
        """The rule with this head."""
        if self.chance(0.15) and self.held_alone():
            self.conditions or self.held()
        else:
            self.held()
        length = self.rng.choices([1, 2, 3, 4, 8], [18, 30, 28, 22, 2])[0]
        for _ in range(length * 2):
            if len(self.conditions) < length and len(self.free) > 1:
                self.step()
        if self.chance(0.4):
            self.rng.shuffle(self.conditions)
        last = self.rng.choice(self.bound[-2:]) if self.bound and self.chance(0.9) \
            else self.rng.choice(self.rules.nodes)
        because, source = self.rng.choice([(None, None), ("so \"it\" is", None), ("so", "RFC 1"), (None, "x")])
        return Rule(Atom(name, (self.taker, last)[:places]), tuple(self.conditions), because, source)
