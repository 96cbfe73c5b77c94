"""Create, grant, revoke, undo, conflict, crash, reach and attack on two systems whose catalogue is configuration."""
import json
import pathlib
import sys

import attack
import crash
import hostile
import wiki
from agent import Agent
from setting import Setting
from world import Checks


def approve(s, change, *people):
    for person in people:
        s.world.cli(person, "changes", "approve", change)


def rabbit(s, agent, check):
    call = lambda tool, **arguments: agent.call(f"queues__{tool}", arguments)
    done = call("user_create", user="new-ann")
    check(done["status"] == "done" and s.tags("new-ann") == [], f"RabbitMQ: a user is created {done.get('code')}")
    secret = s.world.cli("dana.moe", "changes", "secret", done["change"])[1].split()[-1]
    check(s.mq.api("GET", "/api/whoami", identity=("new-ann", secret))[1].get("reason") != "Login failed",
          "…with a password that a person is shown, and that logs in")
    check(call("user_create", user="new-ann")["status"] in ("failed", "denied"), "…and not twice")
    tagged = call("user_add-tag", user="new-ann", tag="management")
    check(tagged["status"] == "done" and s.tags("new-ann") == ["management"], "a harmless tag is given at once")
    check(s.mq.api("GET", "/api/whoami", identity=("new-ann", secret))[0] == 200, "…and the password is the same as before")
    check(call("user_add-tag", user="new-ann", tag="management")["code"] == "plan.no_change", "…and a second time there is nothing to do")
    read = call("user_read", user="new-ann")
    check(read["result"]["hasTags"] == [{"id": "management", "name": "management"}], "what is read shows the tag")
    check("password_hash" not in json.dumps(read), "…and no hash")
    undone = agent.call("exequatur__change_rollback", {"change": tagged["change"]})
    check(undone["status"] == "done" and s.tags("new-ann") == [], f"the tag is taken back by undoing it {undone.get('code')}")
    permitted = call("user_permit", user="new-ann", vhost="/", configure="^$", write="^orders$", read="^orders$")
    check(permitted["status"] in ("done", "staged"), f"permissions in the virtual host / are asked for {permitted.get('code')}")
    if permitted["status"] == "staged":
        approve(s, permitted["change"], "dana.moe", "farah.noor")
    check(s.permissions("new-ann") == {"configure": "^$", "write": "^orders$", "read": "^orders$"}, "…and given")
    forbidden = call("user_forbid", user="new-ann", vhost="/")
    check(forbidden["status"] == "done" and s.permissions("new-ann") is None, "…and taken")
    back = agent.call("exequatur__change_rollback", {"change": forbidden["change"]})
    if back["status"] == "staged":
        approve(s, back["change"], "dana.moe", "farah.noor")
    check(s.permissions("new-ann") == {"configure": "^$", "write": "^orders$", "read": "^orders$"}, f"…and put back as they were {back.get('code')}")
    deleted = call("user_delete", user="new-ann")
    check(deleted["status"] == "staged" and "new-ann" in s.users(), "a deletion waits for a person")
    approve(s, deleted["change"], "dana.moe")
    check("new-ann" not in s.users(), "…and is done then")


def etcd(s, agent, check):
    call = lambda tool, **arguments: agent.call(f"etcd__{tool}", arguments)
    done = call("user_create", user="new-bob")
    check(done["status"] == "done" and s.roles("new-bob") == [], f"etcd: a user is created {done.get('code')}")
    secret = s.world.cli("dana.moe", "changes", "secret", done["change"])[1].split()[-1]
    check(s.etcd.token("new-bob", secret) is not None, "…with a password that logs in")
    granted = call("user_grant-role", user="new-bob", role="reader")
    check(granted["status"] == "done" and s.roles("new-bob") == ["reader"], f"a role is given {granted.get('code')}")
    undone = agent.call("exequatur__change_rollback", {"change": granted["change"]})
    check(undone["status"] == "done" and s.roles("new-bob") == [], f"…and taken back by undoing it {undone.get('code')}")
    check(call("user_read", user="nobody")["status"] == "denied", "whoever is not there is like whoever may not be read")


