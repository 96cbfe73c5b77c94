"""Reads and durable writes through the whole gateway, against two peers measured in the same run.

The peers: a bare HTTP answer of the same server (/healthz), and a plain SQLite commit with synchronous=FULL on the same
disk. Wall-clock times are noisy; the ratios are what to compare.
"""
import http.client
import json
import pathlib
import sqlite3
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "acceptance/lib"))
from world import ROOT, World  # noqa: E402

ROUNDS = 200
POLICY = (ROOT / "examples/demo/policy.cedar").read_text()


def median(once):
    times = []
    for index in range(ROUNDS):
        start = time.perf_counter()
        once(index)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def commits(folder):
    db = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (a INTEGER, b TEXT)")
    return median(lambda i: db.execute("INSERT INTO t VALUES (?, ?)", (i, "x" * 1000)))


def main():
    world = World(
        POLICY, [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}],
        {"olga": ["service-desk-leads"]}, {"agent": {"owner": "olga", "groups": ["service-desk"]}})
    try:
        world.start()
        connection = http.client.HTTPConnection("127.0.0.1", world.port)
        headers = {"Authorization": "Bearer " + world.token("agent"), "Content-Type": "application/json"}

        def ask(path, body):
            connection.request("POST", path, json.dumps({"input": body}), headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()

        def health(_):
            connection.request("GET", "/healthz")
            connection.getresponse().read()

        rows = [("bare HTTP answer (peer)", median(health)), ("durable SQLite commit (peer)", commits(world.folder))]
        rows.append(("read, decided and logged", median(lambda i: ask("/v1/systems/corp/operations/user.read", {"user": "cleo.aas"}))))
        rows.append(("write, from request to receipt", median(
            lambda i: ask("/v1/systems/corp/operations/user.set-title", {"user": "kai.nilsen", "value": f"Title {i}"}))))
        print(f"{'':34}{'ms, median':>12}{'× commit':>10}{'× HTTP':>9}")
        for name, ms in rows:
            print(f"{name:34}{ms:12.2f}{ms / rows[1][1]:10.1f}{ms / rows[0][1]:9.1f}")
    finally:
        world.close()


if __name__ == "__main__":
    main()
