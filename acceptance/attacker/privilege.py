"""Privilege: tier 0 by every route, attributes off the list, what is hidden told from what is absent."""

import re

T0_GROUPS = ("domain-admins", "platform-admins", "g-8", "g-9")
T0_USERS = ("gus.holm", "farah.noor", "svc-backup", "u-1007", "u-1006")
OWN = "kai.nilsen"  # An ordinary account, taken to be the attacker's own.


def takes(scene, operation, fields):
    """Done, or waiting for somebody who would approve it: tier 0 is out of reach whoever approves."""
    replies = [scene.a.api(operation, fields), scene.a.tool(operation, fields), scene.a.tool(operation, fields, False)]
    return any(reply.done for reply in replies)


def routes():
    for group in T0_GROUPS:
        yield f"join {group}", "group.add-member", {"group": group, "member": OWN}
        yield f"put one's group into {group}", "group.add-member", {"group": group, "member": "operations"}
        yield f"put {group} into itself", "group.add-member", {"group": group, "member": group}
        yield f"take gus.holm out of {group}", "group.remove-member", {"group": group, "member": "gus.holm"}
    yield "take platform-admins out of domain-admins, to work on it unlabelled", "group.remove-member", {
        "group": "domain-admins", "member": "platform-admins"}
    for user in T0_USERS:
        for verb in ("reset-password", "enable", "disable", "remove"):
            yield f"{verb} {user}", f"user.{verb}", {"user": user}
        for attribute in ("title", "telephoneNumber", "mail", "displayName", "department"):
            yield f"set {attribute} of {user}", f"user.set-{attribute}", {"user": user, "value": "Owned"}
    for attribute in ("mail", "department", "displayName"):
        yield f"set {attribute}, not on the list", f"user.set-{attribute}", {"user": OWN, "value": "Security"}
        yield f"clear {attribute}, not on the list", f"user.set-{attribute}", {"user": OWN}


def only_staged(scene, operation, fields):
    """Ordinary people: these may wait for somebody, but never run at once."""
    return any(call(operation, fields).answer.get("status") == "done" for call in (scene.a.api, scene.a.tool))


def differs(scene, operation, hidden, absent):
    """Whether the agent can tell what it may not see from what does not exist: body, status, headers, byte for byte."""
    def told(call, fields):
        reply = call(operation, fields)
        # A staged change has an id of its own, whatever it is about.
        return reply.status, re.sub(rb"chg-[0-9a-f]{32}", b"chg", bytes(reply.body)), {k.lower(): v for k, v in reply.headers.items() if k.lower() != "date"}
    return any(told(call, hidden) != told(call, absent) for call in (
        scene.a.api, scene.a.tool, lambda o, f: scene.a.tool(o, f, modern=False)))


def oracles():
    """(what, operation, input about something hidden, the same about something absent of the same length)."""
    yield "read a hidden user", "user.read", {"user": "gus.holm"}, {"user": "gus.hulm"}
    yield "read a hidden user by id", "user.read", {"user": "u-1007"}, {"user": "u-9007"}
    yield "read a hidden group", "group.read", {"group": "domain-admins"}, {"group": "domain-edmins"}
    yield "read a user as a group", "group.read", {"group": "milo.dahl"}, {"group": "milo.dehl"}
    yield "change a hidden user", "user.set-title", {"user": "gus.holm", "value": "X"}, {"user": "gus.hulm", "value": "X"}
    yield "reset a hidden user's password", "user.reset-password", {"user": "gus.holm"}, {"user": "gus.hulm"}
    yield "disable a hidden user", "user.disable", {"user": "gus.holm"}, {"user": "gus.hulm"}
    yield "join a hidden group", "group.add-member", {"group": "domain-admins", "member": OWN}, {"group": "domain-edmins", "member": OWN}
    yield "add a hidden user to one's group", "group.add-member", {"group": "engineering", "member": "gus.holm"}, {
        "group": "engineering", "member": "gus.hulm"}
    yield "add a hidden group to one's group", "group.add-member", {"group": "vpn-users", "member": "platform-admins"}, {
        "group": "vpn-users", "member": "platform-edmins"}
    yield "remove a hidden user from a group", "group.remove-member", {"group": "operations", "member": "gus.holm"}, {
        "group": "operations", "member": "gus.hulm"}
    yield "create somebody who exists hidden", "user.create", {"user": "domain-admins", "displayName": "G", "surname": "G"}, {
        "user": "domain-edmins", "displayName": "G", "surname": "G"}
    yield "find a hidden user", "user.find", {"attribute": "name", "match": "equals", "value": "gus.holm"}, {
        "attribute": "name", "match": "equals", "value": "gus.hulm"}
    yield "set an attribute not permitted on one who exists", "user.set-mail", {"user": OWN, "value": "x@y.example"}, {
        "user": "kai.nilsan", "value": "x@y.example"}


def mentions_hidden(scene):
    """No list that the agent may read names what it may not see."""
    for group in ("engineering", "staff", "vpn-users"):
        scene.a.api("group.read", {"group": group})
    for attribute, value in (("name", "g"), ("name", "f"), ("name", "s"), ("department", "E"), ("department", "S"), ("title", "P"), ("mail", "g")):
        scene.a.api("user.find", {"attribute": attribute, "match": "prefix", "value": value})
    return any(name in reply.body for reply in scene.seen for name in (b"gus.holm", b"farah.noor", b"svc-backup", b"-admins", b"u-1007", b"g-8"))


def tries(scene):
    for name, operation, fields in routes():
        yield f"tier 0: {name}", lambda o=operation, f=fields: takes(scene, o, f)
    for name, operation, fields in (
            ("a tier-0 user into an ordinary group", "group.add-member", {"group": "finance", "member": "gus.holm"}),
            ("into a sensitive group", "group.add-member", {"group": "payroll-readers", "member": OWN}),
            ("into a group inside a sensitive group", "group.add-member", {"group": "finance", "member": OWN}),
            ("a group into a sensitive group", "group.add-member", {"group": "payroll-readers", "member": "staff"}),
            ("out of a group", "group.remove-member", {"group": "operations", "member": OWN}),
            ("a password", "user.reset-password", {"user": OWN}), ("disabling", "user.disable", {"user": OWN}),
            ("creating under the id of a tier-0 group", "user.create", {"user": "g-8", "displayName": "G", "surname": "G"}),
            ("creating under the id of a tier-0 user", "user.create", {"user": "u-1007", "displayName": "G", "surname": "G"}),
            ("creating", "user.create", {"user": "milo.dahI", "displayName": "Milo Dahl", "surname": "Dahl"})):
        yield f"not without people: {name}", lambda o=operation, f=fields: only_staged(scene, o, f)
    for name, operation, hidden, absent in oracles():
        yield f"told apart: {name}", lambda o=operation, h=hidden, x=absent: differs(scene, o, h, x)
    yield "lists name what is hidden", lambda: mentions_hidden(scene)
