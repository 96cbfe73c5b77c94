"""One step of an agent: what is asked, what the model says comes of it, and how another hand takes it back."""
import collections.abc
import dataclasses

import model
from directory import DISABLED, dn, group_dn, user_dn
from slapd import encode


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    operation: str
    input: dict
    after: collections.abc.Callable  # facts → facts
    undo: list  # LDIF lines

    def __str__(self):
        return f"{self.operation} {' '.join(f'{key}={value}' for key, value in self.input.items())}"


def short(node):
    return node.split("/")[-1]


def modify(entry, verb, attribute, *value):
    return [encode("dn", entry), "changetype: modify", f"{verb}: {attribute}", *value, ""]


def joining(group, member):
    """A user or a group into a group."""
    return Step(
        "group.add-member", {"group": short(group), "member": short(member)}, lambda facts: facts | {("member", member, group)},
        modify(group_dn(short(group)), "delete", "member", encode("member", dn(member))))


def enabling(user):
    return Step(
        "user.enable", {"user": short(user)}, lambda facts: facts - {("disabled", user)},
        modify(dn(user), "add", "pwdAccountLockedTime", f"pwdAccountLockedTime: {DISABLED}"))


def setting(user, attribute, value):
    """A value by which a dynamic group may take its members."""
    return Step(
        f"user.set-{attribute}", {"user": short(user), "value": value}, lambda facts: facts | {("has", user, attribute, value)},
        modify(dn(user), "delete", attribute))


def creating(name):
    """Somebody whose name may be waiting in a group."""
    node, waiting = model.user(name), model.name(user_dn(name))
    return Step(
        "user.create", {"user": name, "displayName": f"New {name}", "surname": name},
        lambda facts: model.renamed(facts, waiting, node) | {("user", node)},
        [encode("dn", user_dn(name)), "changetype: delete", ""])
