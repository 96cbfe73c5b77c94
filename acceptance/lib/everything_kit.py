"""What the tools of `everything.py` are made with."""

import base64, json, os

import mcp_types as t
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

ENV = os.environ
ODD = ENV.get("EVERYTHING_ODD") == "1"
TASKS = "io.modelcontextprotocol/tasks"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
WAV = base64.b64encode(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\0\0\0").decode()


class Failure(Exception):
    """Becomes a result with isError: true."""


bus = InMemorySubscriptionBus()
listen = ListenHandler(bus)
extra = {"tool": False, "prompt": False, "shifted": False}
connections, subscribed, tasks = {}, set(), {}

# ---- helpers -------------------------------------------------------------------------------------------------------
text = lambda s: t.TextContent(type="text", text=s)
said = lambda s: t.CallToolResult(content=[text(s)])
modern = lambda ctx: ctx.protocol_version in MODERN_PROTOCOL_VERSIONS


def structured(value):
    return t.CallToolResult(content=[text(json.dumps(value))], structured_content=value)


def caps(ctx):
    return ctx.session.client_capabilities or t.ClientCapabilities()


def form(message, schema):
    return t.ElicitRequest(params=t.ElicitRequestFormParams(message=message, requested_schema=schema))


def one(key, kind="string"):
    return {"type": "object", "properties": {key: {"type": kind}}, "required": [key]}


def sample(prompt):
    return t.CreateMessageRequest(params=t.CreateMessageRequestParams(messages=[t.SamplingMessage(role="user", content=text(prompt))], max_tokens=100))


def roots():
    return t.ListRootsRequest()


def need(requests, state=None):
    return t.InputRequiredResult(input_requests=requests, request_state=state)


def answer(p, key, kind):
    a = (p.input_responses or {}).get(key)
    return a if isinstance(a, kind) else None


async def announce(kind):
    """To subscriptions/listen streams (2026) and to every older connection (GET stream, stdio)."""
    await bus.publish(ToolsListChanged() if kind == "tool" else PromptsListChanged())
    for s in list(connections.values()):
        await (s.send_tool_list_changed() if kind == "tool" else s.send_prompt_list_changed())


# ---- tools ---------------------------------------------------------------------------------------------------------
TOOLS = {}


def tool(description, props=None, required=(), schema=None, output=None, hints=None, odd=False, title=None):
    def add(f):
        if odd and not ODD:
            return f
        s = schema or {"type": "object", "properties": props or {}, **({"required": list(required)} if required else {})}
        name = odd if isinstance(odd, str) else f.__name__
        TOOLS[name] = (t.Tool(name=name, title=title, description=description, input_schema=s, output_schema=output,
                              annotations=t.ToolAnnotations(**hints) if hints else None), f)
        return f
    return add


S, I = {"type": "string"}, {"type": "integer"}
READ, WRITE, DESTROY = {"read_only_hint": True}, {"read_only_hint": False, "destructive_hint": False, "idempotent_hint": True}, {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": True}
