"""Bytes on the wire: requests as an attacker writes them, one connection each, never waiting for ever."""
import http.client
import json
import select
import socket
import time

PATIENCE = 25.0  # The gateway gives a slow body 10 s; whatever takes longer than this hangs.
MODERN, LEGACY = "2026-07-28", "2025-11-25"


class Reply:
    def __init__(self, status, headers, body, seconds, hung=False):
        self.status, self.headers, self.body, self.seconds, self.hung = status, headers, body, seconds, hung

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def answer(self):
        """The gateway's answer, whichever door it came through."""
        json_ = self.json if isinstance(self.json, dict) else {}
        return json_.get("result", {}).get("structuredContent", {}) if "jsonrpc" in json_ else json_

    @property
    def code(self):
        """The stable code of a refusal; None when there is none."""
        json_ = self.json if isinstance(self.json, dict) else {}
        error = json_.get("error")
        return error.get("code") if isinstance(error, dict) else self.answer.get("code")

    @property
    def done(self):
        """Whether the gateway says that it did, read or staged something."""
        return self.status in (200, 202) and self.answer.get("status") in ("done", "staged")

    def __repr__(self):
        return f"{self.status} {self.body[:160]!r}"


def connect(address):
    if isinstance(address, int):
        return socket.create_connection(("127.0.0.1", address), timeout=PATIENCE)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(str(address))
    return s


def receive(s, begun):
    response = http.client.HTTPResponse(s)
    try:
        response.begin()
        return Reply(response.status, response.headers, response.read(), time.monotonic() - begun)
    except TimeoutError:
        return Reply(None, {}, b"", time.monotonic() - begun, hung=True)
    except (http.client.HTTPException, OSError):
        return Reply(None, {}, b"", time.monotonic() - begun)


def exchange(address, *pieces, pause=0.0):
    """Sends the pieces, with a pause between them, and reads one reply."""
    begun = time.monotonic()
    with connect(address) as s:
        s.settimeout(3)
        for piece in pieces:
            try:
                s.sendall(piece)
            except OSError:
                break  # The gateway has heard enough; its answer may still be there.
            answered = select.poll()  # select() knows no descriptor past 1,024
            answered.register(s, select.POLLIN)
            if answered.poll(pause * 1000):
                break
        s.settimeout(PATIENCE)
        return receive(s, begun)


def head(method, path, headers):
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"


class Agent:
    """One token, and everything that can be sent with it. `seen` collects every reply."""

    def __init__(self, port, token, seen):
        self.port, self.token, self.seen = port, token, seen

    def headers(self, extra=(), drop=()):
        own = [("Host", f"127.0.0.1:{self.port}"), ("Authorization", f"Bearer {self.token}"), ("Connection", "close"),
               ("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
        return [(n, v) for n, v in own if n not in drop and n.lower() not in {e[0].lower() for e in extra}] + list(extra)

    def send(self, method, path, body=b"", extra=(), drop=(), address=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers(extra, drop) + [("Content-Length", len(body))]
        return self.keep(exchange(address or self.port, head(method, path, headers) + body))

    def raw(self, *pieces, pause=0.0):
        return self.keep(exchange(self.port, *pieces, pause=pause))

    def keep(self, reply):
        self.seen.append(reply)
        return reply

    # The HTTP API.

    def api(self, operation, fields=None, extra=(), **body):
        return self.send("POST", f"/v1/systems/corp/operations/{operation}", {"input": fields or {}, **body}, extra)

    def status(self, change):
        return self.send("GET", f"/v1/changes/{change}")

    def rollback(self, change):
        return self.send("POST", f"/v1/changes/{change}/rollback", {})

    # MCP, of either era.

    def mcp_body(self, method, params=None, modern=True, id=1, meta=None):
        meta = dict(meta or {})
        if modern:
            meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}} | meta
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**(params or {}), **({"_meta": meta} if meta else {})}}

    def mcp_headers(self, method, name=None, modern=True):
        if not modern:
            return [("MCP-Protocol-Version", LEGACY)]
        return [("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)] + ([("Mcp-Name", name)] if name else [])

    def mcp(self, method, params=None, modern=True, extra=None, **more):
        name = (params or {}).get("name") if method == "tools/call" else None
        headers = self.mcp_headers(method, name, modern) if extra is None else extra
        return self.send("POST", "/mcp", self.mcp_body(method, params, modern, **more), headers)

    def tool(self, operation, arguments=None, modern=True, **more):
        name = operation if "__" in operation else "corp__" + operation.replace(".", "_")
        return self.mcp("tools/call", {"name": name, "arguments": arguments or {}}, modern, **more)
