"""How long one authorization takes, and the loading of a set, against the Rust engine on the same inputs in the same run.

Every decision, with its reasons and errors, is compared first; a difference fails the run whatever the times are.
Times vary with the machine and its load: the ratios are what to compare. Without EXEQUATUR_BINARY only the peer is measured.
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import ours as engine
import peer as rust
import report
from applications import APPLICATIONS
from tenants import hot, large, mixed

REQUESTS, GRAPHS = 10_000, 5  # the applications: as many random graphs, the requests divided among them
SIZES, SET_SIZES = [5, 10, 20, 50], [10, 100, 1000, 10_000]
LOAD_SIZE, LOAD_ROUNDS = 10_000, 7
BUDGET, BUDGET_UNJUDGED = 240, 180  # seconds of the peer for one figure, with a bar and without; past it, fewer requests
APPLICATION_BAR, LARGE_BAR, GROWTH_BAR, ALLOCATION_BAR = 5, 500, 2, 2
REPEATS = {"large": 10, "hot": 10, "mixed": 1}  # 20 for the applications


class Run:
    def __init__(self, options, ours):
        self.options, self.ours, self.rows, self.differences, self.compared = options, ours, [], [], 0

    def wanted(self, name):
        return not self.options.only or name in self.options.only

    def figure(self, name, workloads, bar, rounds):
        """One row: all workloads are of the same size, differing in their random graph."""
        answers, micros, runs, first = [], [], [], workloads[0]
        for workload in workloads:
            peer = rust.Peer(workload)
            said, took = peer.measure((BUDGET if bar else BUDGET_UNJUDGED) / len(workloads))
            edges = peer.answers(workload.edges)
            answers += said
            micros += took
            if self.ours:
                workload.requests = workload.requests[:len(said)]
                with tempfile.TemporaryDirectory() as folder:
                    runs.append(self.measure(workload, workload.write(pathlib.Path(folder)), said, edges, rounds))
        row = {
            "workload": name, "size": first.size, "policies": len(first.policies), "entities": len(first.entities),
            "requests": len(answers), "allow": sum(answer[0] == "Allow" for answer in answers) / len(answers), "bar": bar,
            "peer": {"mean": statistics.mean(micros), "p50": statistics.median(micros), "p99": sorted(micros)[len(micros) * 99 // 100]}}
        if first.candidates:
            row["candidates"] = {"mean": statistics.mean(first.candidates), "max": max(first.candidates)}
        if runs:
            row["ours"] = engine.pooled(runs)
            row["ratio"] = row["peer"]["mean"] * 1000 / row["ours"]["mean_ns"]
            row["pass"] = row["ratio"] >= bar if bar else None
        self.rows.append(row)
        print(f"  {name} {first.size}: peer {row['peer']['mean']:.2f} µs"
              + (f", ours {row['ours']['mean_ns'] / 1000:.3f} µs, ratio {row['ratio']:.1f}" if runs else ""), file=sys.stderr, flush=True)

    def measure(self, workload, paths, said, edges, rounds):
        repeats = REPEATS.get(workload.name, 20)
        runs = []
        for _ in range(rounds):
            answers, figures = self.ours.authorize(paths, paths["requests"], repeats)
            runs.append(figures)
        self.compare(workload, "requests", said, answers)
        if workload.edges:
            self.compare(workload, "edges", edges, self.ours.authorize(paths, paths["edges"])[0])
        return engine.middle(runs)

    def compare(self, workload, what, theirs, own):
        if len(theirs) != len(own):
            self.differences.append(f"{workload.name} {workload.size} {what}: {len(own)} answers to {len(theirs)} requests")
        for index, (peer, mine) in enumerate(zip(theirs, own)):
            self.compared += 1
            if peer != mine:
                asked = json.dumps(getattr(workload, what)[index])
                self.differences.append(f"{workload.name} {workload.size} {what}[{index}] {asked}\n    peer {peer}\n    ours {mine}")

    def figures(self):
        quick = self.options.quick
        requests, graphs = (400, 2) if quick else (REQUESTS, GRAPHS)
        for name, make in APPLICATIONS.items():
            if self.wanted(name):
                for size in SIZES[::3] if quick else SIZES:
                    self.figure(name, [make(size, requests // graphs, seed) for seed in range(graphs)], APPLICATION_BAR, 3)
        for make in (large, hot, mixed):
            name = make.__name__
            if self.wanted(name) and (name != "hot" or self.options.only):
                for size in SET_SIZES[-1:] if name == "hot" else SET_SIZES[:3] if quick else SET_SIZES:
                    bar = LARGE_BAR if (name, size) == ("large", SET_SIZES[-1]) else None
                    self.figure(name, [make(size, 300 if quick else requests)], bar, 1 if name == "mixed" else 3)

    def load(self):
        workload = large(1000 if self.options.quick else LOAD_SIZE, 1)
        rounds = 5 if self.options.quick else LOAD_ROUNDS
        result = {"policies": workload.size, "peer": rust.load(workload, rounds)}
        if self.ours:
            with tempfile.TemporaryDirectory() as folder:
                result["ours"] = self.ours.load(workload.write(pathlib.Path(folder)), rounds)
            result["ratio"] = result["peer"]["median"] * 1e9 / result["ours"]["load_median_ns"]
        return result

    def bars(self, load):
        judged = []

        def bar(name, value, passed):
            judged.append({"name": name, "value": value, "pass": passed})

        if not self.ours:
            return judged
        bar("same decisions, reasons and errors", f"{len(self.differences)} differences in {self.compared:,}", not self.differences)
        slowest = [row for row in self.rows if row["workload"] in APPLICATIONS]
        if slowest:
            row = min(slowest, key=lambda row: row["ratio"])
            bar(f"applications, every size ≥ {APPLICATION_BAR} ×", f"least {row['ratio']:.1f} × ({row['workload']} {row['size']})",
                row["ratio"] >= APPLICATION_BAR)
        sets = {row["size"]: row for row in self.rows if row["workload"] == "large"}
        if SET_SIZES[-1] in sets:
            last, first = sets[SET_SIZES[-1]], sets[SET_SIZES[0]]
            bar(f"{SET_SIZES[-1]:,} policies ≥ {LARGE_BAR} ×", f"{last['ratio']:,.0f} ×", last["pass"])
            growth = last["ours"]["mean_ns"] / first["ours"]["mean_ns"]
            bar(f"{SET_SIZES[-1]:,} policies / {SET_SIZES[0]} policies ≤ {GROWTH_BAR}", f"{growth:.2f}", growth <= GROWTH_BAR)
        allocating = [row for row in self.rows if row["workload"] not in ("mixed", "hot")]
        if allocating:
            counts = [row["ours"].get("allocations_per_request") for row in allocating]
            known = None not in counts
            bar(f"allocations an authorization ≤ {ALLOCATION_BAR}", f"most {max(counts):.2f}" if known else "not printed by the binary",
                max(counts) <= ALLOCATION_BAR if known else None)
        if load:
            bar("load, peer / ours > 1", f"{load['ratio']:.2f}", load["ratio"] > 1)
        return judged


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few requests, no 10,000 policies; bars are shown but only differences fail")
    parser.add_argument("--only", type=lambda text: text.split(","), help="of gdrive,github,tinytodo,large,mixed,load, and hot: large with requests of 8 tenants")
    parser.add_argument("--markdown", nargs="?", const="-", metavar="FILE", help="the table as Markdown, between the marks of FILE if it has them")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="everything measured")
    return parser.parse_args()


def main():
    options = arguments()
    ours = engine.binary()
    if not ours:
        print("EXEQUATUR_BINARY is not set: the peer alone", file=sys.stderr)
    machine = report.machine()  # before our own load
    run = Run(options, ours)
    run.figures()
    load = run.load() if run.wanted("load") else None
    flags = (" --quick" if options.quick else "") + (f" --only {','.join(options.only)}" if options.only else "")
    result = {"command": "bench/cedar/run" + flags, "machine": machine, "peer": rust.versions(), "rows": run.rows, "load": load,
              "bars": run.bars(load), "differences": run.differences[:100]}
    outputs = [(options.markdown, report.markdown(result)), (options.json, json.dumps(result, indent=1) + "\n")]
    for path, fragment in outputs:
        if path == "-":
            print(fragment, end="")
        elif path:
            report.put(path, fragment)
    if "-" not in (options.markdown, options.json):
        print(report.text(result))
    for difference in run.differences[:10]:
        print("DIFFERENT " + difference, file=sys.stderr)
    failed = run.differences or (not options.quick and any(bar["pass"] is False for bar in result["bars"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
