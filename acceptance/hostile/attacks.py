"""The attacks, each a context: it is under way inside, and over outside."""
import contextlib
import itertools
import multiprocessing
import os
import socket
import threading
import time

from servers import DRIPPING, PASSING, SILENT
from wire import Agent, head

LONG = os.environ.get("LONG") == "1"
# Attackers come from addresses of their own: what they take is counted as theirs.
ATTACKER = "127.0.0.2"


class Tally:
    """What an attack did, seen from outside its process: an attack that never came to be proves nothing."""

    def __init__(self):
        self.values = multiprocessing.get_context("fork").Array("l", [0, 0, 0])

    def add(self, place, count=1):
        with self.values.get_lock():
            self.values[place] += count

    def reset(self):
        self.values[:] = [0, 0, 0]

    connections = property(lambda self: self.values[0])
    steps = property(lambda self: self.values[1])
    errors = property(lambda self: self.values[2])


TALLY = Tally()


def connect(port, source=ATTACKER):
    s = socket.socket()
    s.bind((source, 0))
    s.settimeout(5)
    s.connect(("127.0.0.1", port))
    return s


def people_socket(setting):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(str(setting.world.socket))
    return s


@contextlib.contextmanager
def repeated(workers, step):
    """Runs `step` again and again in threads of its own."""
    over = threading.Event()

    def work():
        while not over.is_set():
            # Counted as it begins: some are to wait until the attack is over.
            TALLY.add(1)
            try:
                step()
            except OSError:
                TALLY.add(1, -1)
                time.sleep(0.05)
            except Exception:
                TALLY.add(2)
                raise

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=30)


@contextlib.contextmanager
def held(sockets):
    """Keeps connections until it is over."""
    try:
        yield sockets
    finally:
        for s in sockets:
            s.close()


def opened(count, make):
    found = []
    for _ in range(count):
        try:
            found.append(make())
        except OSError:
            break
    TALLY.add(0, len(found))
    return found


def ldap(setting, token, operation, fields, **body):
    """A call to the system that is attacked: the others read another."""
    path = f"/v1/systems/corp-ldap/operations/{operation}"
    return Agent(setting.world.port, token, []).send("POST", path, {"input": fields, **body})


@contextlib.contextmanager
def silent_connections(setting):
    """5,000 connections from 50 addresses that say nothing"""
    places = itertools.cycle(f"127.0.1.{number}" for number in range(1, 51))
    sockets = opened(5000, lambda: connect(setting.world.port, next(places))) + opened(200, lambda: people_socket(setting))
    with held(sockets):
        yield


@contextlib.contextmanager
def known_connections(setting):
    """all the connections that one agent's token can hold, from the others' own address"""
    agent = Agent(setting.world.port, setting.world.token("agent-a"), [])
    request = head("GET", "/v1/operations", [h for h in agent.headers() if h[0] != "Connection"])

    def hold():
        s = connect(setting.world.port, "127.0.0.1")
        s.sendall(request)
        if not s.recv(1 << 20):
            raise OSError("closed")
        return s

    with held(opened(2000 if LONG else 400, hold)):
        yield


@contextlib.contextmanager
def slow_senders(setting):
    """heads and bodies sent a byte at a time, on every listener"""
    token = setting.world.token("agent-a")
    agent = Agent(setting.world.port, token, [])
    body = head("POST", "/v1/systems/corp/operations/user.read", agent.headers() + [("Content-Length", 100_000)])
    sockets = []
    for count, make, start in ((60, lambda: connect(setting.world.port), b""), (60, lambda: connect(setting.world.port), body),
                               (20, lambda: people_socket(setting), b"")):
        for s in opened(count, make):
            with contextlib.suppress(OSError):
                s.sendall(start)
            sockets.append(s)

    def drip():
        for s in sockets:
            with contextlib.suppress(OSError):
                s.send(b"G")
        time.sleep(0.5)

    with held(sockets), repeated(1, drip):
        yield


