"""OpenLDAP in the story: the gateway's configuration for it, who plays whom, and what the server says behind its back."""
from cast import Cast, Effect
from slapd import GATEWAY, GRANTS, GROUPS, PEOPLE, SERVICES

CAST = Cast(
    namespace="LDAP", system="corp-ldap", reader="alice", shown="mail", secret="userPassword", confidential="employeeNumber",
    prefix="Eng", alike=["alice", "bob", "carol", "dave"], profile="bob", newcomer="dave", colleague="zoë", leaver="bob",
    forgetful="dave", trusted="jdoe", group="staff", member="alice", outer="eng", inner="staff", deep="bob", sensitive="solo",
    protected="admins", hidden=["root0"], old_password="pw-dave")


def system(slapd, password_file, ca=None):
    """The gateway's configuration. `ca` asks for StartTLS, trusting that authority."""
    transport = {"startTLS": "true", "ca": str(ca)} if ca else {}
    return {
        "name": CAST.system, "kind": "ldap", "url": slapd.url, **transport, "bindDN": GATEWAY, "passwordFile": str(password_file),
        "people": PEOPLE, "groups": GROUPS, "grants": GRANTS, "passwordPolicy": f"cn=default,{SERVICES}",
        "labels": [
            {"label": "tier-0", "entries": [f"cn={CAST.protected},{GROUPS}"]},
            {"label": "sensitive", "entries": [f"cn={CAST.sensitive},{GROUPS}"]},
        ],
    }


class LDAPEffect(Effect):
    """Reads and edits with OpenLDAP's own tools, as a superuser the gateway knows nothing of."""

    def __init__(self, slapd):
        self.slapd = slapd

    def entry(self, name):
        """(dn, attributes) of a user or group, or None."""
        filter = f"(|(&(objectClass=inetOrgPerson)(uid={name}))(&(objectClass=groupOfNames)(cn={name})))"
        found = self.slapd.search(self.slapd.root, "dc=ex,dc=org", filter, "*", "pwdAccountLockedTime")
        return found[0] if found else None

    def dn(self, name):
        return self.entry(name)[0]

    def is_member(self, group, member):
        found = self.slapd.search(self.slapd.root, self.dn(group), f"(member={self.escaped(self.dn(member))})", "1.1", scope="base")
        return bool(found)

    @staticmethod
    def escaped(value):
        return "".join(f"\\{ord(c):02x}" if c in "\\*()\0" else c for c in value)

    def attribute(self, user, name):
        return self.entry(user)[1].get(name, [None])[0]

    def is_enabled(self, user):
        return "pwdAccountLockedTime" not in self.entry(user)[1]

    def exists(self, user):
        return self.entry(user) is not None

    def password_works(self, user, password):
        return self.slapd.binds(self.dn(user), password)

    def edit(self, user, name, value):
        lines = [("dn", self.dn(user)), "changetype: modify", f"replace: {name}"] + ([(name, value)] if value is not None else [])
        code = self.slapd.modify(self.slapd.root, *lines)
        assert code == 0, f"editing {user}: {code}"

    def edit_member(self, group, member, present):
        verb, already = ("add", 20) if present else ("delete", 16)
        code = self.slapd.modify(
            self.slapd.root, ("dn", self.dn(group)), "changetype: modify", f"{verb}: member", ("member", self.dn(member)))
        assert code in (0, already), f"editing {group}: {code}"
