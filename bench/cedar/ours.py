"""Our engine, through the command line: `policy authorize` and `policy check`, each with --time."""
import json
import os
import pathlib
import re
import statistics
import subprocess

ERROR = re.compile(r"policy `([^`]*)`")


def counter():
    """A library that, loaded before the program, counts its allocations; `--time` then prints them."""
    source = pathlib.Path(__file__).with_name("malloc-count.c")
    library = source.parents[2] / ".build" / "malloc-count.so"
    library.parent.mkdir(exist_ok=True)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


class Ours:
    def __init__(self, binary):
        self.binary = binary
        self.environment = {**os.environ, "LD_PRELOAD": counter()}

    def run(self, *arguments):
        done = subprocess.run([self.binary, "policy", *map(str, arguments)], capture_output=True, text=True, env=self.environment)
        if done.returncode:
            raise SystemExit(f"{self.binary} policy {arguments[0]}: exit {done.returncode}\n{done.stderr[-2000:]}")
        return done.stdout, done.stderr

    def authorize(self, paths, requests, time=None):
        """Answers as the peer's, and the figures of --time."""
        arguments = ["authorize", "--policies", paths["policies"], "--entities", paths["entities"], "--schema", paths["schema"],
                     "--requests", requests]
        out, err = self.run(*arguments, *(["--time", time] if time else []))
        return [answer(json.loads(line)) for line in out.splitlines()], figures(err, "mean_ns") if time else {}

    def load(self, paths, rounds):
        _, err = self.run("check", "--policies", paths["policies"], "--schema", paths["schema"], "--time", rounds)
        return figures(err, "load_median_ns")


def answer(line):
    """An error is a policy's id, a record with one under "policy", or a message that names it in backquotes."""
    errors = [error["policy"] if isinstance(error, dict) else (match[1] if (match := ERROR.search(error)) else error)
              for error in line["errors"]]
    return line["decision"].capitalize(), tuple(sorted(line["reasons"])), tuple(sorted(errors))


def figures(text, key):
    for line in text.splitlines():
        found = {name: float(value) for name, value in re.findall(r"(\w+)=([0-9.]+)", line)}
        if key in found:
            return found
    raise SystemExit(f"no {key}= in what --time printed:\n{text[-2000:]}")


def middle(runs):
    """The run whose mean is the median of several."""
    return sorted(runs, key=lambda run: run["mean_ns"])[len(runs) // 2]


def pooled(runs):
    """Over graphs of the same number of requests: the mean of means, the median of medians, the worst p99."""
    out = {"mean_ns": statistics.mean(run["mean_ns"] for run in runs), "p50_ns": statistics.median(run["p50_ns"] for run in runs),
           "p99_ns": max(run["p99_ns"] for run in runs)}
    if all("allocations_per_request" in run for run in runs):
        out["allocations_per_request"] = statistics.mean(run["allocations_per_request"] for run in runs)
    return out


def binary():
    path = os.environ.get("EXEQUATUR_BINARY")
    return Ours(path) if path else None
