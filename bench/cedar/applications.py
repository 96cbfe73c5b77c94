"""Three applications after the workloads of the OOPSLA 2024 Cedar paper: file sharing, code hosting, to-do lists.

As there, `size` is the number of entities of each kind, and who has what access is in attributes and hierarchies rather
than in one policy a grant. The policies, schemas and generators are our own.
"""
from workload import Random, Workload, entity, reference, request

GDRIVE_SCHEMA = """\
entity Group in [Group];
entity Shelf in [Shelf];
entity User in [Group] { home: Folder, views: Shelf, edits: Shelf };
entity Folder in [Folder, Shelf] { owner: User };
entity Document in [Folder, Shelf] { owner: User, published: Bool, locked: Bool };
type Device = { managed: Bool };
action "reading", "writing";
action "read", "download" in ["reading"] appliesTo { principal: User, resource: Document, context: Device };
action "list" in ["reading"] appliesTo { principal: User, resource: Folder, context: Device };
action "edit", "delete", "share" in ["writing"] appliesTo { principal: User, resource: Document, context: Device };
action "create" in ["writing"] appliesTo { principal: User, resource: Folder, context: Device };
"""

# A shelf holds what is shared with one user or group; a group's shelf stands on the shelf of each of its members.
GDRIVE_POLICIES = [
    'permit(principal, action in Action::"reading", resource) when { resource in principal.views };',
    'permit(principal, action in [Action::"edit", Action::"create"], resource) when { resource in principal.edits };',
    'permit(principal, action, resource) when { resource.owner == principal };',
    'permit(principal, action in Action::"reading", resource is Document) when { resource.published };',
    'permit(principal, action == Action::"create", resource is Folder) when { resource in principal.home };',
    'forbid(principal, action in Action::"writing", resource is Document) when { resource.locked } '
    'unless { resource.owner == principal };',
    'forbid(principal in Group::"group0", action == Action::"download", resource) unless { context.managed };',
]

GITHUB_SCHEMA = """\
entity Team in [Team];
entity User in [Team];
entity Organization { members: Team, owners: Team };
entity Repository { organization: Organization, visibility: String, archived: Bool,
  readers: Team, triagers: Team, writers: Team, maintainers: Team, admins: Team };
entity Issue { repository: Repository, reporter: User, locked: Bool };
type Session = { twoFactor: Bool };
action "change";
action "pull", "fork" appliesTo { principal: User, resource: Repository, context: Session };
action "push" in ["change"] appliesTo { principal: User, resource: Repository, context: Session };
action "addCollaborator", "deleteRepository" in ["change"] appliesTo { principal: User, resource: Repository, context: Session };
action "comment", "editIssue", "labelIssue", "closeIssue" in ["change"]
  appliesTo { principal: User, resource: Issue, context: Session };
"""

GITHUB_POLICIES = [
    'permit(principal, action in [Action::"pull", Action::"fork"], resource) when { principal in resource.readers };',
    'permit(principal, action == Action::"pull", resource) when { resource.visibility == "public" || '
    '(resource.visibility == "internal" && principal in resource.organization.members) };',
    'permit(principal, action == Action::"push", resource) when { principal in resource.writers };',
    'permit(principal, action in [Action::"addCollaborator", Action::"deleteRepository"], resource) '
    'when { principal in resource.admins || principal in resource.organization.owners };',
    'permit(principal, action in [Action::"comment", Action::"editIssue", Action::"closeIssue"], resource is Issue) '
    'when { principal == resource.reporter && principal in resource.repository.readers };',
    'permit(principal, action in [Action::"labelIssue", Action::"closeIssue"], resource is Issue) '
    'when { principal in resource.repository.triagers };',
    'permit(principal, action in [Action::"comment", Action::"editIssue"], resource is Issue) '
    'when { principal in resource.repository.maintainers };',
    'forbid(principal, action in Action::"change", resource is Repository) when { resource.archived };',
    'forbid(principal, action == Action::"deleteRepository", resource) unless { context.twoFactor };',
]

