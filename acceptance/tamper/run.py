"""Tampers with copies of a store in random ways, and asks three verifiers about each."""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

from pymerkle import InmemoryTree

from wire import Agent
from world import BINARY, ROOT, World

LONG = os.environ.get("LONG") == "1"
TRIES = 1000 if LONG else 100
LOGS = ["requests", "decisions", "actions"]
HERE = pathlib.Path(__file__).resolve().parent


def history():
    """A gateway with more than a tile of each log, its checkpoints kept half way and at the end."""
    world = World(
        (ROOT / "examples/demo/policy.cedar").read_text(),
        [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}],
        {"dana.moe": ["service-desk-leads"]},
        {f"agent{n}": {"owner": "dana.moe", "groups": ["service-desk"]} for n in range(4)}, gateway="tampered")
    world.start()
    tokens = [world.token(f"agent{n}") for n in range(4)]

    def some(number):
        agent = Agent(world.port, tokens[number], [])
        for n in range(34):
            assert agent.api("user.read", {"user": "milo.dahl"}).status == 200
            if n % 8:
                continue
            # A long story makes a long entry, and a longer one a body beside it.
            story = {"prompt": "x" * (20_000 + 40_000 * (n % 16 // 8))}
            agent.send("POST", "/v1/systems/corp/operations/user.set-title",
                       {"input": {"user": "kai.nilsen", "value": f"Title {number} {n}"}, "evidence": story})

    def all_of_them():
        with concurrent.futures.ThreadPoolExecutor(4) as workers:
            list(workers.map(some, range(4)))

    all_of_them()
    kept = world.keep_checkpoints("dana.moe").read_text()
    with sqlite3.connect(f"file:{world.state}/exequatur.sqlite?mode=ro", uri=True) as db:
        earlier = dict(db.execute("SELECT log, note FROM head"))
    all_of_them()
    kept += world.keep_checkpoints("dana.moe").read_text()
    (world.folder / "kept.txt").write_text(kept)
    world.stop()
    return world, earlier


# What somebody with the file can do, each making the tables fit as well as may be.

def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node(a, b):
    return hashlib.sha256(b"\x01" + a + b).digest()


def root(hashes):
    while len(hashes) > 1:
        hashes = [node(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
    return hashes[0]


def rebuild(db, log):
    """Makes the tiles those of the entries."""
    db.execute("DELETE FROM log_tile WHERE log = ?", [log])
    row = [leaf(entry) for (entry,) in db.execute("SELECT bytes FROM log_entry WHERE log = ? ORDER BY position", [log])]
    level = 0
    while row:
        for start in range(0, len(row), 256):
            part = row[start:start + 256]
            if level > 0 or len(part) == 256:
                db.execute("INSERT INTO log_tile VALUES (?, ?, ?, ?)", [log, level, start // 256, b"".join(part)])
        row = [root(row[n:n + 256]) for n in range(0, len(row) - 255, 256)]
        level += 1


def move(db, log, start, step):
    positions = [p for (p,) in db.execute("SELECT position FROM log_entry WHERE log = ? AND position >= ? ORDER BY position", [log, start])]
    for position in positions if step < 0 else reversed(positions):
        db.execute("UPDATE log_entry SET position = ? WHERE log = ? AND position = ?", [position + step, log, position])


def edit(db, log, at, size, chance, _):
    entry = bytearray(db.execute("SELECT bytes FROM log_entry WHERE log = ? AND position = ?", [log, at]).fetchone()[0])
    entry[chance.randrange(len(entry))] ^= 1 << chance.randrange(8)
    db.execute("UPDATE log_entry SET bytes = ? WHERE log = ? AND position = ?", [bytes(entry), log, at])


def cut(db, log, at, size, chance, _):
    db.execute("DELETE FROM log_entry WHERE log = ? AND position = ?", [log, at])
    move(db, log, at + 1, -1)


def swap(db, log, at, size, chance, _):
    other = (at + 1 + chance.randrange(size - 1)) % size
    for old, new in ((at, -1), (other, at), (-1, other)):
        db.execute("UPDATE log_entry SET position = ? WHERE log = ? AND position = ?", [new, log, old])


def double(db, log, at, size, chance, _):
    move(db, log, at + 1, 1)
    db.execute("INSERT INTO log_entry SELECT log, position + 1, id || '-again', bytes FROM log_entry WHERE log = ? AND position = ?", [log, at])


def truncate(db, log, at, size, chance, _):
    db.execute("DELETE FROM log_entry WHERE log = ? AND position >= ?", [log, max(1, at)])


def set_back(db, log, at, size, chance, earlier):
    """To a checkpoint that was signed once."""
    kept = int(earlier[log].split("\n")[1])
    db.execute("DELETE FROM log_entry WHERE log = ? AND position >= ?", [log, kept])
    db.execute("UPDATE head SET note = ? WHERE log = ?", [earlier[log], log])


def fork(db, log, at, size, chance, _):
    """Another story from some entry on."""
    for position in range(at, size):
        db.execute("UPDATE log_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'kai.nilsen', 'kai.nilsan') AS BLOB) WHERE log = ? "
                   "AND position = ?", [log, position])
    edit(db, log, at, size, chance, _)


def tile(db, log, at, size, chance, _):
    """The tree and not what it is of."""
    rows = db.execute("SELECT level, position, hashes FROM log_tile WHERE log = ?", [log]).fetchall()
    level, position, hashes = chance.choice(rows)
    hashes = bytearray(hashes)
    hashes[chance.randrange(len(hashes))] ^= 1
    db.execute("UPDATE log_tile SET hashes = ? WHERE log = ? AND level = ? AND position = ?", [bytes(hashes), log, level, position])


def head(db, log, at, size, chance, _):
    """Another size or root over the same signature."""
    lines = db.execute("SELECT note FROM head WHERE log = ?", [log]).fetchone()[0].split("\n")
    if chance.random() < 0.5:
        lines[1] = str(int(lines[1]) - 1)
    else:
        lines[2] = base64.b64encode(hashlib.sha256(lines[2].encode()).digest()).decode()
    db.execute("UPDATE head SET note = ? WHERE log = ?", ["\n".join(lines), log])


WAYS = [edit, cut, swap, double, truncate, set_back, fork, tile, head]


def tampered(world, number, chance, earlier):
    """A copy of the state, tampered with, and what was done."""
    copy = world.folder / f"copy-{number}"
    copy.mkdir()
    shutil.copy(world.state / "exequatur.sqlite", copy)
    way, log = WAYS[number % len(WAYS)], chance.choice(LOGS)
    with sqlite3.connect(copy / "exequatur.sqlite", isolation_level=None) as db:
        db.execute("BEGIN")
        size = db.execute("SELECT count(*) FROM log_entry WHERE log = ?", [log]).fetchone()[0]
        way(db, log, chance.randrange(size), size, chance, earlier)
        if way not in (tile, head) and chance.random() < 0.7:
            rebuild(db, log)
        db.execute("COMMIT")
    return copy, f"{way.__name__} of {log}"


# The verifiers

def ours(world, state):
    code, report = world.verify(world.folder / "kept.txt", state=state)
    return code == 0 and not report.get("problems")


def exported(state):
    out = state.parent / (state.name + "-out")
    done = subprocess.run([BINARY, "audit", "export", "--state", state, out], capture_output=True, text=True, timeout=60)
    # Entries that are no entries any more, or gaps between them: there is nothing to verify.
    return out if done.returncode == 0 else None


def with_go(world, verifier, folder):
    done = subprocess.run([verifier, world.folder / "keys/log.vkey", world.folder / "kept.txt", folder], capture_output=True, text=True, timeout=60)
    return done.stdout.startswith("ok ")


def with_pymerkle(world, folder):
    """Trees by pymerkle, bodies by SHA-256; checkpoints as they were kept, which no signature is needed for."""
    lines = (world.folder / "kept.txt").read_text().split("\n")
    kept = [lines[n:n + 3] for n in range(0, len(lines) - 4, 5)]
    for log in LOGS:
        tree, entries = InmemoryTree(algorithm="sha256"), []
        for path in sorted((folder / log / "tile/entries").rglob("*"), key=lambda p: p.name == p.suffix):
            if path.is_file():
                number = path.parent.name[:-2] if path.parent.name.endswith(".p") else path.name
                entries.append((int(number), path.read_bytes()))
        for _, data in sorted(entries):
            while data:
                length = int.from_bytes(data[:2], "big")
                entry, data = data[2:2 + length], data[2 + length:]
                tree.append_entry(entry)
                blob = json.loads(entry).get("blob")
                if blob and hashlib.sha256((folder / "blobs" / blob["digest"]).read_bytes()).hexdigest() != blob["digest"]:
                    return False
        for origin, size, hashed in kept:
            if origin.endswith(f"/{log}"):
                if tree.get_size() < int(size) or base64.b64encode(tree.get_root(int(size))).decode() != hashed:
                    return False
    return True


def safely(check, *arguments):
    try:
        return check(*arguments)
    except (ValueError, KeyError, OSError, subprocess.TimeoutExpired):
        return False


def main():
    seed = int(os.environ.get("EXEQUATUR_SEED", time.time()))
    print(f"seed {seed} (EXEQUATUR_SEED repeats it)", flush=True)
    world, earlier = history()
    failed, lock = [], threading.Lock()
    caught = {"ours": [0, 0], "go": [0, 0], "pymerkle": [0, 0]}
    try:
        verifier = world.folder / "verify"
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(world.folder / "gocache")}
        subprocess.run(["go", "build", "-o", verifier, HERE / "verify.go"], check=True, env=environment, timeout=300)

        def judge(number):
            chance = random.Random(seed * 10_000 + number)
            state, what = tampered(world, number, chance, earlier)
            out = exported(state)
            verdicts = {
                "ours": safely(ours, world, state), "go": out is not None and safely(with_go, world, verifier, out),
                "pymerkle": out is not None and safely(with_pymerkle, world, out)}
            # Trees of its own do not look at ours, nor at our heads.
            if what.split()[0] in ("tile", "head"):
                del verdicts["pymerkle"]
            with lock:
                for name, isWhole in verdicts.items():
                    caught[name][1] += 1
                    caught[name][0] += not isWhole
                    if isWhole:
                        failed.append(f"{name} did not catch {what}, number {number}")
            shutil.rmtree(state)
            shutil.rmtree(out or state, ignore_errors=True)

        out = exported(world.state)
        whole = {"ours": ours(world, world.state), "go": with_go(world, verifier, out), "pymerkle": with_pymerkle(world, out)}
        failed += [f"{name} does not find the untouched logs whole" for name, isWhole in whole.items() if not isWhole]
        with concurrent.futures.ThreadPoolExecutor(2) as workers:
            for done, _ in enumerate(workers.map(judge, range(TRIES)), 1):
                if done % 50 == 0:
                    print(f"  {done} of {TRIES}", flush=True)
    finally:
        world.close()
    for line in failed:
        print(f"FAILED: {line}")
    print("tamper: " + ", ".join(f"{name} caught {n} of {of}" for name, (n, of) in caught.items()) + f", {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
