"""An agent: the public `mcp` client of PyPI behind plain blocking calls."""
import contextlib
import json
import time

import httpx2
from anyio.from_thread import start_blocking_portal
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

# What each mode of the client must end up speaking with the gateway.
EXPECTED = {"2026-07-28": "2026-07-28", "auto": "2026-07-28", "legacy": "2025-11-25"}
MODES = list(EXPECTED)


class Agent:
    """One MCP connection with one token. It remembers every byte it was told, to search it for secrets."""

    def __init__(self, url, token, mode):
        self.mode, self.heard, self.receipts = mode, [], []
        self._stack = contextlib.ExitStack()
        try:
            self._portal = self._stack.enter_context(start_blocking_portal())
            self._client = self._stack.enter_context(
                self._portal.wrap_async_context_manager(self._connect(url, token)))
            self.version = self._client.protocol_version
            assert self.version == EXPECTED[mode], f"{mode}: spoke {self.version}"
        except BaseException:
            self._stack.close()
            raise

    @contextlib.asynccontextmanager
    async def _connect(self, url, token):
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(60, read=300)) as http:
            async with Client(streamable_http_client(url + "/mcp", http_client=http), mode=self.mode) as client:
                yield client

    def close(self):
        self._stack.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def tools(self):
        """The tools, as plain dictionaries."""
        async def ask():
            return (await self._client.list_tools()).tools
        return [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in self._portal.call(ask)]

    def call(self, tool, arguments=None, prompt=None, idempotency_key=None):
        """The structured answer. A protocol error becomes {"status": "error", "code": …}, so that checks read alike."""
        meta = {"org.exequatur/prompt": prompt, "org.exequatur/idempotency-key": idempotency_key}
        meta = {key: value for key, value in meta.items() if value is not None} or None

        async def ask():
            return await self._client.call_tool(tool, arguments or {}, meta=meta)
        try:
            result = self._portal.call(ask)
        except MCPError as error:
            return self._failure(error)
        self.heard.append(result.model_dump_json(by_alias=True))
        return self._answer(result)

    def complete_receipts(self, seconds=30):
        """A receipt is complete once a checkpoint that covers it is published: asks again until each is."""
        latest = {json.loads(receipt["entry"])["body"]["change"]: receipt for receipt in self.receipts}
        end = time.monotonic() + seconds
        for change in latest:
            while latest[change]["state"] == "pending" and time.monotonic() < end:
                latest[change] = self.call("exequatur__change_status", {"change": change})["receipt"]
                time.sleep(0.2)
        self.receipts[:] = latest.values()

    def _failure(self, error):
        self.heard.append(f"{error.code} {error.message} {json.dumps(error.data)}")
        code = error.data.get("code") if isinstance(error.data, dict) else None
        return {"status": "error", "code": code or str(error.code), "message": error.message}

    def _answer(self, result):
        answer = result.structured_content
        texts = [block.text for block in result.content if block.type == "text"]
        assert [json.loads(text) for text in texts] == [answer], "text and structured content differ"
        assert result.is_error == (answer["status"] in ("denied", "failed")), f"is_error is wrong: {answer}"
        if "receipt" in answer:
            self.receipts.append(answer["receipt"])
        return answer
