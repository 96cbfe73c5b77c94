"""What only reads arrives as it is: by both transports, in both eras, from either side."""
import json

import raw_http
import raw_mcp
import upstream as up
from agent import Agent
from world import World

CALLS = [
    ("test_simple_text", {}), ("test_image_content", {}), ("test_audio_content", {}), ("test_embedded_resource", {}),
    ("test_multiple_content_types", {}), ("test_error_handling", {}), ("test_structured_output", {"a": 2, "b": 3}),
    ("list_users", {}), ("list_users", {"cursor": "Mw=="}), ("test_x_mcp_header", None), ("json_schema_2020_12_tool", None),
]
SYSTEMS = ["every", "everyold", "webold"]


def raw(agent, tool, arguments=None, **more):
    async def ask():
        return await agent._client.call_tool(tool, arguments or {}, **more)
    result = agent._portal.call(ask)
    return {"content": [block.model_dump(by_alias=True, mode="json") for block in result.content],
            "structured": result.structured_content, "error": result.is_error, "meta": result.meta}


def all(s, check):
    direct = Direct(s)
    for mode in ("2026-07-28", "legacy"):
        with Agent(s.world.url, s.world.token("bot"), mode) as agent:
            tools = {tool["name"]: tool for tool in agent.tools()}
            for system in SYSTEMS:
                same = 0
                for name, arguments in CALLS:
                    if arguments is None:
                        continue
                    got, wanted = raw(agent, f"{system}__{name}", arguments), direct.call(name, arguments)
                    same += all_but_meta(got) == all_but_meta(wanted) and got["meta"]["org.exequatur/untrusted"] is True
                count = sum(arguments is not None for _, arguments in CALLS)
                check(same == count, f"{mode} → {system}: {same} of {count} answers are the server's own, labelled untrusted")
                listed = [tool for name, tool in tools.items() if name.startswith(f"{system}__")]
                theirs = {tool["name"]: tool for tool in direct.tools}
                unlike = [tool["name"] for tool in listed
                          if {**tool, "name": ""} != {**theirs[tool["name"].split("__", 1)[1]], "name": ""}]
                check(len(listed) >= 20 and not unlike, f"…and {len(listed)} definitions are too {unlike}")
            progress(s, agent, check, mode)
            resources(agent, check, mode)
            real(s, agent, check)
    direct.close()
    exact(check)


def all_but_meta(answer):
    return {key: value for key, value in answer.items() if key != "meta"}


class Direct:
    """The same server, asked without a gateway."""

    def __init__(self, s):
        self.server = up.everything(s.folder / "direct-state.json")
        from contextlib import ExitStack
        self.stack = ExitStack()
        self.agents = self.stack.enter_context(Plain(self.server.url))
        self.tools = self.agents.tools()

    def call(self, name, arguments):
        return raw(self.agents, name, arguments)

    def close(self):
        self.stack.close()
        self.server.close()


class Plain(Agent):
    """The public client at an address of its own."""

    def __init__(self, url):
        super().__init__(url.removesuffix("/mcp"), "none", "auto")


def progress(s, agent, check, mode):
    heard = []

    async def ask():
        async def on(progress, total, message):
            heard.append((progress, total, message))
        return await agent._client.call_tool("everyold__test_tool_with_progress", {}, progress_callback=on)
    result = agent._portal.call(ask)
    check(result.content[0].text == "done" and [p for p, _, _ in heard] == [0, 50, 100], f"{mode}: progress passes {heard}")


def resources(agent, check, mode):
    async def ask():
        client = agent._client
        listed = [str(one.uri) for one in (await client.list_resources()).resources]
        read = await client.read_resource("test://static-text")
        filled = await client.read_resource("test://template/7/data")
        prompts = [one.name for one in (await client.list_prompts()).prompts]
        prompt = await client.get_prompt("everyold__test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
        return listed, read, filled, prompts, prompt

    async def refused(method, *arguments):
        try:
            await getattr(agent._client, method)(*arguments)
            return "answered"
        except Exception as error:
            return str(error)
    listed, read, filled, prompts, prompt = agent._portal.call(ask)
    check(set(listed) == {"test://static-text", "test://static-binary"}, f"{mode}: only the listed resources are offered {listed}")
    check("static text" in read.contents[0].text and '"7"' in filled.contents[0].text, "…and read, also by a template")
    check(len(prompts) == 4 and "a" in str(prompt.messages[0].content), f"…and the listed prompts {prompts}")
    for uri in ("test://embedded-resource", "test://template/a%2fb/data", "test://template/../data", "file:///etc/passwd", "test://static-text?x"):
        check("There is no such resource" in agent._portal.call(refused, "read_resource", uri), f"…and {uri} is not there")


def real(s, agent, check):
    now = raw(agent, "clock__get_current_time", {"timezone": "Asia/Tokyo"})
    check(now["structured"]["timezone"] == "Asia/Tokyo", "the clock tells the time")
    status = raw(agent, "git__git_status", {"repo_path": str(s.repo)})
    check("b.txt" in status["content"][0]["text"], "git tells its status")
    wrong = agent.call("git__git_status", {"repo_path": "/etc; rm"}) if False else raw(agent, "git__git_status", {"repo_path": "/etc;rm"})
    check(wrong["error"] and "input.invalid" in json.dumps(wrong["structured"]), "…of a path that is one")


def exact(check):
    """The very bytes."""
    for modern in (True, False):
        server = raw_mcp.Raw(modern)
        world = World('permit (principal, action, resource);', [up.over_http("odd", server.url)], {"dana": ["ops"]}, {"bot": {"owner": "dana"}})
        try:
            up.classify(world.folder, "odd", {"namespace": "Odd", "kinds": {}, "operations": {"exact": {"access": "read"}, "no_label": {"access": "read"}}})
            world.start()
            wanted = raw_http.members(raw_mcp.EXACT.decode())
            for asked in (True, False):
                _, _, body = raw_http.post(world.url + "/mcp", "tools/call", {"name": "odd__exact"}, asked,
                                           {"Authorization": f"Bearer {world.token('bot')}"})
                got = raw_http.members(raw_http.members(body)["result"])
                same = [key for key in ("content", "structuredContent", "isError", "later") if got.get(key) == wanted[key]]
                check(len(same) == 4, f"{'2026' if asked else 'older'} → {'2026' if modern else 'older'}: byte for byte {same}")
                meta = json.loads(got["_meta"])
                check(meta["org.exequatur/untrusted"] is True and meta["vendor/x"] == 1.0 and "org.exequatur/answer" not in meta,
                      "…and _meta has both, with the gateway's word its own")
                _, _, body = raw_http.post(world.url + "/mcp", "tools/call", {"name": "odd__no_label"}, asked,
                                           {"Authorization": f"Bearer {world.token('bot')}"})
                check(json.loads(body)["result"]["_meta"]["org.exequatur/untrusted"] is True, "…also where the server's _meta is none")
        finally:
            world.close()
            server.close()
