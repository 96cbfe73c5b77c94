"""The peer: the Rust engine (cedar-policy 4.12.0) inside PyPI cedarpy, with its handles.

`authz_duration_micros` is the time of `Authorizer::is_authorized` alone: request building, entity and policy parsing and
the serialisation of the answer are outside it. It is a whole number of microseconds rounded down, so the mean of many is
about half a microsecond too low; nothing is added for that.
"""
import importlib.metadata
import json
import re
import statistics
import time

import cedarpy

BATCH = 500
WARM_UP = 200
QUICK = 5  # seconds
ERROR = re.compile(r"error while evaluating policy `([^`]*)`")


def versions():
    return f"cedarpy {importlib.metadata.version('cedarpy')} (Rust cedar-policy 4.12.0)"


def answer(result):
    errors = [ERROR.match(error) for error in result.diagnostics.errors]
    if result.decision.value not in ("Allow", "Deny") or None in errors:
        raise SystemExit(f"the peer did not decide: {result.decision} {result.diagnostics.errors}")
    return result.decision.value, tuple(sorted(result.diagnostics.reasons)), tuple(sorted(match[1] for match in errors))


class Peer:
    def __init__(self, workload):
        text = workload.policy_text()
        verdict = cedarpy.validate_policies(text, workload.schema)
        if not verdict.validation_passed:
            raise SystemExit(f"{workload.name} {workload.size} does not validate: {verdict.errors[:3]}")
        self.workload = workload
        self.schema = cedarpy.Schema.from_str(workload.schema)
        self.policies = cedarpy.PolicySet.from_str(text)
        self.entities = cedarpy.Entities.from_json_str(json.dumps(workload.entities), self.schema)

    def ask(self, requests, schema=None):
        return cedarpy.is_authorized_batch(requests, self.policies, self.entities, schema)

    def answers(self, requests):
        """Decisions, reasons and errors, the requests checked against the schema."""
        return [answer(result) for result in self.ask(requests, self.schema)]

    def measure(self, budget):
        """Answers and microseconds of every request; fewer requests when all would take longer than `budget` seconds.

        Where it is quick, of three passes the one with the least mean: what else the machine does must not flatter us.
        """
        requests = self.workload.requests
        start = time.perf_counter()
        self.ask(requests[:WARM_UP])
        each = (time.perf_counter() - start) / len(requests[:WARM_UP])
        count = min(len(requests), max(WARM_UP, int(budget / each)))
        passes = [self.one_pass(requests[:count]) for _ in range(3 if each * count < QUICK else 1)]
        return min(passes, key=lambda one: sum(one[1]))

    def one_pass(self, requests):
        answers, micros = [], []
        for first in range(0, len(requests), BATCH):
            for result in self.ask(requests[first:first + BATCH]):
                answers.append(answer(result))
                micros.append(result.metrics["authz_duration_micros"])
        return answers, micros


def load(workload, rounds):
    """Seconds from policy and schema text to a parsed and strictly validated set, in one call; and its parts."""
    text = workload.policy_text()

    def median(work):
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return statistics.median(times), min(times)

    def validate():
        assert cedarpy.validate_policies(text, workload.schema).validation_passed

    whole = median(validate)
    return {"median": whole[0], "min": whole[1], "rounds": rounds, "parse_policies": median(lambda: cedarpy.PolicySet.from_str(text))[0],
            "parse_schema": median(lambda: cedarpy.Schema.from_str(workload.schema))[0]}