def conflict(s, agent, check):
    agent.call("queues__user_create", {"user": "new-del"})
    change = agent.call("queues__user_delete", {"user": "new-del"})["change"]
    s.mq.api("DELETE", "/api/users/new-del")
    code, out, err = s.world.cli("dana.moe", "changes", "approve", change, check=False)
    check(code != 0, f"conflict: whom somebody else deleted meanwhile can't be deleted {out}{err}")
    agent.call("queues__user_create", {"user": "new-cid"})
    granted = agent.call("queues__user_add-tag", {"user": "new-cid", "tag": "management"})
    check(granted["status"] == "done", "a tag is given")
    s.mq.api("PUT", "/api/users/new-cid", {"password": "x", "tags": "monitoring"})
    back = agent.call("exequatur__change_rollback", {"change": granted["change"]})
    check(back["code"] in ("rollback.conflict", "plan.no_change"), f"what somebody else undid is not undone again {back.get('code')}")
    check(s.tags("new-cid") == ["monitoring"], "…and their tag stays")


def reach(s, agent, check):
    report = s.world.cli_json("dana.moe", "reach", "report")
    takers = {(t["who"], t["target"]) for t in report["takers"]}
    check(("queues/user/root", "queues/tag/administrator") in takers, "reach: who can take the administrator's tag")
    check(("etcd/user/root", "etcd/role/root") in takers, "…and the root role")
    agent.call("queues__user_create", {"user": "new-eve"})
    asked = agent.call("queues__user_add-tag", {"user": "new-eve", "tag": "administrator"})
    check(asked["status"] in ("staged", "denied") and s.tags("new-eve") == [], "a step that takes the tag is not the agent's alone")
    if asked["status"] == "staged":
        shown = s.world.cli_json("dana.moe", "changes", "show", asked["change"])
        check("queues/tag/administrator" in json.dumps(shown["assessment"]), "…and people see what it would take")
        approve(s, asked["change"], "dana.moe")
        check(s.tags("new-eve") == [], "one approval is not enough")
        approve(s, asked["change"], "farah.noor")
        check(s.tags("new-eve") == ["administrator"], "two of different teams are")
    agent.call("etcd__user_create", {"user": "new-fay"})
    asked = agent.call("etcd__user_grant-role", {"user": "new-fay", "role": "root"})
    check(asked["status"] in ("staged", "denied") and s.roles("new-fay") == [], "the root role is not the agent's to give")


def main():
    check, s = Checks(), Setting()
    try:
        with Agent(s.world.url, s.world.token("onboarder"), "auto") as agent:
            for name in ("queues", "etcd"):
                code, found, error = s.check_system(name)
                bad = [f for f in found if f["problem"]]
                check(code == 0 and len(found) > 10, f"system check {name}: {len(found)} things hold {bad}{error}")
            rabbit(s, agent, check)
            etcd(s, agent, check)
            conflict(s, agent, check)
            reach(s, agent, check)
            tried, through = attack.all(s, agent, check)
            heard = "".join(agent.heard)
        check(all(server.root[1] not in heard for server in (s.mq, s.etcd)), "no agent heard the shared account's password")
        log = (s.world.folder / "server.log").read_text()
        check(all(server.root[1] not in log for server in (s.mq, s.etcd)), "…nor does it stand in the log")
        hostile.all(s, check)
        wiki.all(check)
        crash.all(s, check)
        code, report = s.world.verify(s.world.keep_checkpoints("dana.moe"))
        check(code == 0, f"the logs verify {report.get('problems')}")
    finally:
        s.close()
    print(f"http: {check.total} checks, {len(check.failed)} failed; {tried} tries with the shared accounts, {through} successes")
    sys.exit(bool(check.failed))


if __name__ == "__main__":
    main()
