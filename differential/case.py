"""A whole case: schema, policies, links, entities and requests, from a seed and a number."""

import copy
from dataclasses import dataclass, field
import random

import texts
from generate_entities import DataGenerator, break_entities
from generate_policy import PolicyGenerator
from generate_schema import SchemaGenerator, spoil
from mutate import Mutator
from schema import World, schema_text


@dataclass
class Link:
    """A link to the policy with the given place in the set (None: no such policy)."""
    policy: object
    id: str
    values: dict


@dataclass
class Case:
    """The model of a case; `input` is what both engines get."""
    schema: object
    policies: list
    links: list
    entities: list
    requests: list
    marks: list = field(default_factory=list)

    def copy(self):
        """A copy for the shrinker."""
        memo = copy.deepcopy((self.schema, self.policies, self.entities, self.requests))
        places = {id(p): i for i, p in enumerate(self.policies)}
        links = [Link(memo[1][places[id(l.policy)]] if id(l.policy) in places else None, l.id, dict(l.values)) for l in self.links]
        return Case(memo[0], memo[1], links, memo[2], memo[3], list(self.marks))

    def input(self, number):
        """The line of the protocol."""
        places = {id(p): i for i, p in enumerate(self.policies)}
        links = [{"template": "policy%d" % places[id(l.policy)] if id(l.policy) in places else "nowhere", "id": l.id, "values": l.values}
                 for l in self.links]
        text = schema_text(self.schema, random.Random(self.schema.style)) if self.schema is not None else None
        return {"id": number, "schema": text, "policies": "\n".join(p.text() for p in self.policies) + ("\n" if self.policies else ""),
                "links": links, "entities": self.entities, "requests": self.requests}


def pools(world, rng):
    """A few ids for every entity type."""
    return {info.name: list(info.enum) if info.enum is not None else rng.sample(texts.IDS, rng.randint(2, 4)) for info in world.types.values()}


def make_links(policies, world, rng, ids):
    """Links of the templates, a few of them faulty."""
    links = []
    faulty = rng.random() < 0.06
    for policy in policies:
        slots = policy.slots()
        for _ in range(rng.choice([0, 1, 1, 2, 3]) if slots else 0):
            values = {}
            for slot in slots:
                name = rng.choice(list(world.types)) if rng.random() < 0.95 else rng.choice(["Nope", "Action"])
                values[slot] = {"type": name, "id": rng.choice(ids.get(name) or ["a"])}
            links.append(Link(policy, rng.choice(["link", "l-", "Link ", "é", "e\u0301"]) + str(len(links)), values))
    if faulty and links:
        link = rng.choice(links)
        kind = rng.randrange(6)
        if kind == 0:
            link.values.pop(rng.choice(list(link.values)))
        elif kind == 1:
            link.values.update({s: {"type": "A", "id": "x"} for s in ("?principal", "?resource")})
        elif kind == 2:
            link.policy = None
        elif kind == 3:
            link.id = rng.choice(["policy0", "policy1", rng.choice(links).id])
        elif kind == 4:
            link.policy = rng.choice(policies)
        else:
            link.values[rng.choice(list(link.values))] = {"type": rng.choice(["A B", "", "if", "A::"]), "id": "x"}
    return links


def generate(seed, number, requests):
    """The case with this number."""
    rng = random.Random("%s:%s" % (seed, number))
    schema = SchemaGenerator(rng).generate()
    world = World(schema)
    ids = pools(world, rng)
    untyped = rng.random() < 0.2
    clean = not untyped and rng.random() < 0.45
    wild = rng.choice([0.05, 0.15, 0.3]) if untyped else 0.0
    maker = PolicyGenerator(world, rng, ids, wild)
    count = rng.choice([1, 1, 2, 3, 4, 5, 6, 8, 10]) if rng.random() < 0.85 else rng.randint(11, 30)
    templates = rng.choice([0, 0, 0.15, 0.4])
    policies, marks = [], ["untyped" if untyped else "clean" if clean else "mixed"]
    for _ in range(count):
        policy = maker.generate(rng.random() < templates)
        if not clean and rng.random() < (0.4 if untyped else 0.65):
            envs = maker.possible({n: getattr(policy, n) for n in ("principal", "action", "resource")}) or maker.environments[:1]
            for _ in range(rng.choice([1, 1, 2])):
                marks.append("fault: " + Mutator(world, rng, maker.expressions(envs)).mutate(policy))
        policies.append(policy)
    if rng.random() < 0.06:
        rng.choice(policies).broken = rng.randrange(2**32)
        marks.append("broken policy")
    data = DataGenerator(world, rng, ids, rng.choice([0, 0, 0, 0.1, 0.3, 1]))
    entities = data.entities()
    if rng.random() < 0.05:
        marks.append("broken entities: " + break_entities(entities, rng))
    scopes = [{n: getattr(p, n) for n in ("principal", "action", "resource")} for p in policies]
    asked = data.requests(requests, [(maker.possible(s), s) for s in scopes])
    if not untyped and rng.random() < 0.06:
        marks.append("spoiled schema: " + spoil(schema, rng))
    links = make_links(policies, world, rng, ids)
    return Case(None if untyped else schema, policies, links, entities, asked, marks)
