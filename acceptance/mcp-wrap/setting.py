"""Seven servers behind one gateway: one with every feature in four guises, git, a clock, and AWS's for IAM."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import upstream as up
from world import ROOT, World, free_port, wait_until

PEOPLE = {"dana.moe": ["operations"], "farah.noor": ["security"], "olga": ["operations"], "hugo": ["operations"]}
WORKLOADS = {"bot": {"owner": "olga", "groups": ["helpers"]}, "stranger": {"owner": "olga", "groups": []}}
BIN = ROOT / ".venv/bin"

POLICY = """
@id("helpers-read")
permit (principal in Exequatur::WorkloadGroup::"helpers", action in Exequatur::Action::"read", resource);
@id("no-reading-of-heidi")
forbid (principal is Exequatur::Workload, action in Exequatur::Action::"read", resource is Web::User)
when { resource.name == "heidi" };
@id("helpers-give-and-take-roles")
permit (
  principal in Exequatur::WorkloadGroup::"helpers",
  action in [Web::Action::"execute:grant_role", Web::Action::"execute:revoke_role"],
  resource
) unless { resource.name == "erin" };
@id("erin-needs-a-word")
permit (
  principal in Exequatur::WorkloadGroup::"helpers",
  action in [Web::Action::"execute:grant_role", Web::Action::"execute:revoke_role"],
  resource
) when { resource.name == "erin" && context.approvals.count >= 1 };
@id("keys-need-a-word")
permit (
  principal in Exequatur::WorkloadGroup::"helpers",
  action == Web::Action::"execute:create_key",
  resource
) when { context.approvals.count >= 1 };
@id("helpers-propose")
permit (
  principal in Exequatur::WorkloadGroup::"helpers",
  action in [Every::Action::"execute:grant_role", Every::Action::"propose:grant_role"],
  resource
);
@id("helpers-propose-in-git")
permit (
  principal in Exequatur::WorkloadGroup::"helpers",
  action in [Git::Action::"execute:git_add", Git::Action::"propose:git_add"],
  resource
);
@id("helpers-in-iam")
permit (
  principal in Exequatur::WorkloadGroup::"helpers",
  action in [Iam::Action::"execute:add_user_to_group", Iam::Action::"execute:remove_user_from_group"],
  resource
) unless { resource.name == "root-admin" };
@id("people")
permit (principal is Exequatur::Person, action, resource);
"""

# What a person says of the tools of the server with every feature.
FIXTURES = [
    "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource", "test_multiple_content_types",
    "test_error_handling", "test_structured_output", "test_tool_with_progress", "json_schema_2020_12_tool", "test_x_mcp_header",
    "list_users", "list_grants", "get_user", "test_logging_tool", "test_sampling", "test_elicitation", "test_list_roots", "test_slow",
    "shifting_tool", "test_trigger_definition_change", "test_trigger_tool_change", "test_missing_capability", "greet",
    "test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums", "test_reconnection", "test_streaming_elicitation",
]
RESOURCES = {"static-text": "test://static-text", "static-binary": "test://static-binary"}
PROMPTS = ["test_simple_prompt", "test_prompt_with_arguments", "test_prompt_with_embedded_resource", "test_prompt_with_image"]


def reads(found, keeps_uris):
    """All that only reads, as it is."""
    said = {name: {"access": "read"} for name in FIXTURES if name in found}
    if not keeps_uris:
        return said
    said.update({name: {"as": f"resource-test-{name}", "resource": uri, "access": "read"} for name, uri in RESOURCES.items()})
    said["template-data"] = {"as": "template-test-template-id-data", "template": "test://template/{id}/data", "access": "read"}
    said.update({name: {"as": "prompt-" + name.replace("_", "-"), "prompt": name, "access": "read"} for name in PROMPTS})
    return said


def page(name):
    """The catalogue of that system: on the page of the kind, or an example of its own. It is written without pins: those are the
    import's."""
    example = ROOT / f"examples/mcp/{name}.yaml"
    if example.exists():
        return example.read_text()
    text = (ROOT / "docs/connectors/mcp.md").read_text()
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    return next(block for block in blocks if block.startswith(f"# {name}\n"))


