"""Random cases: a program, a system, and a step that adds and removes facts."""
from generate_broken import break_case
from generate_rules import Rules
from render import varied_text
from samples import ALLOWED, PRELUDE
from syntax import Var, roles

POOL = ["ann", "bob", "user:carol", "corp:admins", "dom 1", 'the "root"', "back\\slash", "Zed",
        "group/ops", "caf\u00e9", "\u65e5\u672c", "\U0001f511 key", "n1", "n10", "n2", "if", "#7", "?u"]
# One name to whatever compares by canonical equivalence.
TWINS = ["\u00e9t\u00e9", "e\u0301te\u0301"]


class Case:
    """A case in the making."""

    def __init__(self, rng):
        self.rng = rng
        self.nodes = rng.sample(POOL, rng.choice([3, 4, 4, 5, 5, 6, 6, 7, 8, 9]))
        if rng.random() < 0.05:
            self.nodes[:2] = TWINS
        self.quiet = rng.random() < 0.5
        rules = Rules(rng, self.nodes, self.quiet)
        self.program, self.member = rules.program(), rules.member
        self.edges, self.add, self.remove, self.wanted = [], [], [], []
        self.used = []

    def kinds(self):
        """Every declared name with its places."""
        return [(d.name, len(d.words), d.kind) for d in self.program.declarations]

    def random_edge(self, kind=None):
        """Any edge of a declared relation, or of this kind of declaration."""
        kinds = [k for k in self.kinds() if kind in (None, k[2])]
        name, places, _ = self.rng.choice(kinds)
        stated = [name for fact in self.program.facts for name in fact.terms]
        pool = stated if stated and self.rng.random() < 0.1 else self.nodes
        picked = [self.rng.choice(pool) for _ in range(places)]
        return [picked[0], name, *picked[1:]]

    def plant(self, rule):
        """Facts that fire a rule for some grounding, one of them perhaps only in the step."""
        binding, taker, late = {}, rule.head.terms[0], self.rng.randrange(len(rule.conditions) * 3 // 2 + 1)
        holders = self.holders(self.value(taker, binding))
        for at, condition in enumerate(rule.conditions):
            for holder in self.standing(condition, rule, holders):
                terms = [self.value(t, {taker: holder} if t == taker else binding) for t in condition.atom.terms]
                self.plant_fact(condition, [terms[0], condition.atom.name, *terms[1:]], at == late)
        if len(rule.head.terms) == 2 and rule.head.name == "become":
            self.wanted.append(self.value(rule.head.terms[1], binding))

    def holders(self, taker):
        """Who stands in for the taker: itself, or others that it comes to control."""
        if self.member is None or self.rng.random() < 0.25:
            return [taker]
        groups = self.used = self.rng.sample([n for n in self.nodes if n != taker], self.rng.choice([1, 2, 2]))
        for at, group in enumerate(groups):
            start = groups[0] if at and self.rng.random() < 0.3 else taker
            self.put([start, self.member, group], self.rng.random() < 0.2)
        return groups + [taker] * (self.rng.random() < 0.3)

    def standing(self, condition, rule, holders):
        """The holders for whom a planted condition is to be a fact."""
        if rule.head.terms[0] not in condition.atom.terms:
            return [None]
        plain = any(condition is c for c in roles(rule)[1]) and not condition.negated
        return holders if plain and self.rng.random() < 0.8 else [self.rng.choice(holders)]

    def put(self, edge, late):
        """An edge of the system, or one of the step."""
        (self.add if late and len(self.add) < 3 else self.edges).append(edge)

    def plant_fact(self, condition, edge, late):
        """The fact of a planted condition, or what stands in its way."""
        if condition.negated:
            self.plant_restriction(edge)
        elif edge[1] not in self.program.derived() or self.rng.random() < 0.3:
            self.put(edge, late)

    def value(self, term, binding):
        """The value of a term in a planted grounding, mostly another one for each variable."""
        if not isinstance(term, Var):
            return term
        fresh = [n for n in self.nodes if n not in binding.values() and n not in self.used]
        pool = fresh if fresh and self.rng.random() < 0.85 else self.nodes
        return binding.setdefault(term, self.rng.choice(pool))

    def plant_restriction(self, edge):
        """Sometimes what stands in the way of a planted rule, and sometimes its removal."""
        chance = self.rng.random()
        if chance < 0.45:
            self.edges.append(edge)
        if chance < 0.3:
            self.remove.append(edge)
        elif 0.45 < chance < 0.6 and len(self.add) < 2:
            self.add.append(edge)

    def other_holder(self, rule):
        """Stands somebody else in for the taker of a planted rule, as a member would."""
        held = roles(rule)[0]
        if held and self.edges:
            edge = self.rng.choice(self.edges)
            self.edges.append([self.rng.choice(self.nodes), *edge[1:]])

    def fill(self):
        """Edges and the step."""
        for _ in range(1 if self.quiet else self.rng.choice([1, 1, 2, 2, 3])):
            rule = max(self.rng.choices(self.program.rules, k=2), key=lambda r: len(r.conditions))
            self.plant(rule)
            if self.rng.random() < (0.15 if self.quiet else 0.4):
                self.other_holder(rule)
        for _ in range(self.rng.choice([0, 0, 0, 1] if self.quiet else [0, 0, 1, 2, 3, 5])):
            self.edges.append(self.random_edge())
        while len(self.add) < 1 or self.rng.random() < 0.35:
            self.add.append(self.random_edge())
        if self.rng.random() < 0.15:
            self.remove.append(self.rng.choice(self.edges) if self.edges else self.random_edge())
        if self.rng.random() < 0.04:
            self.remove.append(self.random_edge())

    def protected(self):
        """Up to three nodes, mostly those that rules give."""
        good = [name for name in dict.fromkeys(self.wanted) if self.rng.random() < 0.8]
        rest = [name for name in self.nodes if name not in good]
        more = self.rng.choice([0, 0, 1, 2]) or (not good)
        return (good + self.rng.sample(rest, min(more, len(rest))))[:3]

    def text(self):
        """The rule text, with an allowed but odd statement at times."""
        text = varied_text(self.program, self.rng)
        return text + "\n" + PRELUDE + self.rng.choice(ALLOWED) if self.rng.random() < 0.06 else text

    def finished(self, name):
        """The case as an object."""
        self.fill()
        edges = self.edges[:14]
        case = {"id": name, "rules": self.text(), "nodes": self.nodes, "edges": edges,
                "protected": self.protected(), "add": self.add[:3]}
        if self.remove or self.rng.random() < 0.05:
            case["remove"] = self.remove[:3]
        return case


def generate(rng, name, refused=True):
    """One case; one in eight has to be refused, unless told not to."""
    case = Case(rng).finished(name)
    return break_case(case, rng) if refused and rng.random() < 0.125 else case
