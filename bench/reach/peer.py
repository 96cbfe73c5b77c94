"""The peer: networkx, with an edge for each fact that lets its subject take its object.

Which relations do is read from the shipped rules, so a rule added there counts here too. The one rule over these graphs that
asks for two rights, GetChanges and GetChangesAll on one domain, is brought to its fixpoint by edges of its own.
"""
import itertools
import random
import re
import statistics
import time

import networkx

PAIR = ("GetChanges", "GetChangesAll")
RULE = re.compile(r"^(\w+)\(([^)]*)\) if (.*?)\s+because", re.S | re.M)
CONDITION = re.compile(r"(not )?(\w+)\(([^)]*)\)")
BUDGET, TESTS, GRANTS, ROUNDS = 3, 20_000, 500, 3  # seconds for one figure; at most so many; builds and fixpoints


def direct(rules, relations):
    """The relations that suffice alone. The graphs state no restrictions, so a condition with `not` is true."""
    found, text = set(), re.sub(r"^#.*", "", rules.read_text(), flags=re.M)
    for head, places, body in RULE.findall(text):
        needed = [(name, terms) for negated, name, terms in CONDITION.findall(body) if not negated]
        if head == "become" and [terms for _, terms in needed] == [places]:
            found.add(needed[0][0])
        elif {name for name, _ in needed} <= relations and tuple(name for name, _ in needed) != PAIR:
            raise SystemExit(f"the peer lacks a rule that applies to these graphs: {head}({places}) if {body}")
    return found


def timed(body):
    start = time.perf_counter_ns()
    result = body()
    return result, time.perf_counter_ns() - start


class Peer:
    def __init__(self, nodes, edges, relations, direct, target):
        self.nodes, self.edges, self.target = nodes, edges, target
        self.taking = {number for name, number in relations.items() if name in direct}
        self.pair = [relations.get(name) for name in PAIR]
        self.random = random.Random(1)

    def build(self):
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(self.nodes))
        graph.add_edges_from((source, to) for source, relation, to in self.edges if relation in self.taking)
        holders = [{}, {}]
        for source, relation, to in self.edges:
            if relation in self.pair:
                holders[self.pair.index(relation)].setdefault(to, set()).add(source)
        return graph, holders

    def fixpoint(self, graph, holders):
        """Everybody who can take the target; a taker of both rights gets an edge, until none is new."""
        def having(sources):
            return set(sources).union(*(networkx.ancestors(graph, source) for source in sources))

        added = True
        while added:
            added = False
            for domain in holders[0].keys() & holders[1].keys():
                both = having(holders[0][domain]) & having(holders[1][domain])
                fresh = both - set(graph.predecessors(domain)) - {domain}
                graph.add_edges_from((source, domain) for source in fresh)
                added |= bool(fresh)
        return networkx.ancestors(graph, self.target)

    def pairs(self, most):
        """Random pairs of nodes, at most so many and while there is time."""
        end = time.perf_counter() + BUDGET
        for _ in range(most):
            yield self.random.randrange(self.nodes), self.random.randrange(self.nodes)
            if time.perf_counter() > end:
                return

    def measure(self):
        builds, fixpoints = [], []
        for _ in range(ROUNDS):
            (graph, holders), took = timed(self.build)
            builds.append(took)
            takers, took = timed(lambda: self.fixpoint(graph, holders))
            fixpoints.append(took)
        tests = self.tests(graph, takers)
        return {"takers": len(takers), "build_ns": builds, "fixpoint_ns": fixpoints, "test_ns": statistics.mean(tests),
                "tests": len(tests), "set_ns": self.lookups(takers), "grant": self.grants(graph)}

    def tests(self, graph, takers):
        """Would an edge from one to the other let somebody new take the target? Asked of the graph, by paths."""
        times, control = [], takers | {self.target}
        for holder, to in self.pairs(TESTS):
            gains, took = timed(lambda: networkx.has_path(graph, to, self.target) and not networkx.has_path(graph, holder, self.target))
            if gains != (to in control and holder not in control):
                raise SystemExit(f"networkx disagrees with itself on {holder} → {to}")
            times.append(took)
        return times

    def lookups(self, takers):
        """The same question put to the set of takers, where somebody keeps it: not judged."""
        pairs = list(itertools.islice(self.pairs(1 << 16), 1 << 16))
        return timed(lambda: sum(to in takers and holder not in takers for holder, to in pairs))[1] / len(pairs)

    def grants(self, graph):
        """One more edge and everybody who can take the target then, without another look for pairs of rights."""
        times = []
        for source, to in self.pairs(GRANTS):
            if source == to or graph.has_edge(source, to):
                continue

            def grant():
                graph.add_edge(source, to)
                return networkx.ancestors(graph, self.target)
            times.append(timed(grant)[1])
            graph.remove_edge(source, to)
        times.sort()
        return {"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "worst": times[-1], "count": len(times)}


def version():
    return f"networkx {networkx.__version__}"