class Setting:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-mcp-"))
        self.parts = []
        try:
            self.begin()
        except BaseException:
            self.close()
            raise

    def begin(self):
        state = lambda name: str(self.folder / f"{name}-state.json")
        self.web = self.keep(up.everything(state("web"), token="sesame"))
        self.webold = self.keep(up.everything(state("webold"), era="2025"))
        self.moto()
        self.repository()
        everything = [up.PYTHON, up.EVERYTHING, "stdio"]
        self.systems = [
            up.over_stdio("every", everything, {"EVERYTHING_STATE": state("every")}),
            up.over_stdio("everyold", everything, {"EVERYTHING_STATE": state("everyold"), "EVERYTHING_ERA": "2025"}),
            up.over_http("web", self.web.url, credentials={"kind": "bearer", "tokenFile": "web.token"},
                         labels=[{"label": "tier-0", "entries": ["role/admin"]}]),
            up.over_http("webold", self.webold.url),
            up.over_stdio("git", [str(BIN / "mcp-server-git"), "--repository", str(self.repo)],
                          {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}),
            up.over_stdio("clock", [str(BIN / "mcp-server-time"), "--local-timezone", "UTC"]),
            up.over_stdio("iam", [str(BIN / "awslabs.iam-mcp-server"), "--allow-write"], {
                "AWS_ENDPOINT_URL": self.aws, "AWS_ACCESS_KEY_ID": "testing", "AWS_DEFAULT_REGION": "us-east-1"},
                secrets={"AWS_SECRET_ACCESS_KEY": "aws.secret"},
                labels=[{"label": "tier-0", "entries": ["group/admins"]}]),
        ]
        self.world = self.keep(World(POLICY, self.systems, PEOPLE, WORKLOADS, gateway="wrapped"))
        configuration = self.world.folder / "exequatur.yaml"
        told = json.loads(configuration.read_text())
        told["listen"]["origins"] = [self.world.url]
        configuration.write_text(json.dumps(told, indent=1))
        for name, text in (("web.token", "sesame"), ("aws.secret", "testing")):
            path = self.world.folder / name
            path.write_text(text)
            path.chmod(0o600)
        self.found = {system["name"]: up.imported(self.world.folder, system["name"]) for system in self.systems}

    def keep(self, part):
        self.parts.append(part)
        return part

    def classify(self):
        folder, found = self.world.folder, self.found
        for name, namespace in (("every", "Every"), ("everyold", "Everyold"), ("webold", "Webold")):
            operations = reads(found[name], name == "everyold")
            operations["grant_role"] = {"access": "write", "effects": [{"opaque": True}], "phrase": "Give the role {role} to {user}"}
            operations["create_key"] = {"access": "unclassified"}
            up.classify(folder, name, {"namespace": namespace, "kinds": {}, "operations": operations}, found[name])
        for name in ("web", "git", "clock", "iam"):
            self.from_page(name)

    def from_page(self, name):
        text = re.sub(r"PIN:([A-Za-z0-9_]+)", lambda found: self.found[name][found[1]]["pinned"], page(name))
        (self.world.folder / f"{name}.yaml").write_text(text)

    def state(self, name):
        return json.loads((self.folder / f"{name}-state.json").read_text())

    # MARK: What is behind

    def repository(self):
        self.repo = self.folder / "repo"
        self.repo.mkdir()
        for arguments in (["init", "-q", "-b", "main"], ["config", "user.name", "Ann"], ["config", "user.email", "ann@example.org"]):
            subprocess.run(["git", *arguments], cwd=self.repo, check=True)
        (self.repo / "a.txt").write_text("one\n")
        subprocess.run(["git", "add", "."], cwd=self.repo, check=True)
        subprocess.run(["git", "commit", "-qm", "first"], cwd=self.repo, check=True)
        (self.repo / "b.txt").write_text("two\n")

    def moto(self):
        port = free_port()
        self.aws = f"http://127.0.0.1:{port}"
        process = up.Upstream([str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], port,
                              {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"})
        self.keep(process)
        os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")
        import boto3
        self.boto = boto3.client("iam", endpoint_url=self.aws)
        for user in ("ann", "bob", "root-admin"):
            self.boto.create_user(UserName=user)
        for group in ("readers", "admins"):
            self.boto.create_group(GroupName=group)
        self.boto.add_user_to_group(GroupName="admins", UserName="root-admin")

    def groups(self, user):
        return sorted(group["GroupName"] for group in self.boto.list_groups_for_user(UserName=user)["Groups"])

    def close(self):
        for part in reversed(self.parts):
            part.close()
        shutil.rmtree(self.folder, ignore_errors=True)
