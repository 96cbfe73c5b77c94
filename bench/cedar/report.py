"""The table, for a terminal or for docs/performance.md, and what judges it."""
import datetime
import os
import pathlib
import platform

MARKS = ("<!-- bench/cedar -->", "<!-- /bench/cedar -->")
HEAD = ["workload", "size", "policies", "entities", "requests", "allow", "peer µs", "peer p50", "peer p99",
        "ours µs", "ours p50", "ours p99", "allocs", "ratio", "bar", ""]
NOTES = [
    "size: entities of each kind for the three applications, policies for the others.",
    "peer µs: mean of cedarpy's own authz_duration_micros, whole microseconds rounded down: about 0.5 µs too low, in its favour; "
    "of three passes the fastest where they take seconds, ours the median of three.",
    "The peer builds a request and serialises an answer between two measurements; ours loops over parsed requests.",
    "ours µs: mean over all repeats of one authorization, parsed request in, decision, reasons and errors out.",
    "load, peer: validate_policies(text, text): policies and schema parsed and strictly validated; ours also compiles the set.",
]


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "system": f"{platform.system()} {platform.release()}",
            "date": datetime.date.today().isoformat(), "load": round(os.getloadavg()[0], 2)}


def number(value, digits=2):
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.{digits}f}"


def cells(row):
    peer, ours = row["peer"], row.get("ours") or {}
    micro = {key: ours[key] / 1000 if key in ours else None for key in ("mean_ns", "p50_ns", "p99_ns")}
    return [row["workload"], f"{row['size']:,}", f"{row['policies']:,}", f"{row['entities']:,}", f"{row['requests']:,}",
            f"{row['allow']:.0%}", number(peer["mean"]), number(peer["p50"], 0), number(peer["p99"], 0),
            number(micro["mean_ns"], 3), number(micro["p50_ns"], 3), number(micro["p99_ns"], 3),
            number(ours.get("allocations_per_request")), number(row.get("ratio"), 1), f"≥ {row['bar']}" if row["bar"] else "",
            verdict(row.get("pass"))]


def verdict(passed):
    return {True: "pass", False: "FAIL", None: ""}[passed]


def load_lines(load):
    peer, ours = load["peer"], load.get("ours")
    parts = (f"of which policies {peer['parse_policies'] * 1000:.0f} and schema {peer['parse_schema'] * 1000:.1f} parsed")
    line = f"load {load['policies']:,} policies: peer {peer['median'] * 1000:.0f} ms (median of {peer['rounds']}; {parts})"
    if ours:
        line += f"; ours {ours['load_median_ns'] / 1e6:.1f} ms; ratio {load['ratio']:.2f}"
    return [line]


def bar_lines(bars):
    return [f"{'not measured' if bar['pass'] is None else verdict(bar['pass']):13}{bar['name']}: {bar['value']}" for bar in bars]


def candidate_lines(rows):
    return [f"candidates a request, {row['workload']} {row['size']:,}: mean {row['candidates']['mean']:.1f}, most {row['candidates']['max']}"
            for row in rows if row.get("candidates")]


def text(result):
    rows = [HEAD] + [cells(row) for row in result["rows"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
             for row in rows]
    m = result["machine"]
    lines.insert(0, f"{m['cpu']}, {m['cores']} cores, {m['system']}, load {m['load']}, {m['date']}; peer: {result['peer']}")
    if m["load"] > 0.7:
        lines.insert(1, "the machine was busy when this began: ratios may be off by tens of percent")
    lines += [""] + (load_lines(result["load"]) if result.get("load") else []) + candidate_lines(result["rows"])
    return "\n".join(lines + [""] + NOTES + [""] + bar_lines(result["bars"]))


def markdown(result):
    m = result["machine"]
    lines = [f"`{result['command']}` on {m['cpu']}, {m['cores']} cores, {m['system']}, {m['date']}. Peer: {result['peer']}.", "",
             "| " + " | ".join(HEAD) + " |", "| :-- |" + " --: |" * (len(HEAD) - 1)]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in result["rows"]]
    more = (load_lines(result["load"]) if result.get("load") else []) + candidate_lines(result["rows"]) + NOTES
    lines += [""] + [f"- {line[0].upper()}{line[1:]}" for line in more]
    lines += ["", "| bar | measured | |", "| :-- | --: | :-- |"]
    lines += [f"| {bar['name']} | {bar['value']} | {'not measured' if bar['pass'] is None else verdict(bar['pass'])} |" for bar in result["bars"]]
    return "\n".join(lines) + "\n"


def put(path, fragment):
    """Writes the fragment: between the marks when the file has them, else as the whole file."""
    path = pathlib.Path(path)
    old = path.read_text() if path.exists() else ""
    if all(mark in old for mark in MARKS):
        before, rest = old.split(MARKS[0], 1)
        fragment = f"{before}{MARKS[0]}\n{fragment}{MARKS[1]}{rest.split(MARKS[1], 1)[1]}"
    path.write_text(fragment)
