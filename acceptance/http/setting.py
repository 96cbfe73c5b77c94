"""Both servers, behind one gateway."""
import json
import subprocess

from etcd import Etcd
from rabbitmq import RabbitMQ
from world import BINARY, ROOT, World

PEOPLE = {"dana.moe": ["operations"], "farah.noor": ["security"], "olga": ["operations"]}
WORKLOADS = {
    "onboarder": {"owner": "olga", "groups": ["onboarding"]},
    "other": {"owner": "olga", "groups": []},
}

# The onboarder may create users, give them harmless tags and roles, and nothing else: with accounts that could do everything.
POLICY = """
@id("onboarder-reads")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action in [Exequatur::Action::"read"],
  resource
);
@id("onboarder-creates-in-rabbitmq")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action == RabbitMQ::Action::"execute:user.create",
  resource
) when { context.input.user like "new-*" && context.lease == "shared" };
@id("onboarder-creates-in-etcd")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action == Etcd::Action::"execute:user.create",
  resource
) when { context.input.user like "new-*" && context.lease == "shared" };
@id("onboarder-tags")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action in [RabbitMQ::Action::"execute:user.add-tag", RabbitMQ::Action::"execute:user.remove-tag",
    RabbitMQ::Action::"execute:user.permit", RabbitMQ::Action::"execute:user.forbid"],
  resource
) when { resource.name like "new-*" };
@id("onboarder-grants-roles")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action in [Etcd::Action::"execute:user.grant-role", Etcd::Action::"execute:user.revoke-role"],
  resource
) when { resource.name like "new-*" };
@id("deletions-are-approved")
permit (
  principal in Exequatur::WorkloadGroup::"onboarding",
  action == RabbitMQ::Action::"execute:user.delete",
  resource
) when { resource.name like "new-*" && context.approvals.count >= 1 };
@id("people")
permit (principal is Exequatur::Person, action, resource);
"""


class Setting:
    def __init__(self):
        self.mq, self.etcd = RabbitMQ().start(), Etcd().start()
        self.etcd.call("auth/role/add", {"name": "reader"}, self.etcd.token())
        systems = [
            {"name": "queues", "kind": "http", "url": self.mq.url, "catalogue": str(ROOT / "examples/http/rabbitmq.yaml"),
             "credentials": {"kind": "basic", "user": "root", "passwordFile": "mq.password"},
             "labels": [{"label": "tier-0", "entries": ["tag/administrator", "tag/impersonator", "user/root"]}]},
            {"name": "etcd", "kind": "http", "url": self.etcd.url, "catalogue": str(ROOT / "examples/http/etcd.yaml"),
             "credentials": {"kind": "session", "user": "root", "passwordFile": "etcd.password", "token": "/token",
                             "login": {"method": "POST", "path": "/v3/auth/authenticate",
                                       "json": {"name": "{user}", "password": "{password}"}}},
             "labels": [{"label": "tier-0", "entries": ["role/root", "user/root"]}]},
        ]
        self.world = World(POLICY, systems, PEOPLE, WORKLOADS, gateway="declared")
        for name, server in (("mq", self.mq), ("etcd", self.etcd)):
            path = self.world.folder / f"{name}.password"
            path.write_text(server.root[1])
            path.chmod(0o600)
        try:
            self.world.start(patience=60)
        except BaseException:
            self.close()
            raise

    # What is really so, asked as another administrator would.

    def tags(self, user):
        status, answer = self.mq.api("GET", f"/api/users/{user}")
        return sorted(answer["tags"]) if status == 200 else None

    def permissions(self, user):
        status, answer = self.mq.api("GET", f"/api/permissions/%2F/{user}")
        return {key: answer[key] for key in ("configure", "write", "read")} if status == 200 else None

    def users(self):
        return sorted(user["name"] for user in self.mq.api("GET", "/api/users")[1])

    def roles(self, user):
        status, answer = self.etcd.call("auth/user/get", {"name": user}, self.etcd.token())
        return sorted(answer.get("roles", [])) if status == 200 else None

    def close(self):
        for part in (self.world, self.mq, self.etcd):
            part.close()

    def check_system(self, name):
        done = subprocess.run([BINARY, "system", "check", name, "--config", self.world.folder / "exequatur.yaml", "--json"],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout or "[]"), done.stderr
