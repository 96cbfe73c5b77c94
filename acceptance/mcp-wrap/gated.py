"""What changes something is decided, approved, done once, read back, and can be undone."""
import json

from agent import Agent
from transparent import raw
import raw_http


def roles(s, user):
    return sorted(grant["role"] for grant in s.state("web")["grants"] if grant["user"] == user)


def approve(s, change, *people):
    for person in people:
        s.world.cli(person, "changes", "approve", change)


def all(s, check):
    with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
        granted(s, agent, check)
        staged(s, agent, check)
        keys(s, agent, check)
        hidden(s, agent, check)
        unread(s, agent, check)
        heard = "".join(agent.heard)
    check("sesame" not in heard and "made-up-" not in heard, "no agent heard the server's token or a key")
    log = (s.world.folder / "server.log").read_text()
    check("sesame" not in log and "made-up-" not in log, "…nor does any of it stand in the log")
    calls = s.state("web")["calls"]
    check(all_own(calls), "the agents' tokens never arrived at the server")


def all_own(calls):
    return all_true(call["headers"].get("authorization") in (None, "Bearer sesame") for call in calls if "headers" in call)


def all_true(values):
    return not any(not value for value in values)


def granted(s, agent, check):
    result = raw(agent, "web__grant_role", {"user": "dave", "role": "reader"})
    check(not result["error"] and result["structured"]["changed"] is True and roles(s, "dave") == ["reader"], "a role is given, and the tool's answer comes back")
    own = result["meta"]["org.exequatur/answer"]
    check(own["status"] == "done" and own["receipt"]["log"] == "actions", "…with the gateway's word and receipt beside it")
    again = agent_json(raw(agent, "web__grant_role", {"user": "dave", "role": "reader"}))
    check(again["code"] == "plan.no_change", "…and a second time there is nothing to do")
    undone = agent.call("exequatur__change_rollback", {"change": own["change"]})
    check(undone["status"] == "done" and roles(s, "dave") == [], f"undoing it takes the role back {undone}")
    check(sum(call["tool"] == "grant_role" for call in s.state("web")["calls"]) == 1, "each was done once")
    code, found, error = check_system(s, "web")
    bad = [f for f in found if f["problem"]]
    check(code == 0, f"system check web: {len(found)} things hold {bad}{error}")
    absent = agent_json(raw(agent, "web__grant_role", {"user": "nobody", "role": "reader"}))
    check(absent["status"] == "denied", "whoever is not there is like whoever may not be changed")


def agent_json(result):
    return result["structured"]


def check_system(s, name):
    import subprocess
    from world import BINARY
    done = subprocess.run([BINARY, "system", "check", name, "--config", s.world.folder / "exequatur.yaml", "--json"],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout or "[]"), done.stderr


def staged(s, agent, check):
    result = raw(agent, "web__grant_role", {"user": "erin", "role": "writer"}, meta={"org.exequatur/justification": "for the audit"})
    check(result["error"] and agent_json(result)["status"] == "staged" and roles(s, "erin") == [], "where policy wants a person's word, it waits")
    change = agent_json(result)["change"]
    waiting = {one["id"]: one["sentence"] for one in s.world.cli_json("dana.moe", "changes", "list")["changes"]}
    check("give erin the role writer" in waiting[change].lower(), f"people see what it would do, in words: {waiting[change]}")
    approve(s, change, "dana.moe")
    check(roles(s, "erin") == ["writer"], "…and it is done once somebody has approved")
    later = status(agent, change)
    check(later["result"]["structuredContent"]["grant"]["user"] == "erin" and later["untrusted"] is True, "the agent gets the tool's answer when it asks")
    # The administrator's role is a takeover, whoever asks.
    asked = agent_json(raw(agent, "web__grant_role", {"user": "dave", "role": "admin"}))
    check(asked["status"] in ("staged", "denied") and roles(s, "dave") == [], "the administrator's role is not the agent's to give")
    if asked["status"] == "staged":
        approve(s, asked["change"], "dana.moe")
        check(roles(s, "dave") == [], "…one approval is not enough")
        approve(s, asked["change"], "farah.noor")
        check(roles(s, "dave") == ["admin"], "…two of different teams are")
    report = s.world.cli_json("dana.moe", "reach", "report")
    takers = {(t["who"], t["target"]) for t in report["takers"]}
    check(("web/user/dave", "web/role/admin") in takers, f"reach: who can take the administrator's role {sorted(takers)[:5]}")


def status(agent, change):
    async def ask():
        return await agent._client.call_tool("exequatur__change_status", {"change": change})
    return agent._portal.call(ask).structured_content


def keys(s, agent, check):
    asked = agent_json(raw(agent, "web__create_key", {"user": "grace"}))
    check(asked["status"] == "staged", f"a key waits for a person {asked}")
    approve(s, asked["change"], "dana.moe")
    if asked["status"] == "staged" and s.state("web")["keys"] == []:
        approve(s, asked["change"], "farah.noor")
    check(len(s.state("web")["keys"]) == 1, "…and is made")
    told = status(agent, asked["change"])
    agent.heard.append(json.dumps(told))
    check(told["status"] == "done" and "result" not in told, "the agent is told that it is done, and nothing of it")
    secret = s.world.cli("dana.moe", "changes", "secret", asked["change"])[1]
    check("made-up-" in secret, "a person is shown it, once")


def hidden(s, agent, check):
    seen = raw(agent, "web__get_user", {"user": "alice"})
    check(seen["structured"]["name"] == "alice", "an entity's own answer passes where it may be read")
    for user in ("heidi", "nobody"):
        check(agent_json(raw(agent, "web__get_user", {"user": user}))["code"] == "denied", f"{user}: denied, there or not")


def unread(s, agent, check):
    """Nobody can tell what a step makes possible where nothing is read: agents propose only, whatever policy permits."""
    asked = agent_json(raw(agent, "every__grant_role", {"user": "frank", "role": "reader"}))
    check(asked["code"] == "staged.adoption" and s.state("every")["keys"] == [], "on a server that is not read, an agent that may execute only proposes")
    before = [g for g in s.state("every")["grants"] if g["user"] == "frank"]
    s.world.cli("dana.moe", "changes", "adopt", asked["change"])
    approve_what_waits(s, asked["change"])
    after = [g for g in s.state("every")["grants"] if g["user"] == "frank"]
    check(not before and len(after) == 1, f"…and a person makes it their own {status(agent, asked['change'])}")
    asked = agent_json(raw(agent, "git__git_add", {"repo_path": str(s.repo), "files": ["b.txt"]}))
    check(asked.get("code") == "staged.adoption", f"git: to add a file is proposed {asked}")
    s.world.cli("dana.moe", "changes", "adopt", asked["change"])
    approve_what_waits(s, asked["change"])
    import subprocess
    check("A  b.txt" in subprocess.run(["git", "status", "--short"], cwd=s.repo, capture_output=True, text=True).stdout, "…and done once adopted")


def approve_what_waits(s, change):
    for person in ("hugo", "farah.noor"):
        shown = s.world.cli_json("dana.moe", "changes", "show", change)
        if shown["state"] == "proposed":
            s.world.cli(person, "changes", "approve", change, check=False)
