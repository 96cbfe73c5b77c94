"""MCP: methods that bypass tools, revisions that skip checks, headers that lie, pages in a browser."""
import base64

from wire import LEGACY, MODERN

READ, WRITE = "corp__user_read", "corp__user_set-title"
OWN = {"name": WRITE, "arguments": {"user": "milo.dahl", "value": "Owned"}}
METHODS = [
    "resources/list", "resources/read", "resources/templates/list", "resources/subscribe", "prompts/list", "prompts/get",
    "completion/complete", "logging/setLevel", "tasks/get", "tasks/list", "tasks/result", "tasks/cancel", "tasks/update",
    "subscriptions/listen", "sampling/createMessage", "elicitation/create", "roots/list", "notifications/tools/list_changed",
    "tools/Call", "TOOLS/CALL", "tools/call ", "tools//call", "tools/call\u0000", "gateway/approve", "rpc.discover",
]


def quoted(text):
    return "=?base64?" + base64.b64encode(text.encode()).decode() + "?="


def lying_headers():
    """Headers that say another thing than the body, which calls user.set-title: the body must not be carried out."""
    def h(version=MODERN, method="tools/call", *names):
        return [("MCP-Protocol-Version", version), ("Mcp-Method", method)] + [("Mcp-Name", name) for name in names]

    yield "name of a read", h(MODERN, "tools/call", READ)
    yield "no name", h()
    yield "name in capitals", h(MODERN, "tools/call", WRITE.upper())
    yield "two names, the true one last", h(MODERN, "tools/call", READ, WRITE)
    yield "two names, the true one first", h(MODERN, "tools/call", WRITE, READ)
    yield "two true names", h(MODERN, "tools/call", WRITE, WRITE)
    yield "both names in one line", h(MODERN, "tools/call", f"{READ}, {WRITE}")
    yield "base64 of a read", h(MODERN, "tools/call", quoted(READ))
    yield "base64 of base64", h(MODERN, "tools/call", quoted(quoted(WRITE)))
    yield "base64 unpadded", h(MODERN, "tools/call", quoted(WRITE + "x").replace("=?=", "?=").replace("==?=", "?="))
    yield "base64 with a space inside", h(MODERN, "tools/call", quoted(WRITE).replace("base64?", "base64? "))
    yield "base64 in capitals", h(MODERN, "tools/call", quoted(WRITE).replace("base64", "BASE64"))
    yield "base64 that is no UTF-8", h(MODERN, "tools/call", "=?base64?//79?=")
    yield "base64 empty", h(MODERN, "tools/call", "=?base64??=")
    yield "method tools/list", h(MODERN, "tools/list", WRITE)
    yield "method absent", [("MCP-Protocol-Version", MODERN), ("Mcp-Name", WRITE)]
    yield "method twice", h(MODERN, "tools/call", WRITE) + [("Mcp-Method", "tools/list")]
    yield "version older than the body's", h(LEGACY, "tools/call", WRITE)
    yield "version unknown", h("2099-01-01", "tools/call", WRITE)
    yield "version absent", h()[1:] + [("Mcp-Name", WRITE)]
    yield "version twice", h(MODERN, "tools/call", WRITE) + [("MCP-Protocol-Version", LEGACY)]
    yield "version with the older one in the same line", h(f"{MODERN}, {LEGACY}", "tools/call", WRITE)


def call(agent, **more):
    return agent.mcp("tools/call", OWN, **more).done


def older_header_modern_claim(scene):
    """The modern body with the header of an older revision, and names that lie: nothing may skip the comparison."""
    lie = [("MCP-Protocol-Version", LEGACY), ("Mcp-Method", "tools/list"), ("Mcp-Name", READ)]
    return call(scene.a, extra=lie)


def older_revision_lying_name(scene):
    """A proxy that lets `Mcp-Name: user_read` pass must not let a write pass under an older revision."""
    lie = [("MCP-Protocol-Version", LEGACY), ("Mcp-Method", "tools/call"), ("Mcp-Name", READ)]
    return call(scene.a, modern=False, extra=lie)


def tries(scene):
    a = scene.a
    for method in METHODS:
        for modern in (True, False):
            yield f"method {method!r}, {'modern' if modern else 'older'}", lambda m=method, e=modern: "result" in (
                a.mcp(m, {"uri": "corp://users/u-1001", "name": "x"}, e).json or {}), *(["raw"] if "\0" in method else [])
    for name, headers in lying_headers():
        yield f"headers: {name}", lambda h=headers: call(a, extra=h)
    yield "an older version's header over a modern body", lambda: older_header_modern_claim(scene)
    yield "an older version, and a header that names another tool", lambda: older_revision_lying_name(scene)
    yield "modern without clientCapabilities", lambda: call(a, meta={"io.modelcontextprotocol/clientCapabilities": None})
    for version in (1, ["2025-11-25"], "", "2026-07-28\u200b", "1999-01-01"):
        yield f"body's version {version!r}", lambda v=version: call(a, meta={"io.modelcontextprotocol/protocolVersion": v})
    yield "initialize in the modern era", lambda: "result" in (a.mcp("initialize", {"protocolVersion": LEGACY}).json or {})
    yield "a session id of somebody else opens nothing", lambda: scene.with_token("x").send(
        "POST", "/mcp", a.mcp_body("tools/call", OWN, False), [("Mcp-Session-Id", "1"), ("MCP-Protocol-Version", LEGACY)]).status != 401
    for method in ("GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "post"):
        yield f"HTTP {method} at /mcp", lambda m=method: a.send(m, "/mcp", a.mcp_body("tools/call", OWN), a.mcp_headers(
            "tools/call", WRITE)).status in (200, 202), *(["raw"] if method in ("HEAD", "post") else [])
    for origin in ("https://evil.test", "null", "http://127.0.0.1", f"http://127.0.0.1:{a.port}", "", "file://"):
        yield f"Origin {origin!r}", lambda o=origin: call(a, extra=a.mcp_headers("tools/call", WRITE) + [("Origin", o)])
    for host in ("evil.test", f"evil.test:{a.port}", "127.0.0.1", f"localhost:{a.port}", f"127.0.0.1:{a.port}.evil.test", f"127.0.0.1:{a.port}@evil.test"):
        yield f"Host {host}", lambda h=host: call(a, extra=a.mcp_headers("tools/call", WRITE) + [("Host", h)])
    yield "no Host", lambda: a.send("POST", "/mcp", a.mcp_body("tools/call", OWN), a.mcp_headers("tools/call", WRITE), drop=("Host",)).done
    yield "X-Forwarded-Host for a foreign Host", lambda: call(a, extra=a.mcp_headers("tools/call", WRITE) + [
        ("Host", "evil.test"), ("X-Forwarded-Host", f"127.0.0.1:{a.port}")])