TINYTODO_SCHEMA = """\
entity Application;
entity Team in [Team];
entity User in [Team] { joined: Long };
type Task = { id: Long, name: String, done: Bool };
entity List in [Application] { owner: User, name: String, readers: Team, editors: Team, tasks: Set<Task> };
type Moment = { hour: Long };
action "listing" appliesTo { principal: User, resource: List, context: Moment };
action "createList", "getLists" appliesTo { principal: User, resource: Application, context: Moment };
action "getList", "updateList", "deleteList" in ["listing"] appliesTo { principal: User, resource: List, context: Moment };
action "createTask", "updateTask", "deleteTask" in ["listing"] appliesTo { principal: User, resource: List, context: Moment };
"""

TINYTODO_POLICIES = [
    'permit(principal, action in [Action::"createList", Action::"getLists"], resource == Application::"todo");',
    'permit(principal, action, resource is List) when { resource.owner == principal };',
    'permit(principal, action == Action::"getList", resource is List) '
    'when { principal in resource.readers || principal in resource.editors };',
    'permit(principal, action in [Action::"updateList", Action::"createTask", Action::"updateTask", Action::"deleteTask"], '
    'resource is List) when { principal in resource.editors };',
    'permit(principal in Team::"team0", action, resource);',
    'forbid(principal in Team::"interns", action == Action::"createList", resource);',
    'forbid(principal in Team::"temps", action in Action::"listing", resource is List) '
    'unless { context.hour >= 8 && context.hour < 18 };',
]


def forest(random, kind, count, more=()):
    """Names kind0… with the parents of each: at most one earlier sibling."""
    name = kind.lower()
    return {f"{name}{i}": [(kind, f"{name}{random.below(i)}")] if i and random.chance(0.4) else [] for i in range(count)}


