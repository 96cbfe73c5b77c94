"""The tools that scenarios of the public suite ask for, and tasks."""

import asyncio, json, time

import mcp_types as t
from mcp.server.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError

from everything_directory import D
from everything_kit import (I, PNG, READ, S, WAV, Failure, announce, answer, bus, caps, connections, extra, form, modern, need, one, roots, said,
                            sample, structured, subscribed, text, tool)


@tool("Answers with a simple text", hints=READ)
async def test_simple_text(ctx, p, a):
    return said("This is a simple text response for testing.")


@tool("Answers with an image")
async def test_image_content(ctx, p, a):
    return t.CallToolResult(content=[t.ImageContent(type="image", data=PNG, mime_type="image/png")])


@tool("Answers with audio")
async def test_audio_content(ctx, p, a):
    return t.CallToolResult(content=[t.AudioContent(type="audio", data=WAV, mime_type="audio/wav")])


def embedded(uri, mime, s):
    return t.EmbeddedResource(type="resource", resource=t.TextResourceContents(uri=uri, mime_type=mime, text=s))


@tool("Answers with an embedded resource")
async def test_embedded_resource(ctx, p, a):
    return t.CallToolResult(content=[embedded("test://embedded-resource", "text/plain", "An embedded resource.")])


@tool("Answers with text, an image, a resource and a link")
async def test_multiple_content_types(ctx, p, a):
    return t.CallToolResult(content=[text("Several kinds of content:"), t.ImageContent(type="image", data=PNG, mime_type="image/png"),
                                     embedded("test://mixed-content-resource", "application/json", '{"test": "data", "value": 123}'),
                                     t.ResourceLink(type="resource_link", name="static", uri="test://static-text")])


@tool("Always fails")
async def test_error_handling(ctx, p, a):
    raise Failure("This tool intentionally returns an error for testing")


@tool("Reports progress 0, 50, 100")
async def test_tool_with_progress(ctx, p, a):
    for n in (0, 50, 100):
        await ctx.session.report_progress(n, 100, f"step {n}")
        await asyncio.sleep(0.05)
    return said("done")


async def log(ctx, s):
    await ctx.session.send_log_message("info", s, "everything", related_request_id=ctx.request_id)


@tool("Logs three times")
async def test_tool_with_logging(ctx, p, a):
    for s in ("started", "working", "finished"):
        await log(ctx, f"Tool execution {s}")
        await asyncio.sleep(0.05)
    return said("logged")


@tool("Logs once, if the client asked for logs")
async def test_logging_tool(ctx, p, a):
    await log(ctx, "a log message")
    return said("done")


@tool("Adds two integers; structured output", {"a": I, "b": I}, ["a", "b"], hints=READ,
      output={"type": "object", "properties": {"sum": I, "parts": {"type": "array", "items": I}}, "required": ["sum"], "additionalProperties": False})
async def test_structured_output(ctx, p, a):
    return structured({"sum": a["a"] + a["b"], "parts": [a["a"], a["b"]]})


@tool("Has an inputSchema with many keywords of JSON Schema 2020-12", schema={
    "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": S, "city": S}}},
    "properties": {"name": S, "address": {"$ref": "#/$defs/address"}, "contactMethod": {"type": "string", "enum": ["phone", "email"]}, "phone": S, "email": S},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]}, "then": {"required": ["phone"]}, "else": {"required": ["email"]},
    "additionalProperties": False})
async def json_schema_2020_12_tool(ctx, p, a):
    return said("json_schema_2020_12_tool " + json.dumps(a, sort_keys=True))


@tool("Parameters that are mirrored into Mcp-Param-* headers", {
    "region": {"type": "string", "x-mcp-header": "Region", "default": "<none>"}, "tenant": {"type": "string", "x-mcp-header": "Tenant-Id"},
    "count": {"type": "integer", "x-mcp-header": "Count"}, "dry": {"type": "boolean", "x-mcp-header": "Dry-Run"},
    "target": {"type": "object", "properties": {"zone": {"type": "string", "x-mcp-header": "Zone"}, "note": S}}}, hints=READ)
async def test_x_mcp_header(ctx, p, a):
    got = {k: v for k, v in (ctx.request.headers.items() if ctx.request is not None else []) if k.startswith("mcp-")}
    return said(json.dumps({"arguments": a, "headers": got}, sort_keys=True))


