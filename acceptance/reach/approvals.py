"""A step that gains waits for two teams; the agent is told nothing of why."""
import json

import model
import steps
from agent import MODES, Agent
from directory import Directory
from setting import AGENTS, Setting, brief, code_of


def entries():
    found = Directory()
    for name in ("eve", "fay", "gus"):
        found.user(name)
    found.add(model.TARGET, "member", found.group("keepers"))
    found.group("desk")
    return found


KEEPERS = model.group("keepers")
# What an agent must not be told: who decides, what for, and by which way. Its own input it knows.
HIDDEN = ["admins", "keepers", "root0", "root1", "dana", "erik", "farah", "olga", "service-desk-leads", "security", "baseline",
          "takeover", "reach", "distinct", "corp/", "member of", "path", "policy", "policies"]


def run(check):
    with Setting(entries()) as s:
        two_teams(s, check)
        in_words(s, check)
        refused(s, check)
    with Setting(entries(), approvers=False) as s:
        status, answer = s.ask(AGENTS[0], steps.joining(KEEPERS, model.user("eve")))
        check((status, answer.get("status")) == (403, "denied"), f"without anybody who could approve it is denied [{status} {answer}]")
        told_nothing(json.dumps(answer), check, "a denied agent")


def told_nothing(heard, check, who):
    told = [word for word in HIDDEN if word in heard.lower()]
    check(not told, f"{who} is told of no way, no target, no approver" + (f": {told} in {heard}" if told else ""))


def waits(s, change, facts, check, what):
    shown = s.world.cli_json("dana", "changes", "show", change)
    held = shown["state"] == "proposed" and s.facts() == facts
    check(held, what + ("" if held else f": {shown['state']}, {s.logged()}"))
    return shown


def approve(s, person, change, check):
    code, out, err = s.world.cli(person, "changes", "approve", change, check=False)
    check(code == 0, f"{person} approves" + ("" if code == 0 else f": {out}{err}"))


def two_teams(s, check):
    step = steps.joining(KEEPERS, model.user("eve"))
    facts, after = s.facts(), step.after(s.facts())
    with Agent(s.world.url, s.tokens[AGENTS[0]], MODES[0]) as agent:
        answer = agent.call("corp__group_add-member", step.input, prompt="She is new here.")
        held = answer.get("code") == "staged.approval"
        if not check(held, "a step that gains is staged" + ("" if held else f", not {brief(answer)}; {s.logged()}")):
            return
        change = answer["change"]
        shown = waits(s, change, facts, check, "nothing is done")
        check("two" in json.dumps(shown.get("needs", "")).lower() or bool(shown.get("eligible")),
              f"people see what it needs: {shown.get('needs')}, of {shown.get('eligible')}")
        approve(s, "dana", change, check)
        waits(s, change, facts, check, "one approver is not enough")
        approve(s, "erik", change, check)
        waits(s, change, facts, check, "two of one team are not enough")
        agent.call("exequatur__change_status", {"change": change})
        approve(s, "farah", change, check)
        answer = agent.call("exequatur__change_status", {"change": change})
        check(answer["status"] == "done" and s.facts() == after, f"with another team it runs [{answer['code']}]")
        told_nothing("".join(agent.heard).replace(json.dumps(step.input), ""), check, f"the agent ({len(agent.heard)} answers)")


def in_words(s, check):
    """What an approver reads."""
    step = steps.joining(KEEPERS, model.user("fay"))
    status, answer = s.ask(AGENTS[1], step)
    if not check(answer.get("status") == "staged", f"the other agent's step is staged too [{status} {code_of(answer)}]"):
        return
    printed = s.world.cli("erik", "changes", "show", answer["change"])[1]
    way = model.path(step.after(s.facts()), model.user("fay"))
    missing = [node for node in way if node not in printed]
    check(not missing, f"`changes show` prints the way {' → '.join(way)}" + (f", without {missing}:\n{printed}" if missing else ""))
    lines = [line for line in printed.splitlines() if "is a member of" in line]
    check(len(lines) >= 2, f"…in sentences: {[line.strip() for line in lines[:2]]}")
    approve(s, "farah", answer["change"], check)
    facts = s.facts()
    approve(s, "dana", answer["change"], check)
    check(s.facts() == step.after(facts), "two of different teams let it run, the other team first")


def refused(s, check):
    """A person's no ends it, and a step that gains nothing needs nobody."""
    step = steps.joining(KEEPERS, model.user("gus"))
    facts = s.facts()
    _, answer = s.ask(AGENTS[0], step)
    s.world.cli("farah", "changes", "refuse", answer.get("change", "none"), check=False)
    code, _, _ = s.world.cli("dana", "changes", "approve", answer.get("change", "none"), check=False)
    check(code != 0 and s.facts() == facts, "what was refused can't be approved")
    status, answer = s.ask(AGENTS[0], steps.joining(model.group("desk"), model.user("gus")))
    check(answer.get("status") == "done", f"a step that gains nothing is done at once [{status} {code_of(answer)}]")
