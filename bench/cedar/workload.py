"""What every generator makes: policies, schema, entities and requests, the same on every machine and Python."""
import dataclasses
import json


class Random:
    """splitmix64: the standard library does not promise the same draws from one version to the next."""

    def __init__(self, seed):
        self.state = 0
        for byte in str(seed).encode():
            self.state = (self.state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        return z ^ (z >> 31)

    def below(self, count):
        return self.bits() % count

    def chance(self, probability):
        return self.bits() / 2**64 < probability

    def pick(self, items):
        return items[self.below(len(items))]

    def some(self, items, most):
        """Up to `most` different items."""
        return sorted({self.pick(items) for _ in range(self.below(most + 1))}) if items else []


@dataclasses.dataclass
class Workload:
    name: str
    size: int  # entities of each kind, or policies
    policies: list
    schema: str
    entities: list
    requests: list  # timed and compared
    edges: list  # compared only: principals and resources that do not exist, and what follows from that
    candidates: list = None  # for each request, the policies that no index over scope and leading conjunct excludes

    def policy_text(self):
        return "\n".join(self.policies) + "\n"

    def write(self, folder):
        """Writes the five files into the folder and returns their paths by name."""
        texts = {
            "policies": ("policies.cedar", self.policy_text()),
            "schema": ("schema.cedarschema", self.schema),
            "entities": ("entities.json", json.dumps(self.entities)),
            "requests": ("requests.jsonl", lines(self.requests)),
            "edges": ("edges.jsonl", lines(self.edges)),
        }
        paths = {}
        for name, (file, text) in texts.items():
            paths[name] = folder / file
            paths[name].write_text(text)
        return paths


def lines(requests):
    return "".join(json.dumps(request) + "\n" for request in requests)


def uid(kind, name):
    return f'{kind}::"{name}"'


def reference(kind, name):
    return {"__entity": {"type": kind, "id": name}}


def entity(kind, name, attributes=None, parents=()):
    return {
        "uid": {"type": kind, "id": name}, "attrs": attributes or {},
        "parents": [{"type": parent[0], "id": parent[1]} for parent in parents]}


def request(principal, action, resource, context=None):
    return {"principal": uid(*principal), "action": uid("Action", action), "resource": uid(*resource), "context": context or {}}
