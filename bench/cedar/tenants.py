"""Large sets as a platform with many tenants has them: each tenant brings its own dozen policies over its own groups,
projects and machines; four policies hold for all and cannot be excluded by scope.

`large` grows in tenants, so a request has about the same few candidates at every size. `mixed` replaces half of the
policies by ones that only compare attributes and context, which every request has to evaluate.
"""
import dataclasses

from workload import Random, Workload, entity, reference, request

PER_TENANT = 12
GLOBAL = [
    "forbid(principal, action, resource) when { context.risk > 95 };",
    "forbid(principal, action, resource) when { context.quarantined };",
    "forbid(principal, action, resource) when { principal.suspended };",
    "permit(principal, action, resource) when { context has breakGlass && context.breakGlass.approved && context.mfa };",
]
READS, WRITES, ADMIN = ["describe", "fetch"], ["store", "remove", "restart"], ["grant", "rotate"]
GROUP_OF = {action: group for group, actions in (("reads", READS), ("writes", WRITES), ("admin", ADMIN)) for action in actions}
LADDER = ["admins", "operators", "readers"]  # each in the next
KINDS = ["Bucket", "Host", "Secret"]

SCHEMA = """\
entity Group in [Group];
entity User in [Group] { tenant: String, suspended: Bool, level: Long };
entity Workload in [Group] { tenant: String, suspended: Bool, level: Long };
entity Tenant;
entity Project in [Tenant];
entity Bucket, Host, Secret in [Project, Tenant]
  { tenant: String, owner: User, readers: Group, sensitivity: Long, labels: Set<String> };
type Call = { risk: Long, mfa: Bool, quarantined: Bool, address: ipaddr, amount: Long, path: String, ticket: String,
  labels: Set<String>, breakGlass?: { approved: Bool, by: User } };
action "reads", "writes", "admin";
action "describe", "fetch" in ["reads"] appliesTo { principal: [User, Workload], resource: [Bucket, Host, Secret], context: Call };
action "store", "remove", "restart" in ["writes"]
  appliesTo { principal: [User, Workload], resource: [Bucket, Host, Secret], context: Call };
action "grant", "rotate" in ["admin"] appliesTo { principal: [User, Workload], resource: [Bucket, Host, Secret], context: Call };
"""


@dataclasses.dataclass
class Policy:
    """A policy's text, and what an index may use to exclude it. None means any."""
    text: str
    principal: tuple = None  # ("is" or "in", kind or entity); `==` is "in" here, as no user has children
    actions: frozenset = None
    resource: tuple = None
    also: tuple = None  # ("in" with a resource) or ("tenant", name): the leading conjunct, where it narrows further
    kind: str = None  # of the resource

    def candidate(self, principal, action, resource):
        """Each of principal and resource: the kind, the tenant's name, and the set of itself and its ancestors."""
        return (matches(self.principal, principal) and (self.actions is None or action in self.actions)
                and matches(self.resource, resource) and matches(self.also, resource)
                and self.kind in (None, resource[0]))


def matches(constraint, entity):
    if constraint is None:
        return True
    how, what = constraint
    return what == entity[0] if how == "is" else what == entity[1] if how == "tenant" else what in entity[2]


