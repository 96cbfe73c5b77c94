"""The policies of the queue: who is created decides what is demanded, and each reload changes that for some."""

READS = """
permit (principal is Exequatur::Workload, action in [Embedded::Action::"read:user.read", Embedded::Action::"read:sensitivity.public"], resource);
permit (principal is Exequatur::Workload, action == Embedded::Action::"execute:group.add-member", resource) when { context.approvals.count >= 1 };
permit (principal is Exequatur::Person, action in [Exequatur::Action::"view", Exequatur::Action::"unlock"], resource);
permit (principal in Exequatur::Team::"leads", action in Exequatur::Action::"approve", resource);
permit (principal in Exequatur::Team::"security", action in Exequatur::Action::"approve", resource);
"""
CREATE = 'principal is Exequatur::Workload, action == Embedded::Action::"execute:user.create", resource'


def named(prefix):
    return f'context.input.user like "{prefix}-*"'


def demand(prefix, what):
    return f'forbid ({CREATE}) when {{ {named(prefix)} }} unless {{ {what} }};\n'


FIRST = READS + f"permit ({CREATE}) when {{ context.approvals.count >= 1 }};\n" + demand("loose", "context.approvals.count >= 2") \
    + demand("free", "context.approvals.count >= 2") + demand("teams", "context.approvals.distinctTeams >= 2")
HARMLESS = "// A comment, and the rules in another order.\n" + "".join(line + "\n" for line in reversed(FIRST.strip().splitlines()))
BROKEN = FIRST + "permit (principal, action, resource) when { resource.nothing };\n"
CHANGED = READS + f"permit ({CREATE}) when {{ context.approvals.count >= 1 }};\n" + demand("teams", "context.approvals.distinctTeams >= 2") \
    + demand("strict", "context.approvals.distinctTeams >= 2") + f"forbid ({CREATE}) when {{ {named('deny')} }};\n" \
    + f"permit ({CREATE}) when {{ {named('loose')} }};\npermit ({CREATE}) when {{ {named('free')} }};\n"
NOTHING = READS
WIDENED = CHANGED + 'permit (principal in Exequatur::Team::"audit", action in Exequatur::Action::"approve", resource);\n'
