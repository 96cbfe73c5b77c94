"""Chains of small steps toward the admins: hops of several kinds, one behind the other, and what comes in from the side."""
import model
import steps
from directory import OTHER_ROOT, user_dn

# For each number of steps: the hops from the first to the one that ends inside the admins, and what comes in from the side.
KINDS = {
    "2": (["create", "own"], []),
    "2, one sleeper": ([], ["sleeper"]),
    "3": (["add", "nest", "enable"], []),
    "4": (["select", "own"], ["sleeper"]),
    "5": (["create", "nest", "own", "enable", "select"], []),
    "6": (["add", "nest", "own", "select", "enable", "nest"], []),
    "6, from the side": (["add", "nest"], ["sleeper", "newcomer", "insider"]),
}


class Chain:
    """Puts what stands from the start into the directory, and knows the steps that are missing.

    A hop leads from `source`, a group, to `target`, a group on the way; the first one from somebody outside. Where a hop goes
    through a user, the group before has that user's care: a link of the configuration. Dynamic groups choose by `attribute`;
    two chains in one directory need two, for the gateway looks at the attribute alone, not at the value.
    """

    def __init__(self, directory, prefix, kinds, attribute="departmentNumber"):
        self.directory, self.prefix, self.attribute, self.steps, self.links = directory, prefix, attribute, [], []
        hops, sides = kinds
        self.inner = directory.group(f"{prefix}-inner")
        directory.add(model.TARGET, "member", self.inner)
        ways = [directory.group(f"{prefix}-way{index}") for index in range(1, len(hops))] + [self.inner]
        for index, kind in enumerate(hops):
            getattr(self, kind)(f"{prefix}-{kind}{index}", ways[index - 1] if index else None, ways[index])
        for kind in sides:
            getattr(self, kind)(f"{prefix}-{kind}", None, self.inner)

    def someone(self, name, source, disabled=False):
        """A user; where the chain goes on from a group, one that the group looks after."""
        user = self.directory.user(name, disabled)
        if source:
            self.links.append((source, user))
        return user

    def add(self, name, source, target):
        self.steps.append(steps.joining(target, self.someone(name, source)))

    def nest(self, name, source, target):
        self.steps.append(steps.joining(target, source or self.directory.group(name)))

    def own(self, name, source, target):
        """Into a group that owns the next one."""
        owner = self.directory.group(name)
        self.directory.add(target, "owner", owner)
        self.steps.append(steps.joining(owner, source or self.directory.user(f"{name}-by")))

    def enable(self, name, source, target):
        user = self.someone(name, source, disabled=True)
        self.directory.add(target, "member", user)
        self.steps.append(steps.enabling(user))

    def select(self, name, source, target):
        chosen = self.directory.choosing(f"{name}-all", self.attribute, name)
        self.directory.add(target, "member", chosen)
        self.steps.append(steps.setting(self.someone(name, source), self.attribute, name))

    def create(self, name, source, target):
        self.directory.add(target, "member", model.name(user_dn(name)))
        self.steps.append(steps.creating(name))

    # From the side, into the group inside the admins

    def sleeper(self, name, _, target):
        """Two steps that gain nothing alone, in either order, and do together."""
        user = self.directory.user(name, disabled=True)
        self.steps += [steps.enabling(user), steps.joining(target, user)]

    def newcomer(self, name, _, target):
        self.create(name, None, target)

    def insider(self, name, _, target):
        """Who is an admin already gains nothing."""
        self.steps.append(steps.joining(target, model.user(OTHER_ROOT)))

    # As the model sees it

    def is_harmless(self, facts, order):
        for step in order:
            after = step.after(facts)
            if model.gains(facts, after):
                return False
            facts = after
        return True

    def undo(self, steps_taken):
        return [line for step in steps_taken for line in step.undo]