def shapes(t, other):
    """The policies of tenant t, the commonest first."""
    def name(kind, part):
        return f'{kind}::"{t}/{part}"'

    def group(part):
        return name("Group", part)

    tenant, reads, writes, admin = f'Tenant::"{t}"', frozenset(READS), frozenset(WRITES), frozenset(ADMIN)
    return [
        Policy(f'permit(principal in {group("readers")}, action in Action::"reads", resource in {tenant});',
               ("in", group("readers")), reads, ("in", tenant)),
        Policy(f'permit(principal in {group("operators")}, action in [Action::"store", Action::"restart"], '
               f'resource in {name("Project", "p1")}) when {{ resource.sensitivity < 3 }};',
               ("in", group("operators")), frozenset(["store", "restart"]), ("in", name("Project", "p1"))),
        Policy(f'permit(principal, action == Action::"fetch", resource is Bucket) '
               f'when {{ resource.tenant == "{t}" && resource.labels.contains("shared") && principal.tenant == "{t}" }};',
               None, frozenset(["fetch"]), ("is", "Bucket"), ("tenant", t)),
        Policy(f'permit(principal, action, resource) when {{ principal == {name("Workload", "w0")} && '
               f'resource in {name("Project", "p0")} }};',
               ("in", name("Workload", "w0")), None, None, ("in", name("Project", "p0"))),
        Policy(f'forbid(principal, action in Action::"writes", resource in {name("Project", "p2")}) '
               f'unless {{ context.ticket like "CHG-*" }};',
               None, writes, ("in", name("Project", "p2"))),
        Policy(f'permit(principal == {name("User", "u0")}, action == Action::"rotate", resource == {name("Secret", "r2")});',
               ("in", name("User", "u0")), frozenset(["rotate"]), ("in", name("Secret", "r2"))),
        Policy(f'permit(principal in {group("admins")}, action, resource in {tenant}) unless {{ context.risk > 60 }};',
               ("in", group("admins")), None, ("in", tenant)),
        Policy(f'permit(principal, action in Action::"reads", resource is Bucket in {tenant}) '
               f'when {{ principal in resource.readers }};',
               None, reads, ("in", tenant), None, "Bucket"),
        Policy(f'forbid(principal is Workload, action in Action::"admin", resource in {tenant});',
               ("is", "Workload"), admin, ("in", tenant)),
        Policy(f'forbid(principal, action == Action::"remove", resource == {name("Bucket", "r0")}) '
               f'unless {{ principal in {group("admins")} }};',
               None, frozenset(["remove"]), ("in", name("Bucket", "r0"))),
        Policy(f'permit(principal, action in Action::"writes", resource is Host) when {{ resource.tenant == "{t}" && '
               f'principal == resource.owner && context.address.isInRange(ip("10.0.0.0/8")) }};',
               None, writes, ("is", "Host"), ("tenant", t)),
        Policy(f'permit(principal in Group::"{other}/readers", action == Action::"describe", resource == {name("Host", "r1")});',
               ("in", f'Group::"{other}/readers"'), frozenset(["describe"]), ("in", name("Host", "r1"))),
    ]


def evaluated_by_all(random, index):
    """One policy that no index can exclude: it compares context and attributes, and rarely holds."""
    low, level, label = random.below(1_000_000), random.below(10), random.below(400)
    return [
        f"permit(principal, action, resource) when {{ context.amount > {low} && context.amount < {low + 500} }};",
        f'permit(principal, action, resource) when {{ context.path like "/{index:x}/*" && context.mfa }};',
        f"permit(principal, action, resource) when {{ principal.level > {level} && resource.sensitivity >= {level // 2} && "
        f"context.amount >= {low} && context.amount < {low + 500} }};",
        f'forbid(principal, action, resource) when {{ resource.labels.contains("label-{label}") && !context.mfa }};',
        f'permit(principal, action, resource) when {{ context.labels.containsAny(["label-{label}", "label-{label + 1}"]) && '
        f"principal.tenant == resource.tenant }};",
        f"forbid(principal, action, resource) unless {{ context.amount < {low + 1_000_000} || context.mfa }};",
    ][index % 6]


def tenant_entities(random, t):
    entities = [entity("Tenant", t)]
    for i, part in enumerate(LADDER):
        entities.append(entity("Group", f"{t}/{part}", parents=[("Group", f"{t}/{higher}") for higher in LADDER[i + 1:i + 2]]))
    for i in range(6):
        kind, name = ("User", f"{t}/u{i}") if i < 4 else ("Workload", f"{t}/w{i - 4}")
        parents = [("Group", f"{t}/{part}") for part in (LADDER[min(i, 2)],) if i < 5]
        entities.append(entity(kind, name, {
            "tenant": t, "suspended": random.chance(0.03), "level": random.below(10)}, parents))
    for i in range(3):
        entities.append(entity("Project", f"{t}/p{i}", parents=[("Tenant", t)]))
    for i in range(9):
        labels = sorted({f"label-{random.below(400)}" for _ in range(3)} | ({"shared"} if i % 4 == 0 else set()))
        entities.append(entity(KINDS[i % 3], f"{t}/r{i}", {
            "tenant": t, "owner": reference("User", f"{t}/u{random.below(4)}"),
            "readers": reference("Group", f"{t}/{random.pick(LADDER)}"), "sensitivity": random.below(6), "labels": labels},
            [("Project", f"{t}/p{i // 3}")]))
    return entities


