"""The kinds of step that are cut short, and the places where they are."""
import dataclasses

# In the order in which a step reaches them. The first two come before anything is stored of the change.
BEFORE_CHANGE = ["request", "plan"]
APPROVAL_ONLY = ["approved"]
UNAPPLIED = BEFORE_CHANGE + ["decision", "approved", "intent", "leased"]
APPLIED = ["applied", "observed", "revoked", "outcome"]
POINTS = UNAPPLIED + APPLIED


@dataclasses.dataclass
class Step:
    """One change to be made, by whom, and what its effect would be, for a backend to look for."""
    operation: str
    input: dict
    # agent: policy lets it run at once; approve and adopt: a person follows with the CLI;
    # undo-agent and undo-person: the rollback of `original`, an executed change.
    how: str
    # What the effect is: value, member, no-member, entry, no-entry, password, disabled.
    effect: str
    # The entry that is written: a user's or a group's name.
    target: str
    value: str = ""
    original: str = ""
    # What the backend remembered of the target before the step.
    mark: object = None


def set_attribute(user, n):
    phone = f"+47 600 {n:05}"
    return Step("user.set-telephoneNumber", {"user": user, "value": phone}, "agent", "value", user, phone)


def add_member(user, group):
    return Step("group.add-member", {"group": group, "member": user}, "approve", "member", group, user)


def remove_member(user, group):
    return Step("group.remove-member", {"group": group, "member": user}, "approve", "no-member", group, user)


def create_user(user):
    return Step("user.create", {"user": user, "displayName": "New " + user, "surname": "New"}, "approve", "entry", user)


def remove_user(user):
    return Step("user.remove", {"user": user}, "approve", "no-entry", user)


def reset_password(user):
    return Step("user.reset-password", {"user": user}, "approve", "password", user)


def disable(user):
    return Step("user.disable", {"user": user}, "adopt", "disabled", user)


def undo_member(user, group, original):
    return Step("", {}, "undo-person", "no-member", group, user, original)


def undo_attribute(user, original, before):
    return Step("", {}, "undo-agent", "value", user, before, original)
