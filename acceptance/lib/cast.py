"""Who plays in the story, the policy it is played under, and what another hand can see and do in the system itself."""
import dataclasses

# Persons of the gateway: two leads of one team, one of another, the agents' owner (a lead too), one without any say.
PEOPLE = {
    "dana": ["service-desk-leads"], "erik": ["service-desk-leads"], "farah": ["security"],
    "olga": ["service-desk-leads"], "pia": [],
}
WORKLOADS = {
    "desk-agent": {"owner": "olga", "groups": ["service-desk"]},
    "other-agent": {"owner": "olga", "groups": ["service-desk"]},
    "stranger": {"owner": "olga", "groups": []},
}

POLICY = """
@id("agent-reads")
permit (
  principal in Exequatur::WorkloadGroup::"service-desk",
  action in [NS::Action::"read:user.find", NS::Action::"read:user.read", NS::Action::"read:group.read",
             NS::Action::"read:sensitivity.public", NS::Action::"read:sensitivity.internal"],
  resource in Exequatur::System::"SYSTEM"
);

@id("no-agent-sees-tier-0-users")
forbid (principal is Exequatur::Workload, action in Exequatur::Action::"read", resource is NS::User)
when { resource.labels.contains("tier-0") };

@id("no-agent-sees-tier-0-groups")
forbid (principal is Exequatur::Workload, action in Exequatur::Action::"read", resource is NS::Group)
when { resource.labels.contains("tier-0") };

@id("agent-small-writes")
permit (
  principal in Exequatur::WorkloadGroup::"service-desk",
  action in [NS::Action::"execute:user.set-telephoneNumber", NS::Action::"execute:user.set-title"],
  resource in Exequatur::System::"SYSTEM"
);

@id("agent-with-approval")
permit (
  principal in Exequatur::WorkloadGroup::"service-desk",
  action in [NS::Action::"execute:group.add-member", NS::Action::"execute:group.remove-member",
             NS::Action::"execute:user.create", NS::Action::"execute:user.remove",
             NS::Action::"execute:user.enable", NS::Action::"execute:user.reset-password"],
  resource in Exequatur::System::"SYSTEM"
)
when { context.approvals.count >= 1 };

@id("sensitive-needs-two-teams")
forbid (principal is Exequatur::Workload, action in Exequatur::Action::"execute", resource)
when { resource.labels.contains("sensitive") }
unless { context.approvals.distinctTeams >= 2 };

@id("agent-proposes")
permit (
  principal in Exequatur::WorkloadGroup::"service-desk",
  action == NS::Action::"propose:user.disable",
  resource in Exequatur::System::"SYSTEM"
);

@id("tier-0-is-out-of-reach")
forbid (principal is Exequatur::Workload, action in [Exequatur::Action::"execute", Exequatur::Action::"propose"], resource)
when { resource.labels.contains("tier-0") };

@id("leads-act-and-approve")
permit (
  principal in Exequatur::Team::"service-desk-leads",
  action in [Exequatur::Action::"execute", Exequatur::Action::"approve"],
  resource in Exequatur::System::"SYSTEM"
)
unless { resource.labels.contains("tier-0") };

@id("security-approves")
permit (
  principal in Exequatur::Team::"security", action in Exequatur::Action::"approve",
  resource in Exequatur::System::"SYSTEM"
);

@id("people-see-changes")
permit (principal is Exequatur::Person, action == Exequatur::Action::"view", resource == Exequatur::System::"exequatur");

@id("leads-lift-locks")
permit (
  principal in Exequatur::Team::"service-desk-leads", action == Exequatur::Action::"unlock",
  resource == Exequatur::System::"exequatur"
);
"""


def policy(namespace, system):
    return POLICY.replace("NS::", namespace + "::").replace("SYSTEM", system)


@dataclasses.dataclass
class Cast:
    """Names in one system. Users are distinct unless said otherwise; none is in a labelled group but the tier-0 ones."""
    namespace: str
    system: str
    reader: str           # read, and found by search; has `shown` and a confidential attribute
    shown: str            # an attribute of the reader that the agent may read
    secret: str           # an attribute that nobody may read or search by
    confidential: str     # an attribute that the policy does not let the agent read
    prefix: str           # the beginning of the title of `alike` and of some of `hidden`
    alike: list           # users found by that prefix, by name; the reader may be one of them
    profile: str          # whose title and telephone number the agent sets
    newcomer: str         # added to `group`
    colleague: str        # added to `group` by another hand
    leaver: str           # disabled and enabled
    forgetful: str        # gets a new password
    trusted: str          # added to the sensitive group, last: it is labelled from then on
    group: str            # plain; holds neither newcomer nor colleague
    member: str           # a direct member of `group`, to be removed and put back: a user or a group
    outer: str            # a group that holds `inner`
    inner: str            # a group that holds `deep`, who is not directly in `outer`
    deep: str
    sensitive: str        # a group
    protected: str        # a group of tier 0
    hidden: list          # users of tier 0
    old_password: str = None  # the forgetful one's, when it has one


class Effect:
    """What the system itself says, and another hand in it. Nothing here goes through the gateway."""

    def is_member(self, group, member): raise NotImplementedError
    def attribute(self, user, name): raise NotImplementedError          # the value, or None
    def is_enabled(self, user): raise NotImplementedError
    def exists(self, user): raise NotImplementedError
    def password_works(self, user, password): raise NotImplementedError
    def edit(self, user, name, value): raise NotImplementedError        # None clears
    def edit_member(self, group, member, present): raise NotImplementedError