@tool("Needs the client capability sampling")
async def test_missing_capability(ctx, p, a):
    if caps(ctx).sampling is None:
        raise MCPError(t.MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool requires the client capability sampling", {"requiredCapabilities": {"sampling": {}}})
    return said("sampling is declared")


# -- the server asks the client: a request of the server (older era), input_required (2026)
@tool("Asks the client's model", {"prompt": S}, ["prompt"])
async def test_sampling(ctx, p, a):
    if modern(ctx):
        r = answer(p, "sample", (t.CreateMessageResult, t.CreateMessageResultWithTools))
        return said(f"model: {r.content.text}") if r else need({"sample": sample(a["prompt"])})
    r = await ctx.session.create_message(messages=[t.SamplingMessage(role="user", content=text(a["prompt"]))], max_tokens=100, related_request_id=ctx.request_id)
    return said(f"model: {r.content.text}")


async def elicit(ctx, p, message, schema, key="form"):
    if modern(ctx):
        r = answer(p, key, t.ElicitResult)
        if r is None:
            return need({key: form(message, schema)})
    else:
        r = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return said(f"action={r.action}, content={json.dumps(r.content or {}, sort_keys=True)}")


@tool("Asks the client's user", {"message": S}, ["message"])
async def test_elicitation(ctx, p, a):
    return await elicit(ctx, p, a["message"], one("response"))


@tool("Asks the client's user by a web page (elicitation in url mode)")
async def test_elicitation_url(ctx, p, a):
    if modern(ctx):
        r = answer(p, "page", t.ElicitResult)
        return said(f"action={r.action}") if r else need({"page": t.ElicitRequest(params=t.ElicitRequestURLParams(message="Please confirm", url="https://example.org/confirm", elicitation_id="e-1"))})
    r = await ctx.session.elicit_url("Please confirm", "https://example.org/confirm", "e-1", related_request_id=ctx.request_id)
    return said(f"action={r.action}")


@tool("Asks the client for its roots")
async def test_list_roots(ctx, p, a):
    if modern(ctx):
        r = answer(p, "roots", t.ListRootsResult)
        if r is None:
            return need({"roots": roots()})
    else:
        from mcp.shared.message import ServerMessageMetadata
        r = await ctx.session.send_request(t.ListRootsRequest(), t.ListRootsResult, metadata=ServerMessageMetadata(related_request_id=ctx.request_id))
    return said(f"{len(r.roots)} roots")


@tool("Elicitation with defaults (SEP-1034)")
async def test_elicitation_sep1034_defaults(ctx, p, a):
    return await elicit(ctx, p, "Please provide user information", {"type": "object", "properties": {
        "name": {"type": "string", "default": "John Doe"}, "age": {"type": "integer", "default": 30}, "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"}, "verified": {"type": "boolean", "default": True}}})


