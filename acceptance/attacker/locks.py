"""Locks and ended tasks: the next step stops, and what waited can't go on."""
from approvals import runs, staged

TITLE = {"user": "milo.dahl", "value": "Owned"}


def lock(scene, scope, subject=None, method="POST"):
    return scene.desk.call(method, "locks", {"scope": scope, **({"subject": subject} if subject else {})}, bearer=scene.desk.session("dana.moe"))


def locked(scene, scope, subject_of):
    """Under the lock nothing goes on: not a read, not a write, not a new token, not an approval of what was staged before."""
    agent = scene.agent("agent-c")
    change = staged(scene, agent)
    task = scene.desk.show(change)["terms"]["task"]
    subject = subject_of(task)
    assert lock(scene, scope, subject).status == 200
    try:
        others = [agent] + ([scene.agent("agent-c")] if scope != "task" else [])
        went_on = any(call(o, f).done for x in others for call in (x.api, x.tool)
                      for o, f in (("user.set-title", TITLE), ("user.read", {"user": "milo.dahl"}), ("user.create", {"user": "l", "displayName": "L", "surname": "L"})))
        scene.desk.approve(change, "dana.moe")
        return went_on or runs(scene, change)
    finally:
        lock(scene, scope, subject, "DELETE")


def stuck(scene):
    """An approval given while the lock stood must count once it is lifted: else the brake destroys what it stops."""
    agent = scene.agent("agent-c")
    change = staged(scene, agent)
    task = scene.desk.show(change)["terms"]["task"]
    lock(scene, "task", task)
    first = scene.desk.approve(change, "dana.moe")
    lock(scene, "task", task, "DELETE")
    second = scene.desk.approve(change, "dana.moe")
    if second.status == 200:
        scene.accept()
    return first.status != 200 and second.status != 200


def lifts(scene):
    """The agent lifts its lock itself: by every door it has."""
    lock(scene, "workload", "agent-a")
    try:
        for bearer in (scene.a.token, None, ""):
            scene.desk.call("DELETE", "locks", {"scope": "workload", "subject": "agent-a"}, bearer=bearer)
        scene.a.send("DELETE", "/people/v1/locks", {"scope": "workload", "subject": "agent-a"})
        scene.a.tool("exequatur__unlock", {})
        return scene.a.api("user.read", {"user": "milo.dahl"}).done
    finally:
        lock(scene, "workload", "agent-a", "DELETE")


def ended(scene):
    """An ended task is over: its token does nothing more, and what it staged can't be approved."""
    agent = scene.agent("agent-c")
    change = staged(scene, agent)
    assert agent.tool("exequatur__task_end", {}).answer.get("status") == "done"
    went_on = any(call(o, f).done for call in (agent.api, agent.tool) for o, f in (("user.set-title", TITLE), ("user.read", {"user": "milo.dahl"})))
    went_on = went_on or agent.status(change).done or agent.rollback(change).done or agent.tool("exequatur__task_end", {}).done
    scene.desk.approve(change, "dana.moe")
    return went_on or runs(scene, change)


def resigned(scene):
    """The ended task's token spelled otherwise: another signature encoding must not open a new task."""
    agent = scene.agent("agent-c")
    agent.send("POST", "/v1/task/end", {})
    last = agent.token[-1]
    spelled = [agent.token[:-1] + c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" if c != last]
    return any(scene.with_token(token).api("user.read", {"user": "milo.dahl"}).done for token in spelled)


def tries(scene):
    yield "a locked workload", lambda: locked(scene, "workload", lambda task: "agent-c")
    yield "a locked task", lambda: locked(scene, "task", lambda task: task)
    yield "everything locked", lambda: locked(scene, "all", lambda task: None)
    yield "the agent lifts its own lock", lambda: lifts(scene)
    yield "an approval during a lock is lost", lambda: stuck(scene)
    yield "an ended task", lambda: ended(scene)
    yield "an ended task's token, spelled otherwise", lambda: resigned(scene)
