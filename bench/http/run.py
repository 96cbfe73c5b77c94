"""Decisions a second over HTTP with durable logging, beside OpenBao's audited requests in the same run.

Rounds alternate, so that what else the machine does falls on both. A number means little, a ratio something.
  LONG=1   more and longer rounds
"""
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "acceptance/lib")]
from bao import Bao  # noqa: E402
from world import ROOT, World  # noqa: E402

LONG = os.environ.get("LONG") == "1"
ROUNDS, SECONDS = (5, 8) if LONG else (3, 4)
CONNECTIONS = [1, 16, 64]
AGENTS, USERS = 64, 4000
POLICY = (ROOT / "examples/demo/policy.cedar").read_text()


def gateway():
    """A gateway whose directory has so many people that writes seldom meet."""
    world = World(
        POLICY, [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}],
        {"olga": ["service-desk-leads"]},
        {f"agent{n}": {"owner": "olga", "groups": ["service-desk"]} for n in range(AGENTS)})
    world.start()
    world.stop()
    begun = time.perf_counter()
    world.start(poll=0.002)
    started = time.perf_counter() - begun
    wait_until_idle(world.process.pid)
    idle = resident(world.process.pid)
    world.stop()
    db = sqlite3.connect(world.state / "corp.sqlite")
    with db:
        db.executemany("INSERT INTO entry (id, kind, name) VALUES (?, 'user', ?)", [(f"b-{n}", f"bench.{n}") for n in range(USERS)])
        db.executemany("INSERT INTO attribute VALUES (?, 'title', 'none')", [(f"b-{n}",) for n in range(USERS)])
    db.close()
    world.start()
    return world, started, idle


