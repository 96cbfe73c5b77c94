"""AWS's own server for IAM, against moto: one shared account, and a group that nobody's agent gives."""
from agent import Agent
from gated import agent_json, approve, check_system, status
from transparent import raw


def all(s, check):
    code, found, error = check_system(s, "iam")
    bad = [f for f in found if f["problem"]]
    check(code == 0, f"system check iam: {len(found)} things hold {bad}{error}")
    with Agent(s.world.url, s.world.token("bot"), "auto") as agent:
        users = raw(agent, "iam__list_users", {})
        check({user["user_name"] for user in users["structured"]["users"]} == {"ann", "bob", "root-admin"}, "IAM's users are listed, without the argument that means nothing")
        done = raw(agent, "iam__add_user_to_group", {"user_name": "ann", "group_name": "readers"})
        check(not done["error"] and s.groups("ann") == ["readers"], f"a user is added to a group at once {done['structured']}")
        change = done["meta"]["org.exequatur/answer"]["change"]
        undone = agent.call("exequatur__change_rollback", {"change": change})
        check(undone["status"] == "done" and s.groups("ann") == [], f"…and taken out again by undoing it {undone}")
        asked = agent_json(raw(agent, "iam__add_user_to_group", {"user_name": "ann", "group_name": "admins"}))
        check(asked["status"] in ("staged", "denied") and s.groups("ann") == [], f"the administrators' group is not the agent's to give {asked['code']}")
        if asked["status"] == "staged":
            approve(s, asked["change"], "dana.moe", "farah.noor")
            check(s.groups("ann") == ["admins"], "…two people of different teams may")
            s.boto.remove_user_from_group(UserName="ann", GroupName="admins")
        for arguments in ({"user_name": "ann", "group_name": "readers", "confirmed": False}, {"user_name": "ann", "group_name": "readers", "x": 1}):
            refused = agent_json(raw(agent, "iam__add_user_to_group", arguments))
            check(refused["status"] == "failed" and refused["code"].startswith("input."), f"what the catalogue says always can't be chosen {refused['code']}")
        check(agent_json(raw(agent, "iam__get_user", {"user_name": "nobody"}))["code"] == "denied", "a user who is not there")
        check(agent.call("iam__create_access_key", {"user_name": "ann"})["code"] == "input.unknown_tool", "what nobody classified is not there")
    takers = {(t["who"], t["target"]) for t in s.world.cli_json("dana.moe", "reach", "report")["takers"]}
    check(("iam/user/root-admin", "iam/group/admins") in takers, "reach: who can take the administrators' group")