def seen(t, kind, index):
    """A principal or resource as Policy.candidate takes it."""
    if kind == "User" or kind == "Workload":
        name, first = (f"u{index}", min(index, 2)) if kind == "User" else (f"w{index - 4}", 2 if index == 4 else 3)
        return (kind, t, {f'{kind}::"{t}/{name}"'} | {f'Group::"{t}/{part}"' for part in LADDER[first:]})
    return (kind, t, {f'{kind}::"{t}/r{index}"', f'Project::"{t}/p{index // 3}"', f'Tenant::"{t}"'})


def context(random):
    call = {
        "risk": random.below(100), "mfa": random.chance(0.7), "quarantined": random.chance(0.02),
        "address": {"__extn": {"fn": "ip", "arg": f"{random.pick(['10', '10', '192'])}.{random.below(256)}.0.{random.below(256)}"}},
        "amount": random.below(1_000_000), "path": f"/{random.below(10_000):x}/{random.below(100)}",
        "ticket": f"{random.pick(['CHG', 'INC'])}-{random.below(10_000)}",
        "labels": [f"label-{random.below(400)}"]}
    if random.chance(0.02):
        call["breakGlass"] = {"approved": random.chance(0.5), "by": reference("User", "t0/u0")}
    return call


def platform(name, size, count, indexable, asked=None):
    """`indexable` of the policies belong to tenants; requests come from all tenants, or from the first `asked`."""
    random = Random(f"{name} {size}")
    tenants = [f"t{i}" for i in range(max(1, (indexable + PER_TENANT - 1) // PER_TENANT))]
    by_tenant = {t: [] for t in tenants}
    left = indexable
    for i, t in enumerate(tenants):
        by_tenant[t] = shapes(t, tenants[i - 1])[:left]
        left -= len(by_tenant[t])
    owned = [policy.text for policies in by_tenant.values() for policy in policies]
    open_to_all = GLOBAL + [evaluated_by_all(random, i) for i in range(size - len(owned) - len(GLOBAL))]
    policies = interleave(open_to_all, owned)

    entities = [one for t in tenants for one in tenant_entities(random, t)]
    requests, candidates = [], []
    for _ in range(count):
        t = random.pick(tenants[:asked])
        who, what, action = random.below(6), random.below(9), random.pick(READS + READS + WRITES + ADMIN)
        target = t if random.chance(0.95) else random.pick(tenants)
        principal, resource = seen(t, "User" if who < 4 else "Workload", who), seen(target, KINDS[what % 3], what)
        label = f"u{who}" if who < 4 else f"w{who - 4}"
        requests.append(request((principal[0], f"{t}/{label}"), action, (resource[0], f"{target}/r{what}"), context(random)))
        # A policy of a tenant names that tenant's entities only, but for the one about the previous tenant's readers.
        near = by_tenant[target] + (by_tenant[t] if t != target else [])
        candidates.append(len(open_to_all) + sum(policy.candidate(principal, action, resource) for policy in near))

    edges = []
    if size <= 1000:  # an absent resource makes every `resource.tenant == …` of the set fail: thousands of errors at 10,000
        call = context(random)
        edges = [request(("User", "nobody"), "fetch", ("Bucket", "t0/r0"), call),
                 request(("User", "t0/u0"), "fetch", ("Bucket", "t0/none"), call),
                 request(("Workload", "t0/w0"), "restart", ("Host", "nowhere/r1"), call),
                 request(("User", "nobody"), "grant", ("Secret", "nowhere/r2"), call)]
    return Workload(name, size, policies, SCHEMA, entities, requests, edges, candidates)


def interleave(some, many):
    """Spreads the shorter list over the longer, so that neither comes first."""
    if len(some) > len(many):
        some, many = many, some
    step, out = max(1, len(many) // max(1, len(some))), []
    for i, one in enumerate(some):
        out += [one] + many[i * step:(i + 1) * step]
    return out + many[len(some) * step:]


def large(size, count):
    return platform("large", size, count, size - len(GLOBAL))


def mixed(size, count):
    return platform("mixed", size, count, size // 2)


def hot(size, count):
    """`large`, but the requests come from 8 tenants: what of its time is memory rather than work."""
    return platform("hot", size, count, size - len(GLOBAL), asked=8)
