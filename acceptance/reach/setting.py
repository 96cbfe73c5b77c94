"""A slapd with a directory of one's own, a gateway on it, two agents, and people. All of it goes with `close`."""
import http.client
import json
import pathlib
import shutil
import sqlite3
import tempfile

import directory
import model
from slapd import Slapd
from world import World

AGENTS = ["hand-one", "hand-two"]
PEOPLE = {"dana": ["service-desk-leads"], "erik": ["service-desk-leads"], "farah": ["security"], "olga": []}

# No label, no approval: what is stopped is stopped by reach and the baseline.
FREE_HAND = """
@id("agents-do-all")
permit (
  principal in Exequatur::WorkloadGroup::"hands", action in [Exequatur::Action::"read", Exequatur::Action::"execute"],
  resource in Exequatur::System::"corp"
);

@id("people-see")
permit (principal is Exequatur::Person, action == Exequatur::Action::"view", resource == Exequatur::System::"exequatur")
unless { principal == Exequatur::Person::"olga" };
"""
APPROVERS = """
permit (principal in Exequatur::Team::"TEAM", action in Exequatur::Action::"approve", resource in Exequatur::System::"corp");
"""
TWO_TEAMS = "".join(APPROVERS.replace("TEAM", team) for team in ("service-desk-leads", "security"))


def code_of(answer):
    """The code of an answer, or of what stands in its place when the request could not even be decided."""
    return answer.get("code") or answer.get("error", {}).get("code")


def brief(answer):
    """An answer without its receipt, for a line of print."""
    return {key: value for key, value in answer.items() if key != "receipt"}


class Setting:
    def __init__(self, entries, links=(), approvers=True, attributes=None, **reach):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-reach-"))
        self.links, self.attributes, self.world, self.slapd = links, attributes, None, None
        try:
            (self.folder / "base.ldif").write_text(entries.ldif())
            self.slapd = Slapd(base=self.folder / "base.ldif").start()
            self.world = self.gateway(FREE_HAND + (TWO_TEAMS if approvers else ""), {"reread": 1, **reach})
            self.tokens = {agent: self.world.token(agent) for agent in AGENTS}
            self.world.start()
        except BaseException:
            self.close()
            raise

    def gateway(self, policy, reach):
        password = self.folder / "ldap.password"
        password.write_text("pw-gateway\n")
        password.chmod(0o600)
        workloads = {agent: {"owner": "olga", "groups": ["hands"]} for agent in AGENTS}
        world = World(policy, [directory.system(self.slapd, password, self.attributes)], PEOPLE, workloads)
        path = world.folder / "exequatur.yaml"
        links = [{"from": source, "relation": "manages", "to": end} for source, end in self.links]
        section = {"protected": [{"system": model.SYSTEM, "groups": ["admins"]}], **({"links": links} if links else {}), **reach}
        path.write_text(json.dumps({**json.loads(path.read_text()), "reach": section}))
        return world

    def close(self):
        if self.world:
            self.world.close()
        if self.slapd:
            self.slapd.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def restart(self, kill, meanwhile=lambda: None):
        self.world.stop(kill)
        meanwhile()
        self.world.start()

    # The agents

    def ask(self, agent, step, patience=30):
        return self.post(agent, f"/v1/systems/{model.SYSTEM}/operations/{step.operation}", {"input": step.input}, patience)

    def post(self, agent, path, body, patience=30):
        """(HTTP status, answer); (0, …) when none came."""
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + self.tokens[agent]}
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=patience)
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            return 0, {"status": "none", "code": str(error)}
        finally:
            connection.close()

    # People

    def what_if(self, step):
        given = [f"{key}={value}" for key, value in step.input.items()]
        return self.world.cli_json("dana", "reach", "what-if", model.SYSTEM, step.operation, *given)

    def report(self):
        return self.world.cli_json("dana", "reach", "report")["takers"]

    def shown(self, change):
        """What an approver is shown of the reach of a staged change."""
        return self.world.cli_json("dana", "changes", "show", change)["assessment"]["reach"]

    # The directory, and what is kept

    def facts(self, beside=None):
        return directory.read(self.slapd, beside) | frozenset(("manages", *link) for link in self.links)

    def edit(self, *lines):
        """Another hand in the directory: LDIF records, all in one go."""
        done = self.slapd.run("ldapmodify", self.slapd.root, ldif="\n".join(lines) + "\n")
        assert done.returncode == 0, f"ldapmodify: {done.stderr} {lines}"

    def entries(self, log, kind):
        """The bodies of a log's entries of a kind, oldest first."""
        database = sqlite3.connect(f"file:{self.world.state}/exequatur.sqlite?mode=ro", uri=True, timeout=10)
        try:
            rows = database.execute("SELECT bytes FROM log_entry WHERE log = ? ORDER BY position", (log,)).fetchall()
            blobs = {digest: body for digest, body in database.execute("SELECT digest, bytes FROM log_blob")}
        finally:
            database.close()
        found = [entry for entry in (json.loads(row[0]) for row in rows) if entry["kind"] == kind]
        # A long body stands beside its entry.
        return [entry["body"] if "body" in entry else json.loads(blobs[entry["blob"]["digest"]]) for entry in found]

    def log_size(self):
        return (self.world.folder / "server.log").stat().st_size

    def logged(self, since=0):
        """The gateway's last words since then."""
        with open(self.world.folder / "server.log", "rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace").splitlines()[-6:]

    def entry_id(self, node):
        """How the graph calls an entry: by its immutable id."""
        found = self.slapd.search(self.slapd.root, directory.dn(node), "(objectClass=*)", "entryUUID", scope="base")
        return f"{model.SYSTEM}:{node.split('/')[1]}:{found[0][1]['entryUUID'][0]}"
