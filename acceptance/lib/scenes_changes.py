"""Changes that run at once, keys against doing things twice, and undoing."""


def small(s):
    c = s.cast
    answer = s.ask("user.set-telephoneNumber", prompt="Kindly correct the number.", user=c.profile, value="+47 555 77123")
    s.done(answer, "a small change runs at once, with a receipt")
    s.check(s.effect.attribute(c.profile, "telephoneNumber") == "+47 555 77123", "the system has the new value")
    s.check(s.ask("user.read", user=c.profile)["result"]["attributes"]["telephoneNumber"] == "+47 555 77123", "the agent reads it back")
    same = s.ask("user.set-telephoneNumber", user=c.profile, value="+47 555 77123")
    s.is_code(same, "plan.no_change", "setting what is there already does nothing")
    stranger = s.agent("stranger")
    theirs = s.status(answer["change"], stranger)
    none = s.status("chg-does-not-exist", stranger)
    s.check(theirs == none and theirs["status"] != "done", f"another workload can't tell this change from none [{theirs['code']}]")


def idempotency(s):
    c = s.cast
    first = s.ask("user.set-title", key="key-1", user=c.profile, value="Captain")
    s.done(first, "a change with an idempotency key runs")
    s.effect.edit(c.profile, "title", "By another hand")
    again = s.ask("user.set-title", key="key-1", user=c.profile, value="Captain")
    s.check(again.get("change") == first.get("change"), "the same request with the same key is the same change")
    s.check(s.effect.attribute(c.profile, "title") == "By another hand", "…and nothing is done twice")
    other = s.ask("user.set-title", key="key-1", user=c.profile, value="Admiral")
    s.is_code(other, "input.idempotency_conflict", "another input with the same key is refused")
    operation = s.ask("user.set-telephoneNumber", key="key-1", user=c.profile, value="1")
    s.is_code(operation, "input.idempotency_conflict", "another operation with the same key is refused")
    theirs = s.ask("user.set-title", s.agent("other-agent"), key="key-1", user=c.profile, value="Mate")
    s.check(theirs["status"] == "done" and theirs["change"] != first["change"], "another workload's equal key is another key")


def attributes(s):
    c = s.cast
    s.ask("user.set-title", user=c.profile, value="Bosun")
    cleared = s.ask("user.set-title", user=c.profile)
    s.done(cleared, "an attribute is cleared when no value is given")
    s.check(s.effect.attribute(c.profile, "title") is None, "the system has no value any more")
    s.done(s.rollback(cleared["change"]), "clearing is rolled back")
    s.check(s.effect.attribute(c.profile, "title") == "Bosun", "the old value is back")
    s.is_code(s.status(cleared["change"]), "rolledBack", "the cleared change says it was rolled back")
    s.check(s.rollback(cleared["change"])["code"] == "rollback.impossible", "what was rolled back can't be again")
    for value in ("Ærlig & <Søn> \"x\"; --", "  two  blanks ", "x" * 256):
        answer = s.ask("user.set-title", user=c.profile, value=value)
        kept = s.effect.attribute(c.profile, "title")
        s.check((kept == value) == (answer["status"] == "done"), f"{value[:24]!r} is kept exactly, or refused ({answer['code']})")
    denied = s.ask("user.set-displayName", user=c.profile, value="Somebody Else")
    s.is_code(denied, "denied", "an attribute that policy does not name can't be written")


def membership(s):
    c = s.cast
    s.effect.edit_member(c.group, c.newcomer, False)
    added = s.staged(s.ask("group.add-member", group=c.group, member=c.newcomer), "adding a member")
    s.approve(added)
    s.check(s.effect.is_member(c.group, c.newcomer), "added")
    s.effect.edit_member(c.group, c.colleague, True)
    undo = s.staged(s.rollback(added), "the agent asks to roll the addition back")
    s.check(s.effect.is_member(c.group, c.newcomer), "…which does nothing yet")
    s.approve(undo, "erik")
    s.check(not s.effect.is_member(c.group, c.newcomer), "the addition is rolled back")
    s.check(s.effect.is_member(c.group, c.colleague), "somebody else's edit of the same group stays")
    s.is_code(s.status(added), "rolledBack", "the addition says it was rolled back")
    s.effect.edit_member(c.group, c.colleague, False)
    removed = s.staged(s.ask("group.remove-member", group=c.group, member=c.member), "removing a member")
    s.approve(removed)
    s.check(not s.effect.is_member(c.group, c.member), "removed")
    succeeded, text = s.person("dana", "changes", "rollback", removed)
    s.check(succeeded and s.effect.is_member(c.group, c.member), "a person rolls the removal back, by their own right" + s.but(succeeded, text))
    already = s.ask("group.add-member", group=c.group, member=c.member)
    s.is_code(already, "plan.no_change", "adding who is there already is no change")
    loop = s.ask("group.add-member", group=c.inner, member=c.outer)
    s.check(loop["status"] in ("failed", "denied"), f"a group can't be put inside itself ({loop['code']})")


def conflicts(s):
    c = s.cast
    answer = s.ask("user.set-title", user=c.profile, value="Purser")
    s.effect.edit(c.profile, "title", "Edited since")
    conflict = s.rollback(answer["change"])
    s.is_code(conflict, "rollback.conflict", "a rollback after somebody else's edit is a conflict")
    s.check(s.effect.attribute(c.profile, "title") == "Edited since", "…and leaves the edit alone")
    added = s.staged(s.ask("group.add-member", group=c.group, member=c.newcomer), "adding a member")
    s.approve(added)
    s.effect.edit_member(c.group, c.newcomer, False)
    s.is_code(s.rollback(added), "rollback.conflict", "rolling back an addition that somebody undid already is a conflict")
    succeeded, text = s.person("dana", "changes", "rollback", added)
    s.check(not succeeded and "rollback.conflict" in text, "…for a person too")
    staged = s.ask("user.set-title", user=c.profile, value="Elsewhere")
    s.effect.edit(c.profile, "telephoneNumber", "+47 555 00042")
    s.done(s.rollback(staged["change"]), "an edit of another attribute does not stand in a rollback's way")
    s.check(s.effect.attribute(c.profile, "telephoneNumber") == "+47 555 00042", "…and stays")