def gdrive(size, count, seed=0):
    random = Random(f"gdrive {size} {seed}")
    users = [f"user{i}" for i in range(size)]
    groups = forest(random, "Group", size)
    joined = {user: random.some(list(groups), 3) for user in users}
    stands_on = {f"{name}-{right}": [] for name in users + list(groups) for right in ("views", "edits")}
    for right in ("views", "edits"):
        for group, parents in groups.items():
            for _, parent in parents:
                stands_on[f"{parent}-{right}"].append(("Shelf", f"{group}-{right}"))
        for user in users:
            for group in joined[user]:
                stands_on[f"{group}-{right}"].append(("Shelf", f"{user}-{right}"))
    for name in users + list(groups):  # who may edit may view
        stands_on[f"{name}-edits"].append(("Shelf", f"{name}-views"))
    shelves = list(stands_on)

    entities = [entity("Group", name, parents=parents) for name, parents in groups.items()]
    entities += [entity("Shelf", name, parents=parents) for name, parents in stands_on.items()]
    for i, user in enumerate(users):
        entities.append(entity("User", user, {
            "home": reference("Folder", f"folder{i}"), "views": reference("Shelf", f"{user}-views"),
            "edits": reference("Shelf", f"{user}-edits")}, [("Group", group) for group in joined[user]]))
    for name, parents in forest(random, "Folder", size).items():
        shared = [("Shelf", shelf) for shelf in random.some(shelves, 2 + size // 6)]
        entities.append(entity("Folder", name, {"owner": reference("User", random.pick(users))}, parents + shared))
    for i in range(size):
        shared = [("Shelf", shelf) for shelf in random.some(shelves, 2 + size // 6)]
        entities.append(entity("Document", f"document{i}", {
            "owner": reference("User", random.pick(users)), "published": random.chance(0.15), "locked": random.chance(0.2)},
            [("Folder", f"folder{random.below(size)}")] + shared))

    def ask(random):
        kind, actions = random.pick([("Document", ["read", "download", "edit", "delete", "share"]), ("Folder", ["list", "create"])])
        return request(("User", random.pick(users)), random.pick(actions), (kind, f"{kind.lower()}{random.below(size)}"),
                       {"managed": random.chance(0.7)})

    nobody = [request(("User", "nobody"), action, ("Document", "document0"), {"managed": False}) for action in ("read", "edit")]
    nothing = [request(("User", "user0"), action, ("Folder", "nothing"), {"managed": True}) for action in ("list", "create")]
    return Workload("gdrive", size, GDRIVE_POLICIES, GDRIVE_SCHEMA, entities,
                    [ask(random) for _ in range(count)], nobody + nothing)


def github(size, count, seed=0):
    random = Random(f"github {size} {seed}")
    users = [f"user{i}" for i in range(size)]
    teams = forest(random, "Team", size)
    ladder = ["admins", "maintainers", "writers", "triagers", "readers"]
    member_of = {user: [("Team", team) for team in random.some(list(teams), 3)] for user in users}
    roles = {}
    for i in range(size):
        for lower, higher in zip(ladder[1:], ladder):
            roles[f"repository{i}-{higher}"] = [("Team", f"repository{i}-{lower}")]
        roles[f"repository{i}-readers"] = []
        roles[f"organization{i}-members"] = []
        roles[f"organization{i}-owners"] = [("Team", f"organization{i}-members")]
    grantable = list(roles)
    for team in teams:
        teams[team] += [("Team", role) for role in random.some(grantable, 3 + size // 5)]
    for user in users:
        member_of[user] += [("Team", role) for role in random.some(grantable, 3 + size // 5)]

    entities = [entity("Team", name, parents=parents) for name, parents in {**teams, **roles}.items()]
    entities += [entity("User", user, parents=member_of[user]) for user in users]
    for i in range(size):
        entities.append(entity("Organization", f"organization{i}", {
            part: reference("Team", f"organization{i}-{part}") for part in ("members", "owners")}))
        entities.append(entity("Repository", f"repository{i}", {
            "organization": reference("Organization", f"organization{random.below(size)}"),
            "visibility": random.pick(["public", "internal", "private", "private"]), "archived": random.chance(0.15),
            **{role: reference("Team", f"repository{i}-{role}") for role in ladder}}))
        entities.append(entity("Issue", f"issue{i}", {
            "repository": reference("Repository", f"repository{random.below(size)}"),
            "reporter": reference("User", random.pick(users)), "locked": random.chance(0.1)}))

    def ask(random):
        kind, actions = random.pick([
            ("Repository", ["pull", "pull", "fork", "push", "push", "addCollaborator", "deleteRepository"]),
            ("Issue", ["comment", "editIssue", "labelIssue", "closeIssue"])])
        return request(("User", random.pick(users)), random.pick(actions), (kind, f"{kind.lower()}{random.below(size)}"),
                       {"twoFactor": random.chance(0.8)})

    session = {"twoFactor": False}
    edges = [request(("User", "nobody"), action, ("Repository", "repository0"), session) for action in ("pull", "deleteRepository")]
    edges += [request(("User", "user0"), "push", ("Repository", "nothing"), session),
              request(("User", "user0"), "closeIssue", ("Issue", "nothing"), session)]
    return Workload("github", size, GITHUB_POLICIES, GITHUB_SCHEMA, entities, [ask(random) for _ in range(count)], edges)


def tinytodo(size, count, seed=0):
    random = Random(f"tinytodo {size} {seed}")
    users = [f"user{i}" for i in range(size)]
    teams = {**forest(random, "Team", size), "interns": [], "temps": []}
    entities = [entity("Application", "todo")]
    entities += [entity("Team", name, parents=parents) for name, parents in teams.items()]
    for user in users:
        parents = [("Team", team) for team in random.some(list(teams), 3)]
        entities.append(entity("User", user, {"joined": random.below(10_000)}, parents))
    for i in range(size):
        entities.append(entity("List", f"list{i}", {
            "owner": reference("User", random.pick(users)), "name": f"List {i}",
            "readers": reference("Team", random.pick(list(teams))), "editors": reference("Team", random.pick(list(teams))),
            "tasks": [{"id": task, "name": f"Task {task}", "done": random.chance(0.5)} for task in range(random.below(6))]},
            [("Application", "todo")]))

    def ask(random):
        principal, context = ("User", random.pick(users)), {"hour": random.below(24)}
        if random.chance(0.15):
            return request(principal, random.pick(["createList", "getLists"]), ("Application", "todo"), context)
        action = random.pick(["getList", "updateList", "deleteList", "createTask", "updateTask", "deleteTask"])
        return request(principal, action, ("List", f"list{random.below(size)}"), context)

    edges = [request(("User", "nobody"), "getList", ("List", "list0"), {"hour": 3}),
             request(("User", "user0"), "updateTask", ("List", "nothing"), {"hour": 9}),
             request(("User", "user0"), "createList", ("Application", "other"), {"hour": 9})]
    return Workload("tinytodo", size, TINYTODO_POLICIES, TINYTODO_SCHEMA, entities, [ask(random) for _ in range(count)], edges)


APPLICATIONS = {"gdrive": gdrive, "github": github, "tinytodo": tinytodo}
