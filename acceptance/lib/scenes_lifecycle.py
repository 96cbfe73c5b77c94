"""New users, passwords, locks, and the end of a task."""


def create(s, name):
    answer = s.ask("user.create", user=name, displayName="New Person", surname="Person", mail=f"{name}@new.example")
    change = s.staged(answer, f"creating {name}")
    s.approve(change)
    s.done(s.status(change), "approved and created")
    s.check(s.effect.exists(name) and s.effect.attribute(name, "mail") == f"{name}@new.example", "the system has the user")
    return change


def create_and_remove(s):
    change = create(s, "nia.new")
    twice = s.ask("user.create", user="nia.new", displayName="Twice", surname="Twice")
    s.check(twice["status"] == "staged", "a name that is taken looks to the agent like any other change that waits")
    succeeded, text = s.person("dana", "changes", "approve", twice["change"])
    s.check(not succeeded and "exists already" in text, "the approver is told that it is taken, and nothing is signed")
    undo = s.staged(s.rollback(change), "rolling the creation back")
    s.approve(undo, "erik")
    s.done(s.status(undo), "approved and run")
    s.check(not s.effect.exists("nia.new"), "an untouched user is removed")
    s.is_code(s.status(change), "rolledBack", "the creation says it was rolled back")


def create_and_disable(s):
    change = create(s, "tor.new")
    s.done(s.ask("user.set-telephoneNumber", user="tor.new", value="+47 555 11111"), "the new user is edited")
    succeeded, text = s.person("dana", "changes", "rollback", change)
    s.check(succeeded, "a person rolls the creation back" + s.but(succeeded, text))
    s.check(s.effect.exists("tor.new"), "a user touched since is not removed")
    s.check(s.effect.exists("tor.new") and not s.effect.is_enabled("tor.new"), "…but disabled")
    s.check(s.effect.attribute("tor.new", "telephoneNumber") == "+47 555 11111", "…and keeps the edit")


def reset(s):
    """Asks for a new password and has it approved. Gives the change."""
    change = s.staged(s.ask("user.reset-password", prompt="She forgot it.", user=s.cast.forgetful), "resetting a password")
    s.approve(change)
    s.done(s.status(change), "approved and reset")
    return change


def password(s):
    c = s.cast
    if c.old_password:
        s.check(s.effect.password_works(c.forgetful, c.old_password), "(the old password works)")
    change = s.notes["password"] = reset(s)
    s.check("rollback.impossible" == s.rollback(change)["code"], "it can't be rolled back, and says so")
    succeeded, text = s.person("pia", "changes", "secret", change)
    s.check(not succeeded, "somebody without a say is not shown the new password")
    shown = s.world.cli_json("dana", "changes", "secret", change)
    value = shown["value"]
    s.secrets.append(value)
    s.check(len(value) >= 16 and s.effect.password_works(c.forgetful, value), "a person is shown it, and it works")
    if c.old_password:
        s.check(not s.effect.password_works(c.forgetful, c.old_password), "the old one works no more")
    s.says_no("dana", ["changes", "secret", change], "secret.none", "it is shown once")
    s.says_no("erik", ["changes", "secret", change], "secret.none", "…to one person")
    s.check(value not in str([s.status(change), s.ask("user.read", user=c.forgetful)]), "the agent is not shown it")
    after_task_end(s)


def after_task_end(s):
    """The agent's fate must not lose the person's password."""
    agent = s.agent()
    answer = s.ask("user.reset-password", agent, user=s.cast.forgetful)
    change = s.staged(answer, "resetting it again, in another task")
    s.approve(change)
    agent.call("exequatur__task_end")
    succeeded, text = s.person("dana", "changes", "secret", change, "--json")
    s.check(succeeded, "the new password can be shown after the agent ended its task" + s.but(succeeded, text))


def reads(s, agent):
    return s.ask("user.read", agent, user=s.cast.reader)


def locks(s):
    c = s.cast
    other, stranger_task = s.agent("other-agent"), s.agent()
    s.world.cli("pia", "lock", "workload", "desk-agent")
    s.is_code(reads(s, s.desk), "locked", "anybody may lock a workload: its next call stops")
    s.is_code(s.ask("user.set-title", user=c.profile, value="Locked"), "locked", "…writes too")
    s.is_code(reads(s, stranger_task), "locked", "…in every task it has")
    s.check(reads(s, other)["status"] == "done", "another workload goes on")
    s.says_no("pia", ["unlock", "workload", "desk-agent"], "denied", "lifting a lock needs policy's leave")
    s.world.cli("dana", "unlock", "workload", "desk-agent")
    s.check(reads(s, s.desk)["status"] == "done", "lifted, it works again")
    lock_task(s, stranger_task)
    s.world.cli("dana", "lock", "all")
    s.check(reads(s, s.desk)["code"] == reads(s, other)["code"] == "locked", "a lock on all stops every workload")
    s.check("all" in s.world.cli("dana", "locks")[1], "the lock is listed")
    s.world.cli("dana", "unlock", "all")
    s.check(reads(s, s.desk)["status"] == reads(s, other)["status"] == "done", "lifted, all work again")
    lock_waiting(s)


def lock_task(s, agent):
    answer = s.ask("user.set-title", agent, user=s.cast.profile, value="In a task of its own")
    task = s.change(answer["change"])["terms"]["task"]
    s.world.cli("dana", "lock", "task", task)
    s.is_code(reads(s, agent), "locked", "a locked task stops")
    s.check(reads(s, s.desk)["status"] == "done", "the workload's other task goes on")
    s.world.cli("dana", "unlock", "task", task)
    s.check(reads(s, agent)["status"] == "done", "lifted, it works again")


def lock_waiting(s):
    c = s.cast
    s.effect.edit_member(c.group, c.newcomer, False)
    change = s.staged(s.ask("group.add-member", group=c.group, member=c.newcomer), "adding a member")
    s.world.cli("farah", "lock", "workload", "desk-agent")
    s.person("dana", "changes", "approve", change)
    s.check(not s.effect.is_member(c.group, c.newcomer), "a locked workload's change does not run when it is approved")
    s.world.cli("dana", "unlock", "workload", "desk-agent")
    s.check(not s.effect.is_member(c.group, c.newcomer), "…nor by itself when the lock is lifted")
    succeeded, text = s.person("dana", "changes", "approve", change)
    s.check(succeeded and s.effect.is_member(c.group, c.newcomer), "approved after the lock, it runs" + s.but(succeeded, text))


def task_end(s):
    c = s.cast
    s.effect.edit_member(c.group, c.newcomer, False)
    agent = s.agent()
    change = s.staged(s.ask("group.add-member", agent, group=c.group, member=c.newcomer), "adding a member, in a task of its own")
    s.is_code(agent.call("exequatur__task_end"), "ok", "the agent ends its task")
    s.is_code(reads(s, agent), "task.ended", "its token is good for nothing more")
    succeeded, _ = s.person("dana", "changes", "approve", change)
    s.check(not succeeded and not s.effect.is_member(c.group, c.newcomer), "what it left waiting can't be approved any more")
    s.check(reads(s, s.desk)["status"] == "done", "the workload's other task goes on")