@contextlib.contextmanager
def never_reading(setting):
    """clients that ask and never read, on every listener"""
    agent = Agent(setting.world.port, setting.world.token("agent-a"), [])
    headers = [h for h in agent.headers() if h[0] != "Connection"]
    request = head("GET", "/v1/openapi.json", headers) * 50
    strangers = head("GET", "/people/v1/changes", [("Host", "people")]) * 50
    makers = [(request, lambda: connect(setting.world.port))] * 30 + [(strangers, lambda: people_socket(setting))] * 30
    sockets = [(text, s, make) for text, make in makers for s in opened(1, make)]

    def ask():
        for place, (text, s, make) in enumerate(sockets):
            try:
                s.settimeout(0.2)
                s.sendall(text)
            except TimeoutError:
                continue
            except OSError:
                s.close()
                with contextlib.suppress(OSError):
                    sockets[place] = (text, make(), make)
        time.sleep(0.5)

    with held([s for _, s, _ in sockets]), repeated(1, ask):
        yield


@contextlib.contextmanager
def bodies_without_token(setting):
    """1 MiB bodies of nobody's, as many as will go"""
    request = head("POST", "/mcp", [("Host", f"127.0.0.1:{setting.world.port}"), ("Content-Type", "application/json"),
                                    ("Content-Length", 1 << 20)])
    piece = b"x" * 65536

    def send():
        with connect(setting.world.port) as s:
            s.sendall(request)
            for _ in range(16):
                s.sendall(piece)

    with repeated(200 if LONG else 40, send):
        yield


@contextlib.contextmanager
def backend(setting, mode, workers):
    """Reads of a directory that answers in another way than it should."""
    setting.switch.mode.value = mode
    tokens = [setting.world.token(name) for name in ("agent-a", "agent-c")]

    def read():
        for token in tokens:
            ldap(setting, token, "user.read", {"user": "alice"})

    try:
        with repeated(workers, read):
            time.sleep(1)
            yield
    finally:
        setting.switch.mode.value = PASSING


def silent_backend(setting):
    """150 reads of a directory that does not answer"""
    return backend(setting, SILENT, 150 if LONG else 60)


def dripping_backend(setting):
    """a directory that answers a byte at a time"""
    return backend(setting, DRIPPING, 60 if LONG else 20)


@contextlib.contextmanager
def dripping_issuer(setting):
    """an issuer whose keys come a byte at a time"""
    token = setting.world.token("agent-d", iss="https://drip.test")

    def ask():
        Agent(setting.world.port, token, []).api("user.read", {"user": "milo.dahl"})

    with repeated(20, ask):
        yield


@contextlib.contextmanager
def flood(setting):
    """a flood by one agent"""
    token = setting.world.token("agent-a")

    def ask():
        ldap(setting, token, "user.find", {"attribute": "name", "match": "prefix", "value": "a"})

    with repeated(50 if LONG else 12, ask):
        yield


@contextlib.contextmanager
def long_prompts(setting):
    """a flood of the longest prompts"""
    token = setting.world.token("agent-a")
    evidence = {"prompt": "p" * (256 << 10), "justification": "j" * (16 << 10)}

    def ask():
        ldap(setting, token, "user.read", {"user": "alice"}, evidence=evidence)

    with repeated(8 if LONG else 2, ask):
        yield


@contextlib.contextmanager
def silent_issuer(setting):
    """an issuer that never answers, named by a crowd that sends long bodies"""
    token = setting.world.token("agent-s", iss="https://silent.test")
    headers = Agent(setting.world.port, token, []).headers() + [("Content-Length", 1 << 20)]
    request = head("POST", "/v1/systems/corp/operations/user.read", headers)
    places = itertools.cycle(f"127.0.2.{number}" for number in range(1, 11))

    def send():
        with connect(setting.world.port, next(places)) as s:
            s.sendall(request + b"x" * (600 << 10))
            s.recv(64)

    with repeated(300 if LONG else 60, send):
        yield


# Each with the connections and the steps that it comes to at least; else it was none.
ATTACKS = {
    silent_connections: (5000, 0), known_connections: (400, 0), slow_senders: (100, 4), never_reading: (60, 2),
    bodies_without_token: (0, 20), silent_backend: (0, 20), dripping_backend: (0, 4), dripping_issuer: (0, 20),
    silent_issuer: (0, 20), flood: (0, 50), long_prompts: (0, 10)}
