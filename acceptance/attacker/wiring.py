"""HTTP itself: bodies too large or too slow, lengths that contradict each other, requests inside requests."""
import json
import threading
import time

from wire import PATIENCE, connect, head

PATH = "/v1/systems/corp/operations/user.set-title"
BODY = json.dumps({"input": {"user": "milo.dahl", "value": "Owned"}}).encode()


def large(scene, path, size):
    filler = b'{"input":{"user":"milo.dahl","value":"' + b"x" * size + b'"}}'
    return scene.a.send("POST", path, filler).done


def slow(scene):
    """A body that trickles in: the gateway must give up on it."""
    first = head("POST", PATH, scene.a.headers() + [("Content-Length", len(BODY))])
    return scene.a.raw(first, *[BODY[i:i + 2] for i in range(0, len(BODY), 2)], pause=1.0).done


def stalled(scene):
    """A body that never comes."""
    return scene.a.raw(head("POST", PATH, scene.a.headers() + [("Content-Length", 100)]) + b"{").done


def raw(scene, *lines, body=BODY, default=True):
    headers = head("POST", PATH, scene.a.headers() if default else [])[:-2]
    return scene.a.raw(headers + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body).done


def hidden_request(scene):
    """A second request hidden behind a body whose length is told in two ways. Two answers are one too many."""
    second = head("POST", PATH, scene.a.headers() + [("Content-Length", len(BODY))]) + BODY
    with connect(scene.world.port) as s:
        s.sendall(head("POST", PATH, [h for h in scene.a.headers() if h[0] != "Connection"] + [
            ("Content-Length", 5), ("Transfer-Encoding", "chunked")]) + b"0\r\n\r\n" + second)
        s.settimeout(5)
        data = b""
        try:
            while piece := s.recv(65536):
                data += piece
        except TimeoutError:
            pass
    return b"executed" in data or b'"done"' in data


class Dripping(threading.Thread):
    """Sends a header, one byte at a time, and never ends: the connection must not be held for ever."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.closed = port, None
        self.start()

    def run(self):
        begun = time.monotonic()
        with connect(self.port) as s:
            s.sendall(b"POST /mcp HTTP/1.1\r\nX-Slow: ")
            s.settimeout(2)
            while time.monotonic() - begun < 60:
                try:
                    s.sendall(b"x")
                    if not s.recv(1024):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            else:
                return
        self.closed = time.monotonic() - begun

    def held(self):
        self.join(70)
        return self.closed is None


def many_idle(scene):
    """Two hundred connections that say nothing; others must still be served."""
    idle = [connect(scene.world.port) for _ in range(200)]
    try:
        begun = time.monotonic()
        served = scene.b.api("user.read", {"user": "milo.dahl"}).done
        return not served or time.monotonic() - begun > PATIENCE / 2
    finally:
        for s in idle:
            s.close()


def tries(scene):
    dripping = Dripping(scene.world.port)
    a, port = scene.a, str(scene.world.port).encode()
    for path in (PATH, "/mcp"):
        yield f"body of 1 MiB and some at {path}", lambda p=path: large(scene, p, 1 << 20)
        yield f"body of 20 MiB at {path}", lambda p=path: large(scene, p, 20 << 20)
    yield "value of nearly 1 MiB", lambda: large(scene, PATH, (1 << 20) - 100)
    yield "length claimed 10 GB", lambda: raw(scene, b"Content-Length: 10000000000", body=b"{"), "raw"
    yield "body that trickles", lambda: slow(scene)
    yield "body that never comes", lambda: stalled(scene)
    yield "length negative", lambda: raw(scene, b"Content-Length: -5"), "raw"
    yield "length with a sign", lambda: raw(scene, b"Content-Length: +%d" % len(BODY)), "raw"
    yield "two lengths", lambda: raw(scene, b"Content-Length: 2", b"Content-Length: %d" % len(BODY)), "raw"
    yield "length and chunks", lambda: raw(scene, b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked"), "raw"
    yield "chunks spelled oddly", lambda: raw(scene, b"Transfer-Encoding: xchunked"), "raw"
    yield "a chunk of impossible size", lambda: raw(scene, b"Transfer-Encoding: chunked", body=b"FFFFFFFFFFFFFFFFF\r\n" + BODY), "raw"
    yield "a space before the colon", lambda: raw(scene, b"Content-Length : %d" % len(BODY)), "raw"
    yield "a folded header", lambda: raw(scene, b"X: a", b" b", b"Content-Length: 0", body=b""), "raw"
    yield "a NUL in a header", lambda: raw(scene, b"X: a\0b", b"Content-Length: 0", body=b""), "raw"
    yield "two Hosts", lambda: raw(scene, b"Host: evil.test", b"Content-Length: %d" % len(BODY)), "raw"
    yield "two Hosts, the foreign one first", lambda: a.raw(
        head("POST", PATH, [("Host", "evil.test")] + a.headers() + [("Content-Length", len(BODY))]) + BODY).done, "raw"
    yield "200 headers", lambda: raw(scene, *[b"X-%d: y" % i for i in range(200)], b"Content-Length: 0", body=b""), "raw"
    yield "a header of 100 KiB", lambda: raw(scene, b"X: " + b"y" * 100_000, b"Content-Length: 0", body=b""), "raw"
    yield "an address of 100 KiB", lambda: a.send("GET", "/v1/changes/" + "x" * 100_000).done, "raw"
    yield "no HTTP at all", lambda: a.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n").done, "raw"
    yield "HTTP/2 by prior knowledge", lambda: a.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").done, "raw"
    yield "a request hidden in a body", lambda: hidden_request(scene), "raw"
    for path in ("/V1/systems/corp/operations/user.set-title", "/v1/../v1/changes", "/mcp/", "/mcp/x", "/people/v1/challenge", "/..%2fpeople/v1/changes",
                 "/v1/changes/%00", "/v1/changes/%ff", "/log/../requests/checkpoint", "/log/secrets/checkpoint", "/v1/systems/corp"):
        yield f"path {path}", lambda p=path: a.send("POST", p, BODY).done
    yield "200 idle connections", lambda: many_idle(scene)
    yield "a connection held by a dripping header", dripping.held
    yield "an upgrade to h2c", lambda: raw(scene, b"Upgrade: h2c", b"Connection: Upgrade", b"Content-Length: 0", body=b""), "raw"
