"""A directory of this suite's own making, as LDIF for slapadd; and what a directory holds, read with ldapsearch, as facts."""
import model
from slapd import EXAMPLES, GATEWAY, GROUPS, PEOPLE, encode

# In every group from the start, for a groupOfNames holds somebody; so these two can take everything already.
ROOT, OTHER_ROOT = "root0", "root1"
DISABLED = "000001010000Z"
CHOSEN_BY = ["departmentNumber", "employeeType"]  # what dynamic groups here select on


def user_dn(name):
    return f"uid={name},{PEOPLE}"


def group_dn(name):
    return f"cn={name},{GROUPS}"


def dn(node):
    """The DN of a node, by what people call it."""
    _, kind, name = node.split("/", 2)
    return {"user": user_dn, "group": group_dn, "name": str}[kind](name)


class Directory:
    def __init__(self):
        self.users, self.groups, self.dynamic = {}, {}, {}
        self.user(ROOT)
        self.user(OTHER_ROOT)
        self.group("admins", [model.user(OTHER_ROOT)])

    def user(self, name, disabled=False):
        self.users[name] = disabled
        return model.user(name)

    def group(self, name, members=()):
        """`members` are nodes; one that is a name leads nowhere."""
        self.groups[name] = {"member": [model.user(ROOT), *members], "owner": []}
        return model.group(name)

    def choosing(self, name, attribute, value):
        """A dynamic group: whoever has that value is in it."""
        self.dynamic[name] = (attribute, value)
        return model.group(name)

    def add(self, group, attribute, node):
        self.groups[group.split("/")[-1]][attribute].append(node)

    def ldif(self):
        users = [self.user_lines(name, disabled) for name, disabled in self.users.items()]
        groups = [self.group_lines(name, values) for name, values in self.groups.items()]
        dynamic = [self.dynamic_lines(name, *choice) for name, choice in self.dynamic.items()]
        return "\n\n".join([*skeleton(), *("\n".join(lines) for lines in users + groups + dynamic)]) + "\n"

    @staticmethod
    def user_lines(name, disabled):
        lines = [encode("dn", user_dn(name)), "objectClass: inetOrgPerson", f"uid: {name}", f"cn: {name}", f"sn: {name}"]
        return lines + ([f"pwdAccountLockedTime: {DISABLED}"] if disabled else [])

    @staticmethod
    def group_lines(name, values):
        lines = [encode("dn", group_dn(name)), "objectClass: groupOfNames", f"cn: {name}"]
        return lines + [encode(attribute, dn(node)) for attribute, nodes in values.items() for node in nodes]

    @staticmethod
    def dynamic_lines(name, attribute, value):
        url = f"ldap:///{PEOPLE}??one?({attribute}={value})"
        return [encode("dn", group_dn(name)), "objectClass: groupOfURLs", f"cn: {name}", f"memberURL: {url}"]


def skeleton():
    """The entries of examples/ldap that its configuration needs, without its users and groups."""
    blocks = (EXAMPLES / "base.ldif").read_text().strip().split("\n\n")
    blocks = ["\n".join(line for line in block.splitlines() if not line.startswith("#")) for block in blocks]
    return [block for block in blocks if not any(f",{base}\n" in block.split("\n", 1)[0] + "\n" for base in (PEOPLE, GROUPS))
            and not block.startswith("dn::")]


def read(slapd, beside=None):
    """All facts there are, as the superuser sees them; without those on nodes whose name begins with `beside`."""
    people = slapd.search(slapd.root, PEOPLE, "(objectClass=inetOrgPerson)", "uid", "pwdAccountLockedTime", *CHOSEN_BY)
    groups = slapd.search(slapd.root, GROUPS, "(cn=*)", "cn", "member", "owner", "memberURL", scope="one")
    nodes = {key(entry): model.user(values["uid"][0]) for entry, values in people}
    nodes |= {key(entry): model.group(values["cn"][0]) for entry, values in groups}
    facts = set()
    for entry, values in people:
        facts |= user_facts(nodes[key(entry)], values)
    for entry, values in groups:
        facts |= group_facts(nodes[key(entry)], values, nodes)
    return frozenset(fact for fact in facts if not beside or not any(of(part, beside) for part in fact))


def of(part, prefix):
    return part.split("/")[-1].removeprefix("uid=").startswith(prefix)


def key(entry):
    return entry.lower().replace(", ", ",")


def user_facts(node, values):
    chosen = {("has", node, attribute, value) for attribute in CHOSEN_BY for value in values.get(attribute, [])}
    return {("user", node)} | chosen | ({("disabled", node)} if "pwdAccountLockedTime" in values else set())


def group_facts(node, values, nodes):
    if "memberURL" in values:  # its members are worked out by slapd; here they follow from `has`
        return {("selects", node, *url.rsplit("(", 1)[1].rstrip(")").split("=")) for url in values["memberURL"]}
    return {(attribute, nodes.get(key(value), model.name(key(value)))) + (node,)
            for attribute in ("member", "owner") for value in values.get(attribute, [])}


def system(slapd, password, attributes):
    """The gateway's configuration for it: no labels. `attributes` are those agents may write; by default all it knows of."""
    fixed = [{"name": name, "sensitivity": "public"} for name in ("displayName", "sn")]
    writable = [{"name": name, "sensitivity": "internal", "writable": "true"} for name in attributes or []]
    return {
        **({"attributes": fixed + writable} if attributes else {}),
        "name": model.SYSTEM, "kind": "ldap", "url": slapd.url, "bindDN": GATEWAY, "passwordFile": str(password), "people": PEOPLE,
        "groups": GROUPS, "grants": f"ou=grants,{PEOPLE.split(',', 1)[1]}",
        "passwordPolicy": f"cn=default,ou=services,{PEOPLE.split(',', 1)[1]}"}
