"""One MCP request as bytes, to see what comes back as bytes."""
import http.client
import json
import urllib.parse


def members(text):
    """The members of a JSON object, each value exactly as it was written."""
    decoder, found, i = json.JSONDecoder(), {}, text.index("{") + 1
    while True:
        while text[i] in " \t\r\n,":
            i += 1
        if text[i] == "}":
            return found
        key, i = decoder.raw_decode(text, i)
        i = text.index(":", i) + 1
        while text[i] in " \t\r\n":
            i += 1
        _, end = decoder.raw_decode(text, i)
        found[key], i = text[i:end], end


def post(url, method, params, modern=True, headers=None, accept="application/json, text/event-stream"):
    """(status, headers, body)"""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    params = dict(params)
    sent = {"Content-Type": "application/json", "Accept": accept, **(headers or {})}
    if modern:
        params["_meta"] = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
                           **params.get("_meta", {})}
        sent.update({"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method})
        name = params.get("name") or params.get("uri")
        if name:
            sent["Mcp-Name"] = name
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    connection.request("POST", parts.path, body, sent)
    answer = connection.getresponse()
    found = answer.status, dict(answer.headers), answer.read().decode()
    connection.close()
    return found
