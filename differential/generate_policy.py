"""Random policies and templates: scope, annotations, conditions."""

from dataclasses import dataclass, field
import random

import texts
from generate_expr import ExprGenerator
from generate_value import BOOL
from render import break_tokens, neat, noisy
from tree import Node, Writer, path_tokens

SLOT = "slot"


@dataclass
class Policy:
    """One policy. Scope constraints: ("all",) ("==", uid) ("in", uid) ("is", T) ("is in", T, uid) ("in set", uids);
    a uid may be SLOT. `noise` and `broken` seed the spelling and the injuries of the text."""
    effect: str
    principal: tuple
    action: tuple
    resource: tuple
    conditions: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    noise: int = None
    broken: int = None

    def slots(self):
        """The slots which the scope has."""
        return ["?" + name for name in ("principal", "resource") if SLOT in getattr(self, name)[1:]]

    def text(self):
        """The policy as Cedar text."""
        writer = Writer(random.Random(self.noise) if self.noise is not None else None)
        tokens = self.tokens(writer)
        if self.broken is not None:
            tokens = break_tokens(tokens, random.Random(self.broken))
        return noisy(tokens, random.Random(self.noise)) if self.noise is not None else neat(tokens)

    def tokens(self, writer):
        """The tokens of the policy."""
        out = []
        for key, value in self.notes:
            out += ["@", key] + ([] if value is None else ["(", writer.string(value), ")"])
        scope = [self.constraint(name, getattr(self, name), writer) for name in ("principal", "action", "resource")]
        out += [self.effect] + writer.items(scope, "(", ")")
        for kind, body in self.conditions:
            out += [kind, "{"] + writer.expr(body) + ["}"]
        return out + [";"]

    def constraint(self, name, scope, writer):
        """One part of the scope."""
        ref = lambda uid: ["?" + name] if uid == SLOT else writer.ref(uid)
        kind = scope[0]
        if kind == "all":
            return [name]
        if kind in ("==", "in"):
            return [name, kind] + ref(scope[1])
        if kind == "in set":
            return [name, "in"] + writer.items([ref(uid) for uid in scope[1]], "[", "]")
        tail = ["in"] + ref(scope[2]) if kind == "is in" else []
        return [name, "is"] + path_tokens(scope[1]) + tail


class PolicyGenerator:
    """Policies for one world and pool of ids."""

    def __init__(self, world, rng, ids, wild):
        self.world, self.rng, self.ids, self.wild = world, rng, ids, wild
        self.environments = world.environments()
        self.cache = {}

    def chance(self, p):
        """True with probability p."""
        return self.rng.random() < p

    def uid(self, name):
        """A uid of the type."""
        return (name, self.rng.choice(self.ids.get(name) or ["a"]))

    def generate(self, template):
        """A policy whose scope fits at least one environment."""
        principal, action, resource = self.rng.choice(self.environments)
        scope = {"principal": self.side(principal), "action": self.action(action), "resource": self.side(resource)}
        for name in self.slotted() if template else ():
            scope[name] = self.slot(principal if name == "principal" else resource)
        envs = self.possible(scope) or [(principal, action, resource)]
        policy = Policy(self.rng.choice(["permit", "permit", "permit", "forbid"]), **scope)
        policy.conditions = self.conditions(envs)
        policy.notes = self.notes()
        policy.noise = self.rng.randrange(2**32) if self.chance(0.3) else None
        return policy

    def slotted(self):
        """Which sides of a template have a slot."""
        return self.rng.choice([["principal"], ["resource"], ["principal", "resource"]])

    def slot(self, name):
        """A constraint with a slot."""
        return self.rng.choice([("==", SLOT), ("in", SLOT), ("is in", name, SLOT)])

    def side(self, name):
        """A constraint on principal or resource that the type can meet."""
        above = self.rng.choice(self.world.ancestors(name))
        return self.rng.choice([("all",), ("all",), ("all",), ("is", name), ("is", name), ("==", self.uid(name)), ("in", self.uid(above)),
                                ("in", self.uid(above)), ("is in", name, self.uid(above))])

    def action(self, uid):
        """A constraint on the action."""
        above = self.world.action_ancestors(uid)
        known = [a for a in self.world.actions if a[0] == uid[0] or self.chance(0.01)]
        above = [a for a in above if a[0] == uid[0]] if self.chance(0.5) else above
        several = self.rng.sample(known, min(len(known), self.rng.randint(0, 3))) + [self.rng.choice([a for a in above if a[0] == uid[0]])]
        self.rng.shuffle(several)
        return self.rng.choice([("all",), ("==", uid), ("==", uid), ("==", uid), ("in", self.rng.choice(above)),
                                ("in set", several), ("in set", [uid])])

    def possible(self, scope):
        """Environments which the scope allows."""
        return [e for e in self.environments if self.fits(e[0], scope["principal"]) and self.fits(e[2], scope["resource"])
                and self.action_fits(e[1], scope["action"])]

    def fits(self, name, scope):
        """Whether an entity type can meet a constraint."""
        if scope[0] == "all" or scope[1] == SLOT:
            return True
        if scope[0] == "==":
            return scope[1][0] == name
        if scope[0] == "in":
            return scope[1][0] in self.world.ancestors(name)
        return scope[1] == name

    def action_fits(self, uid, scope):
        """Whether an action can meet a constraint."""
        if scope[0] == "all":
            return True
        wanted = scope[1] if scope[0] == "in set" else [scope[1]]
        above = [uid] if scope[0] == "==" else self.world.action_ancestors(uid)
        return any(w in above for w in wanted)

    def expressions(self, envs):
        """The expression generator for these environments."""
        key = tuple(envs)
        if key not in self.cache:
            self.cache[key] = ExprGenerator(self.world, self.rng, self.ids, envs, self.wild)
        return self.cache[key]

    def conditions(self, envs):
        """Zero to three conditions; a guard may stand in a clause of its own."""
        make = self.expressions(envs)
        out = []
        for _ in range(self.rng.choice([0, 1, 1, 1, 1, 2, 3])):
            body = make.bool(self.rng.choice([0, 1, 2, 2, 3]))
            if self.chance(0.03):
                body = self.deepen(body)
            if body.op == "&&" and self.chance(0.2):
                out += [("when", body.kids[0]), ("when", body.kids[1])]
            else:
                out.append((self.rng.choice(["when", "when", "when", "unless"]), body))
        return out

    def deepen(self, body):
        """Nests an expression up to 40 levels."""
        for _ in range(self.rng.randint(8, 36)):
            body = self.rng.choice([lambda b: Node("not", [b], type=BOOL), lambda b: Node("if", [b, b0(), b0()], type=BOOL),
                                    lambda b: Node("&&", [b, b0()], type=BOOL), lambda b: Node("||", [b0(), b], type=BOOL),
                                    lambda b: Node("==", [b, b0()], type=BOOL)])(body)
        return body

    def notes(self):
        """Annotations, with and without values."""
        if not self.chance(0.2):
            return []
        keys = self.rng.sample(["id", "doc", "a", "if", "permit", "like", "_1"], self.rng.randint(1, 3))
        return [(k, None if self.chance(0.3) else self.rng.choice(texts.STRINGS)) for k in keys]


def b0():
    """A boolean leaf which is not a constant for the validator."""
    return Node("==", [Node("var", data="principal"), Node("var", data="principal")], type=BOOL)