@tool("Elicitation with enums (SEP-1330)")
async def test_elicitation_sep1330_enums(ctx, p, a):
    titled = [{"const": f"value{n}", "title": f"Value {n}"} for n in (1, 2, 3)]
    options = ["option1", "option2", "option3"]
    return await elicit(ctx, p, "Please select", {"type": "object", "properties": {
        "untitledSingle": {"type": "string", "enum": options}, "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}}, "titledMulti": {"type": "array", "items": {"anyOf": titled}}}})


@tool("Asks by input_required")
async def test_streaming_elicitation(ctx, p, a):
    return await elicit(ctx, p, "Please answer", one("response"), "answer")


@tool("input_required: user_name")
async def test_input_required_result_elicitation(ctx, p, a):
    r = answer(p, "user_name", t.ElicitResult)
    return said(f"Hello, {(r.content or {}).get('name', 'stranger')}!") if r else need({"user_name": form("What is your name?", one("name"))})


@tool("input_required: a sampling request")
async def test_input_required_result_sampling(ctx, p, a):
    r = answer(p, "capital_question", (t.CreateMessageResult, t.CreateMessageResultWithTools))
    return said(f"Model said: {r.content.text}") if r else need({"capital_question": sample("What is the capital of France?")})


@tool("input_required: roots")
async def test_input_required_result_list_roots(ctx, p, a):
    r = answer(p, "client_roots", t.ListRootsResult)
    return said(f"{len(r.roots)} roots") if r else need({"client_roots": roots()})


@tool("input_required with requestState")
async def test_input_required_result_request_state(ctx, p, a):
    r = answer(p, "confirm", t.ElicitResult)
    return said(f"state-ok {p.request_state}") if r and p.request_state else need({"confirm": form("Confirm?", one("ok", "boolean"))}, "awaiting-confirmation")


@tool("input_required: three kinds at once")
async def test_input_required_result_multiple_inputs(ctx, p, a):
    if p.input_responses and len(p.input_responses) >= 3:
        return said("all three answered")
    return need({"name": form("Name?", one("name")), "greeting": sample("Say hello"), "roots": roots()}, "three")


@tool("input_required: two rounds")
async def test_input_required_result_multi_round(ctx, p, a):
    one_, two = answer(p, "step1", t.ElicitResult), answer(p, "step2", t.ElicitResult)
    if two and p.request_state and p.request_state.startswith("round2:"):
        return said(f"{p.request_state[7:]} likes {(two.content or {}).get('color')}")
    if one_ and p.request_state == "round1":
        return need({"step2": form("Colour?", one("color"))}, "round2:" + str((one_.content or {}).get("name")))
    return need({"step1": form("Name?", one("name"))}, "round1")


@tool("input_required: a changed requestState is refused")
async def test_input_required_result_tampered_state(ctx, p, a):
    r = answer(p, "confirm", t.ElicitResult)
    return said("ok") if r and p.request_state == "sealed" else need({"confirm": form("Confirm?", one("ok", "boolean"))}, "sealed")


@tool("input_required: asks only what the client can do")
async def test_input_required_result_capabilities(ctx, p, a):
    c, ask = caps(ctx), {}
    if p.input_responses:
        return said("ok")
    if c.sampling is not None:
        ask["sample"] = sample("Say hello")
    if c.elicitation is not None:
        ask["ask"] = form("Name?", one("name"))
    return need(ask, "by-capability") if ask else said("the client can do nothing")


# -- streams, lists that change
@tool("Closes its event stream in the middle; the result comes after GET with Last-Event-ID")
async def test_reconnection(ctx, p, a):
    await log(ctx, "before")
    if ctx.close_sse_stream is not None:
        await ctx.close_sse_stream()
    await asyncio.sleep(0.2)
    await log(ctx, "after")
    return said("reconnected")


@tool("Adds or removes test_dynamic_tool")
async def test_trigger_tool_change(ctx, p, a):
    extra["tool"] = not extra["tool"]
    await announce("tool")
    return said("tool list changed")


@tool("Adds or removes a prompt")
async def test_trigger_prompt_change(ctx, p, a):
    extra["prompt"] = not extra["prompt"]
    await announce("prompt")
    return said("prompt list changed")


@tool("Changes the definition of shifting_tool (description and schema) and says so")
async def test_trigger_definition_change(ctx, p, a):
    extra["shifted"] = not extra["shifted"]
    await announce("tool")
    return said("definition changed")


@tool("Changes test://watched-resource")
async def test_trigger_resource_update(ctx, p, a):
    await bus.publish(ResourceUpdated(uri="test://watched-resource"))
    for k, uri in list(subscribed):
        if k in connections:
            await connections[k].send_resource_updated(uri)
    return said("updated")


@tool("A tool whose definition changes after test_trigger_definition_change", {"user": S}, ["user"], hints=READ)
async def shifting_tool(ctx, p, a):
    return said("shifting")


@tool("Waits; reports progress every 0.2 s; can be cancelled", {"seconds": {"type": "number"}}, ["seconds"])
async def test_slow(ctx, p, a):
    note = {"tool": "test_slow", "outcome": "running"}
    D.calls.append(note)
    try:
        end, n = time.monotonic() + a["seconds"], 0
        while time.monotonic() < end:
            await ctx.session.report_progress(n, None, "waiting")
            n += 1
            await asyncio.sleep(0.2)
        note["outcome"] = "finished"
        return said("waited")
    except BaseException:
        note["outcome"] = "cancelled"
        raise
    finally:
        D.write()
