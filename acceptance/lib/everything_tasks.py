"""Tools that become tasks (the extension `io.modelcontextprotocol/tasks`)."""

import asyncio, secrets
from datetime import datetime, timezone

import mcp_types as t
from mcp.shared.exceptions import MCPError
from pydantic import Field

from everything_kit import S, TASKS, Failure, answer, caps, form, modern, need, one, said, tasks, tool


def stamp():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def has_tasks(ctx):
    return modern(ctx) and TASKS in (caps(ctx).extensions or {})


def lacking():
    return MCPError(t.MISSING_REQUIRED_CLIENT_CAPABILITY, "The tasks extension is required", {"requiredCapabilities": {"extensions": {TASKS: {}}}})


def view(task):
    return {k: v for k, v in task.items() if k != "job"}


def start(work):
    now = stamp()
    task = {"taskId": secrets.token_urlsafe(16), "status": "working", "createdAt": now, "lastUpdatedAt": now, "ttlMs": 600000, "pollIntervalMs": 200}
    tasks[task["taskId"]] = task

    def settle(status, **more):
        if task["status"] in ("working", "input_required"):
            task.pop("inputRequests", None)
            task.update(status=status, lastUpdatedAt=stamp(), **more)

    async def job():
        try:
            settle("completed", result=(await work(task)).model_dump(by_alias=True, mode="json", exclude_none=True))
        except Failure as e:
            settle("completed", result={"content": [{"type": "text", "text": str(e)}], "isError": True, "resultType": "complete"})
        except MCPError as e:
            settle("failed", error={"code": e.code, "message": e.error.message})
        except asyncio.CancelledError:
            settle("cancelled")

    task["job"] = asyncio.get_running_loop().create_task(job())
    return {"resultType": "task", **view({k: v for k, v in task.items() if k not in ("result", "error", "inputRequests")})}


@tool("Greets", {"name": S}, ["name"])
async def greet(ctx, p, a):
    return said(f"Hello, {a['name']}!")


@tool("Computes slowly; a task where the client knows tasks", {"seconds": {"type": "number"}, "label": S}, ["seconds"])
async def slow_compute(ctx, p, a):
    async def work(task=None):
        await asyncio.sleep(a["seconds"])
        return said(f"computed {a.get('label', '')}")
    return start(work) if has_tasks(ctx) else await work()


@tool("A task that completes with isError")
async def failing_job(ctx, p, a):
    async def work(task):
        await asyncio.sleep(1)
        raise Failure("the job failed")
    if not has_tasks(ctx):
        raise lacking()
    return start(work)


@tool("A task that ends in a protocol error")
async def protocol_error_job(ctx, p, a):
    async def work(task):
        await asyncio.sleep(0.3)
        raise MCPError(t.INTERNAL_ERROR, "the job broke")
    if not has_tasks(ctx):
        raise lacking()
    return start(work)


@tool("A task that asks before it deletes", {"filename": S}, ["filename"])
async def confirm_delete(ctx, p, a):
    async def work(task):
        task["answered"] = asyncio.Event()
        task.update(status="input_required", lastUpdatedAt=stamp(), inputRequests={"confirm": form(f"Delete {a['filename']}?", one("confirm", "boolean")).model_dump(by_alias=True, mode="json", exclude_none=True)})
        await task["answered"].wait()
        return said(f"deleted {a['filename']}: {task.pop('reply')}")
    if not has_tasks(ctx):
        raise lacking()
    return start(work)


@tool("First asks user_name, then becomes a task")
async def test_tool_with_task(ctx, p, a):
    r = answer(p, "user_name", t.ElicitResult)
    if r is None:
        return need({"user_name": form("Name?", one("name"))}, "task")

    async def work(task=None):
        await asyncio.sleep(0.3)
        return said(f"done for {(r.content or {}).get('name')}")
    return start(work) if has_tasks(ctx) else await work()


class TaskParams(t.RequestParams):
    task_id: str = Field(alias="taskId")
    input_responses: dict | None = Field(default=None, alias="inputResponses")


def found(ctx, p):
    if not modern(ctx):
        raise MCPError(t.METHOD_NOT_FOUND, "Method not found")
    if not has_tasks(ctx):
        raise lacking()
    if p.task_id not in tasks:
        raise MCPError(t.INVALID_PARAMS, "Unknown task")
    return tasks[p.task_id]


async def task_get(ctx, p):
    return {k: v for k, v in view(found(ctx, p)).items() if k not in ("answered", "reply")}


async def task_update(ctx, p):
    task = found(ctx, p)
    if "confirm" in (p.input_responses or {}) and task["status"] == "input_required":
        task["reply"] = p.input_responses["confirm"]
        task["status"] = "working"
        task["answered"].set()
    return {}


async def task_cancel(ctx, p):
    found(ctx, p)["job"].cancel()
    return {}
