"""An agent that may do one thing, with an account that could do everything."""

NAMES = [
    "../vhosts", "..", ".", "new-x/../../users/root", "new-x%2f..%2froot", "new-x?x=1", "new-x#", "new-x\r\nX: y", "new-x\n",
    "//evil.example/", "http://evil.example", "new-x;y", "new-x\u2215root", "new-x\uff0froot", "new-x\u0000", "new-x root", "%2e%2e",
    "new-x\\..\\root", "new-x{user}", "{current /password_hash}", "new-\u0430", "new-x\u202e", "", " new-x", "new-x" * 40,
]


def all(s, agent, check):
    before = (s.users(), {user: s.tags(user) for user in s.users()}, s.roles("root"), s.mq.api("GET", "/api/vhosts?columns=name")[1])
    tries = []

    def attempt(tool, **arguments):
        answer = agent.call(tool, arguments)
        tries.append((tool, arguments, answer["status"], answer.get("code")))
        return answer

    for name in NAMES:
        attempt("queues__user_create", user=name)
        attempt("queues__user_add-tag", user=name, tag="management")
        attempt("etcd__user_grant-role", user=name, role="reader")
    for tag in ("administrator", "administrator,management", "Administrator", "../administrator", "impersonator"):
        attempt("queues__user_add-tag", user="root", tag=tag)
        attempt("queues__user_add-tag", user="new-cid", tag=tag)
    for user in ("root", "guest"):
        attempt("queues__user_remove-tag", user=user, tag="administrator")
        attempt("queues__user_delete", user=user)
        attempt("queues__user_reset-password", user=user)
        attempt("etcd__user_reset-password", user=user)
        attempt("etcd__user_revoke-role", user=user, role="root")
        attempt("queues__user_permit", user=user, vhost="/", configure=".*", write=".*", read=".*")
    attempt("queues__user_add-tag", user="new-cid", tag="management", method="DELETE")
    attempt("queues__user_create", user="new-extra", tags=["administrator"])
    attempt("queues__user_create", user={"$input": "root"})
    attempt("queues__vhost_delete", vhost="/")
    attempt("queues__user_permit", user="new-cid", vhost="/", configure='","tags":"administrator', write="^$", read="^$")
    # Only what was allowed may have come about; what was allowed is taken out of the comparison.
    allowed = {tool_arguments["user"] for tool, tool_arguments, status, _ in tries
               if status == "done" and tool.endswith("user_create")}
    after = (s.users(), {user: s.tags(user) for user in s.users()}, s.roles("root"), s.mq.api("GET", "/api/vhosts?columns=name")[1])
    through = [t for t in tries if t[2] == "done" and t[3] != "plan.no_change" and not str(t[1].get("user", "")).startswith("new-cid")]
    check(len(tries) >= 50, f"{len(tries)} tries")
    check(not through and not allowed, f"none does anything but the one granted thing {through}")
    check({k: v for k, v in after[1].items() if not k.startswith("new-")} == {k: v for k, v in before[1].items() if not k.startswith("new-")},
          "nobody else has other tags")
    check([u for u in after[0] if not u.startswith("new-")] == [u for u in before[0] if not u.startswith("new-")] and after[2:] == before[2:],
          "nobody else came or went, and the root role is where it was")
    check("administrator" not in (s.tags("new-cid") or []), "nobody got the administrator's tag")
    return len(tries), len(through)
