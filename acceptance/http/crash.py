"""The gateway is killed at each step of a write with a shared account; nothing is done twice, and what can't be told is for a person."""
from agent import Agent

# Not `plan`: whatever waits is planned at the start.
POINTS = ["request", "decision", "intent", "leased", "observed", "revoked", "outcome"]


def all(s, check):
    s.world.stop()
    for number, point in enumerate(POINTS):
        user = f"new-crash-{number}"
        s.world.start(failpoint=point, patience=60)
        try:
            with Agent(s.world.url, s.world.token("onboarder"), "auto") as agent:
                agent.call("queues__user_create", {"user": user})
        except Exception:  # the connection ends with the gateway
            pass
        if s.world.process.poll() is None:
            s.world.stop(kill=True)
        s.world.log.close()
        s.world.start(patience=60)
        found = [c for c in s.world.cli_json("dana.moe", "changes", "--state", "all")["changes"] if user in c["sentence"]]
        state, there = (found[0]["state"] if found else None), user in s.users()
        expected = {True: ("executed", "indeterminate"), False: (None, "proposed", "failed", "indeterminate", "void")}[there]
        check(state in expected and len(found) <= 1, f"killed at {point}: {'done' if there else 'not done'}, and the change is {state}")
        if state == "indeterminate":
            settle(s, check, found[0], there)
        s.world.stop()
    s.world.start(patience=60)


def settle(s, check, change, there):
    because = s.world.cli_json("dana.moe", "changes", "show", change["id"]).get("because", "")
    check(("is present" if there else "is absent") in because, f"…people see what was read afterwards: {because}")
    own = s.world.cli("olga", "changes", "settle", change["id"], "--as", "executed", check=False)
    check(own[0] != 0, "…who answers for the agent can't settle it")
    outcome = "executed" if there else "failed"
    s.world.cli("dana.moe", "changes", "settle", change["id"], "--as", outcome)
    after = {c["id"]: c["state"] for c in s.world.cli_json("dana.moe", "changes", "--state", "all")["changes"]}
    check(after[change["id"]] == outcome, f"…a person settles it as {outcome}")
    check(s.world.cli("farah.noor", "changes", "settle", change["id"], "--as", "failed", check=False)[0] != 0, "…once")
