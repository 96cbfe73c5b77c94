"""How fast the reach engine builds a graph, finds who can take the domain, and answers and applies changes; against networkx.

First the takers are compared: another number than the peer's fails the run whatever the times are. Each figure is the best
of three runs of the probe, which do the same work; the bars hold for the largest graph only. Compare ratios, not times.
"""
import argparse
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import peer as networkx

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bench/cedar"))
from report import machine  # noqa: E402

GRAPHS = ["secure_1k", "vul_1k", "secure_10k", "vul_10k", "secure_100k"]
TARGET, RULES, RUNS = "DOMAIN ADMINS@TESTLAB.LOCALE", ROOT / "Sources/Reach/Rules/active-directory.reach", 3
JUDGED = "secure_100k"
BARS = [("test", "test_ns", 1, 20, "ns"), ("grant, worst", "grant worst", 1e6, 1, "ms"), ("build", "build_ns", 1e6, 300, "ms"),
        ("bytes an edge", "bytes_per_edge", 1, 120, "")]  # at most
STEPS, SPREADS = ("whatif", "grant", "revoke"), ("p50", "p99", "worst")
NOTES = [
    "Each figure: the best of three runs, then the worst of them. All runs draw the same random pairs and changes.",
    "build: names and edges in memory to a graph; ours includes interning the names, the peer's nodes are numbers.",
    "fixpoint: everybody who can take the target. The peer's includes the edges of GetChanges with GetChangesAll.",
    "test: whether an edge between two random nodes lets somebody new take the target; the peer asks has_path, once or twice. "
    "Kept as a Python set, its takers answer in the time under `set`: not judged.",
    "grant: a random fact applied, the takers kept up to date; the peer adds an edge and takes the ancestors anew. Ratio of p50.",
    "what-if: what a random fact would let somebody take, without proofs. bytes an edge: growth of resident memory over the build.",
]


class Graph:
    def __init__(self, data, name, folder):
        self.name, self.types, self.path = name, data / f"{name}.types.json", folder / f"{name}.txt"
        self.path.write_bytes(gzip.decompress((data / f"{name}.txt.gz").read_bytes()))
        self.relations = json.loads(self.types.read_text())
        lines = self.path.read_text().splitlines()
        self.nodes = int(lines[0].split()[0])
        self.edges = [tuple(map(int, line.split())) for line in lines[self.nodes + 1:]]
        self.target = next(i for i, line in enumerate(lines[1:self.nodes + 1]) if line.endswith(TARGET))

    def ours(self):
        command = [os.environ["REACH_PROBE"], str(self.path), str(self.types), TARGET]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
        return flat(json.loads(done.stdout))

    def peer(self):
        return flat(networkx.Peer(self.nodes, self.edges, self.relations, networkx.direct(RULES, set(self.relations)), self.target).measure())


def flat(report):
    inner = {f"{key} {name}": value for key, group in report.items() if isinstance(group, dict) for name, value in group.items()}
    return {**{key: value for key, value in report.items() if not isinstance(value, dict)}, **inner}


def measure(graph):
    runs, theirs = [graph.ours() for _ in range(RUNS)], graph.peer()
    differences = [f"{graph.name}: {what}: ours {sorted({run[what] for run in runs})}, expected {expected}"
                   for what, expected in (("takers", theirs["takers"]), ("nodes", graph.nodes), ("edges", len(set(graph.edges))))
                   if {run[what] for run in runs} != {expected}]
    ours = {key: sorted(run[key] for run in runs) for key in runs[0]}
    for key in ("build_ns", "fixpoint_ns"):
        theirs[key] = min(theirs[key])
    ratios = {name: theirs[key] / ours[key][0] for name, key in
              (("build", "build_ns"), ("fixpoint", "fixpoint_ns"), ("test", "test_ns"), ("grant", "grant p50"))}
    return {"graph": graph.name, "ours": ours, "peer": theirs, "ratios": ratios, "differences": differences}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def spread(row, key, unit):
    return f"{number(row['ours'][key][0] / unit)}–{number(row['ours'][key][-1] / unit)}"


def table(head, rows):
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths)))
            for row in rows] + [""]


def bars(rows):
    row = next((row for row in rows if row["graph"] == JUDGED), None)
    return [{"name": name, "bar": most, "unit": unit, "value": row and row["ours"][key][0] / scale, "spread": row and spread(row, key, scale),
             "met": row and row["ours"][key][0] / scale <= most} for name, key, scale, most, unit in BARS]


def text(result):
    rows, m = result["rows"], result["machine"]
    lines = [f"{m['cpu']}, {m['cores']} cores, {m['system']}, load {m['load']}, {m['date']}; peer: {result['peer']}"]
    if m["load"] > 0.7:
        lines.append("the machine was busy when this began: times, and ratios by tens of percent, may be off")
    lines += table(["graph", "nodes", "edges", "takers", "build ms", "fixpoint ms", "test ns", "bytes an edge"], [
        [row["graph"], *(f"{row['ours'][key][0]:,}" for key in ("nodes", "edges", "takers")), spread(row, "build_ns", 1e6),
         spread(row, "fixpoint_ns", 1e6), spread(row, "test_ns", 1), spread(row, "bytes_per_edge", 1)] for row in rows])
    lines += table(["µs", *(f"{step.replace('whatif', 'what-if')} {name}" for step in STEPS for name in SPREADS)], [
        [row["graph"], *(spread(row, f"{step} {name}", 1000) for step in STEPS for name in SPREADS)] for row in rows])
    lines += table(["peer", "takers", "build ms", "fixpoint ms", "test ns", "set ns", "grant µs p50", "worst",
                    *(f"{name} ×" for name in ("build", "fixpoint", "test", "grant"))], [
        [row["graph"], f"{row['peer']['takers']:,}", *(number(row["peer"][key] / unit) for key, unit in (
            ("build_ns", 1e6), ("fixpoint_ns", 1e6), ("test_ns", 1), ("set_ns", 1), ("grant p50", 1000), ("grant worst", 1000))),
         *(number(ratio) for ratio in row["ratios"].values())] for row in rows])
    lines += [*NOTES, ""]
    for bar in result["bars"]:
        found = "" if bar["met"] is None else f": {number(bar['value'])} {bar['unit']} ({bar['spread']})"
        verdict = {True: "met", False: "NOT MET", None: "not measured"}[bar["met"]]
        lines.append(f"{verdict:13}{JUDGED}, {bar['name']} ≤ {bar['bar']} {bar['unit']}".rstrip() + found)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder of the graphs")
    parser.add_argument("--only", type=lambda names: names.split(","), default=GRAPHS, help=f"of {','.join(GRAPHS)}")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="everything measured")
    options = parser.parse_args()
    result = {"machine": machine(), "peer": networkx.version(), "rows": []}  # the machine before our own load
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            result["rows"].append(measure(Graph(options.data, name, pathlib.Path(folder))))
            print(f"  {name}: measured", file=sys.stderr, flush=True)
    result["bars"] = bars(result["rows"])
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    print(text(result))
    differences = [difference for row in result["rows"] for difference in row["differences"]]
    for difference in differences:
        print("DIFFERENT " + difference, file=sys.stderr)
    return 1 if differences or any(bar["met"] is False for bar in result["bars"]) else 0


if __name__ == "__main__":
    sys.exit(main())