def processor(pid):
    """Seconds of processor so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_until_idle(pid):
    """What the gateway does by itself after a start is over."""
    for _ in range(120):
        before = processor(pid)
        time.sleep(1)
        if processor(pid) - before <= 0.02:
            return


class Load:
    """Requests of one kind, by wrk."""

    def __init__(self, folder, url, name, method, path, tokens, header, body=None):
        self.url, self.name, self.path = url, name, folder / f"{name.replace(' ', '-')}.lua"
        listed = ", ".join(json.dumps(token) for token in tokens)
        self.path.write_text(f"""
            local tokens = {{ {listed} }}
            local n = 0
            local offset = tonumber(os.getenv("ROUND_OFFSET") or "0")
            request = function()
              n = n + 1
              local k = (n + offset) % {USERS}
              local headers = {{ ["Content-Type"] = "application/json" }}
              headers["{header[0]}"] = "{header[1]}" .. tokens[n % #tokens + 1]
              local body = {f"string.gsub('{body}', '@', function() return k end)" if body else "nil"}
              return wrk.format("{method}", (string.gsub("{path}", "@", function() return k end)), headers, body)
            end
        """)

    def run(self, connections, seconds, offset=0):
        """Requests a second, and the 50th and 99th percentile in milliseconds."""
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency", "-s", self.path, self.url],
            capture_output=True, text=True, check=True, env={**os.environ, "ROUND_OFFSET": str(offset)})
        text = done.stdout
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        if self.name.endswith("refused"):
            assert wrong, "nothing was refused"
        elif wrong or "Socket errors" in text:
            raise RuntimeError(f"{self.name} at {connections} connections: {text}")
        if "99%" not in text:
            raise RuntimeError(f"{self.name} at {connections} connections: {text}")
        total = int(re.search(r"(\d+) requests in", text).group(1))
        quantile = {q: milliseconds(v) for q, v in re.findall(r"^\s+(\d+)%\s+(\S+)\s*$", text, re.MULTILINE)}
        return float(re.search(r"Requests/sec:\s+(\S+)", text).group(1)), quantile["50"], quantile["99"], total


def milliseconds(text):
    for unit, factor in (("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000)):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    raise ValueError(text)


def pages(world):
    db = sqlite3.connect(f"file:{world.state}/exequatur.sqlite?mode=ro", uri=True)
    try:
        return db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]
    finally:
        db.close()


def measure(world, bao, loads):
    results = {}
    for connections in CONNECTIONS:
        for number in range(ROUNDS):
            for load in loads:
                results.setdefault((load.name, connections), []).append(load.run(connections, SECONDS, offset=number * 997))
    return {key: [statistics.median(column) for column in zip(*rounds)] for key, rounds in results.items()}


def cost(world, load):
    """Bytes on disk and processor for a read."""
    pid = world.process.pid
    load.run(16, 2)
    size, used = pages(world), processor(pid)
    _, _, _, total = load.run(16, SECONDS)
    return (pages(world) - size) / total, (processor(pid) - used) / total


def main():
    world, started, idle = gateway()
    bao = None
    try:
        pid = world.process.pid
        wait_until_idle(pid)
        bao = Bao()
        mine = [world.token(f"agent{n}", exp=int(time.time()) + 7200) for n in range(AGENTS)]
        base = "/v1/systems/corp/operations"

        def ours(name, operation, body):
            return Load(world.folder, world.url, name, "POST", f"{base}/{operation}", mine, ("Authorization", "Bearer "), body)

        def theirs(name, method, path, body=None):
            return Load(world.folder, bao.url, name, method, path, bao.tokens, ("X-Vault-Token", ""), body)

        read = ours("reads", "user.read", '{"input":{"user":"bench.@"}}')
        loads = [
            read, theirs("bao look-ups", "GET", "/v1/auth/token/lookup-self"),
            ours("reads refused", "user.set-mail", '{"input":{"user":"bench.@","value":"a@example.org"}}'),
            ours("writes", "user.set-title", '{"input":{"user":"bench.@","value":"Title @"}}'),
            theirs("bao kv writes", "POST", "/v1/kv/bench-@", '{"value":"Title @"}'),
        ]
        for load in loads:
            load.run(4, 1)
        bytes_each, processor_each = cost(world, read)
        table = measure(world, bao, loads)
        report(table, loads, bytes_each, processor_each, idle, started)
    finally:
        if bao:
            bao.close()
        world.close()


def report(table, loads, bytes_each, processor_each, idle, started):
    print(f"{'':16}{'connections':>12}{'a second':>11}{'p50 ms':>9}{'p99 ms':>9}")
    for load in loads:
        for connections in CONNECTIONS:
            rate, p50, p99, _ = table[load.name, connections]
            print(f"{load.name:16}{connections:12}{rate:11.0f}{p50:9.2f}{p99:9.2f}")
    bars = []
    for connections in CONNECTIONS:
        r, b = table["reads", connections], table["bao look-ups", connections]
        w, k = table["writes", connections], table["bao kv writes", connections]
        reads = r[0] / b[0]
        if connections > 1:
            bars.append((f"reads / look-ups at {connections}", f"{reads:.2f}", reads >= 3))
            bars.append((f"p99 of reads / of look-ups at {connections}", f"{r[2] / b[2]:.2f}", r[2] <= b[2]))
        else:
            print(f"reads / look-ups at 1: {reads:.2f}")
        bars.append((f"writes / kv writes at {connections}", f"{w[0] / k[0]:.2f}", w[0] >= k[0]))
    bars += [("bytes on disk a read", f"{bytes_each:.0f}", bytes_each <= 4096),
             ("processor a read, ms", f"{processor_each * 1000:.3f}", processor_each <= 0.00025),
             ("memory idle, MiB", f"{idle / 2**20:.0f}", idle <= 60 * 2**20),
             ("start on an empty store, ms", f"{started * 1000:.0f}", started <= 0.1)]
    for name, value, isMet in bars:
        print(f"{'pass' if isMet else 'miss'}  {name}: {value}")


if __name__ == "__main__":
    main()
