"""The whole story, on any system with users and groups: an agent asks, policy decides, people act, all is on record.

Each scene is a function of a `Story`; each check is a line of output. `play` runs them in an order that lets later
scenes rely on what earlier ones left.
"""
import json
import subprocess

import scenes_audit
import scenes_changes
import scenes_lifecycle
import scenes_people
import scenes_read
from agent import Agent
from people import PersonSession
from world import BINARY

SCENES = [
    scenes_read.discovery, scenes_read.reading, scenes_read.searching, scenes_read.nested, scenes_read.eras,
    scenes_changes.small, scenes_changes.idempotency, scenes_changes.attributes, scenes_people.approved,
    scenes_people.refused, scenes_people.stale, scenes_people.proposed, scenes_people.protected,
    scenes_changes.membership, scenes_changes.conflicts, scenes_lifecycle.create_and_remove,
    scenes_lifecycle.create_and_disable, scenes_lifecycle.password, scenes_lifecycle.locks, scenes_lifecycle.task_end,
    scenes_people.two_teams, scenes_audit.secrets_stay_away, scenes_audit.verify, scenes_audit.show,
]


class Story:
    """What the scenes share. `world` runs the gateway, `cast` names names, `effect` looks behind its back."""

    def __init__(self, world, cast, effect, mode, check):
        self.world, self.cast, self.effect, self.mode, self.check = world, cast, effect, mode, check
        self.agents, self.secrets, self.prompts, self.notes = [], [], [], {}
        self.desk = self.agent()

    def agent(self, workload="desk-agent", mode=None):
        """A connection with a token, and so a task, of its own."""
        agent = Agent(self.world.url, self.world.token(workload), mode or self.mode)
        self.agents.append(agent)
        return agent

    def close(self):
        for agent in self.agents:
            agent.close()

    def play(self):
        for scene in SCENES:
            print(f" {self.mode}: {scene.__module__.removeprefix('scenes_')}, {scene.__name__.replace('_', ' ')}", flush=True)
            try:
                scene(self)
            except Exception as error:  # one broken scene must not hide the others
                self.check(False, f"{scene.__name__} came to its end: {type(error).__name__}: {str(error)[:300]}")

    # -- the agent

    def ask(self, operation, agent=None, prompt=None, key=None, **arguments):
        """Calls the system's tool of that operation."""
        if prompt:
            self.prompts.append(prompt)
        tool = f"{self.cast.system}__{operation.replace('.', '_', 1)}"
        return (agent or self.desk).call(tool, arguments, prompt, key)

    def status(self, change, agent=None):
        return (agent or self.desk).call("exequatur__change_status", {"change": change})

    def rollback(self, change, agent=None):
        return (agent or self.desk).call("exequatur__change_rollback", {"change": change})

    def staged(self, answer, what, wait="approval"):
        """Checks that the answer is a staged change, and gives its id."""
        held = answer["status"] == "staged" and answer["code"] == f"staged.{wait}"
        self.check(held, f"{what}: staged, waits for {'adoption' if wait == 'adoption' else 'approval'}" + ("" if held else f", not {answer}"))
        return answer.get("change", "chg-none")

    def done(self, answer, what):
        held = answer["status"] == "done" and "receipt" in answer
        return self.check(held, what + ("" if held else f", but {answer}"))

    def is_code(self, answer, code, what):
        return self.check(answer["code"] == code, f"{what} [{code}]" + ("" if answer["code"] == code else f", but {answer}"))

    # -- people

    def person(self, person, *arguments):
        """(succeeded, everything that was printed, an error last)"""
        code, out, err = self.world.cli(person, *arguments, check=False)
        return code == 0, out + err

    @staticmethod
    def but(succeeded, text):
        """The end of a check's line: nothing, or the last line that was printed."""
        return "" if succeeded else f", but {text.strip().splitlines()[-1:]}"

    def approve(self, change, *people):
        for person in people or ["dana"]:
            self.world.cli(person, "changes", "approve", change)

    def says_no(self, person, arguments, code, what):
        """The person's command must fail, with that code."""
        succeeded, text = self.person(person, *arguments)
        held = not succeeded and f"[{code}]" in text
        return self.check(held, f"{what} [{code}]" + ("" if held else self.but(False, text)))

    def session(self, person):
        return PersonSession(self.world, person)

    def change(self, change):
        return self.world.cli_json("dana", "changes", "show", change)

    def changes(self):
        """Every change, by id."""
        return {change["id"] for change in self.world.cli_json("dana", "changes", "list", "--state", "all")["changes"]}

    # -- the record

    def audit(self, change, *options):
        arguments = [BINARY, "audit", "show", change, "--state", self.world.state, *options]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True).stdout

    def entries(self, change):
        """The log entries about a change, oldest first."""
        return [json.loads(line) for line in self.audit(change, "--json").splitlines()]

    def statements(self, change):
        """The signed statements on a change, as the log has them: what a thief of the log could send again."""
        bodies = [entry["body"] for entry in self.entries(change) if entry["kind"] == "approval"]
        return [(body["statement"], body["signature"]) for body in bodies]


def play(world, cast, effect, check, mode):
    """Plays everything once, in one mode of the client; the scene on eras uses all of them."""
    story = Story(world, cast, effect, mode, check)
    try:
        story.play()
    finally:
        story.close()
