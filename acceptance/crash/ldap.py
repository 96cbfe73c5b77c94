"""OpenLDAP in the matrix: a slapd of its own behind each gateway, looked at with OpenLDAP's own tools."""
from backend import Backend
from ldap_directory import LDAPEffect, system
from slapd import GRANTS, GROUPS, PEOPLE, Slapd


class LDAP(Backend):
    namespace = "LDAP"
    kinds = ["set attribute", "add member", "create user", "remove user", "reset password"]
    group = "staff"

    def tells_whose(self, step):
        # `modifiersName` names the account that wrote last. It goes with the entry.
        return step.effect != "no-entry"

    def systems(self):
        # It outlives the gateway's kills, and listens before the gateway's first start.
        self.slapd = Slapd()
        self.slapd.start()
        self.effect = LDAPEffect(self.slapd)
        password = self.slapd.folder / "gateway.password"
        password.write_text("pw-gateway\n")
        password.chmod(0o600)
        return [{**system(self.slapd, password), "name": "corp"}]

    def close(self):
        self.slapd.close()

    # Looking, as a superuser the gateway knows nothing of

    def entry(self, dn):
        """All attributes of an entry, operational ones and the password's hash too, or None."""
        found = self.slapd.search(self.slapd.root, dn, "(objectClass=*)", "*", "+", scope="base")
        return found[0][1] if found else None

    def user(self, name):
        return f"uid={name},{PEOPLE}"

    def dn(self, step):
        return f"cn={step.target},{GROUPS}" if step.effect in ("member", "no-member") else self.user(step.target)

    def attribute_of(self, step):
        return "title" if step.how == "undo-agent" else "telephoneNumber"

    def password(self, entry):
        return (entry or {}).get("userPassword")

    def granted_writes(self, dn):
        """How often a grant's account has written the entry, by the server's own log. Refused writes don't count."""
        written = self.slapd.writes(f"(&(objectClass=auditWriteObject)(reqDN={dn})(reqResult=0))")
        return sum(write["reqAuthzID"].lower().endswith("," + GRANTS.lower()) for write in written)

    def remember(self, step):
        dn = self.dn(step)
        return {"entry": self.entry(dn), "writes": self.granted_writes(dn)}

    def has_effect(self, step):
        entry = self.entry(self.dn(step))
        if step.effect in ("entry", "no-entry"):
            return (entry is not None) == (step.effect == "entry")
        if entry is None:
            return False
        if step.effect == "value":
            return entry.get(self.attribute_of(step)) == [step.value]
        if step.effect in ("member", "no-member"):
            return (self.user(step.value) in entry.get("member", [])) == (step.effect == "member")
        if step.effect == "password":
            return self.password(entry) != self.password(step.mark["entry"])
        return "pwdAccountLockedTime" in entry

    def count_effect(self, step):
        count = self.granted_writes(self.dn(step)) - step.mark["writes"]
        if step.effect != "entry":
            return count
        # A second entry would have another name, and the same display name.
        alike = self.slapd.search(self.slapd.root, PEOPLE, f"(displayName={step.input['displayName']})", "1.1")
        return max(count, len(alike))

    def leftover_accounts(self):
        return self.slapd.grants()

    # Another hand

    def write(self, dn, *lines, already=()):
        code = self.slapd.modify(self.slapd.root, ("dn", dn), *lines)
        assert code == 0 or code in already, f"writing {dn}: {code}"

    def add_user(self, name, *more):
        lines = ["objectClass: inetOrgPerson", ("uid", name), ("cn", name), *more]
        self.write(self.user(name), "changetype: add", *lines, already=[68])

    def add_users(self, names):
        for name in names:
            self.add_user(name, "sn: Spare", "telephoneNumber: +47 500", "title: Spare")

    def put_member(self, group, user):
        self.effect.edit_member(group, user, True)

    def edit(self, step, how):
        if step.effect in ("member", "no-member"):
            return self.effect.edit_member(step.target, step.value, (how == "same") == (step.effect == "member"))
        if step.effect in ("entry", "no-entry"):
            return self.edit_entry(step, (how == "same") == (step.effect == "entry"))
        name = "userPassword" if step.effect == "password" else "telephoneNumber"
        name = "departmentNumber" if how == "elsewhere" else name
        value = step.value if how == "same" else "5005" if name == "telephoneNumber" else "set by somebody else"
        self.write(self.user(step.target), "changetype: modify", f"replace: {name}", (name, value))

    def edit_entry(self, step, adding):
        if adding:
            return self.add_user(step.target, "sn: New", ("displayName", "New " + step.target))
        assert self.slapd.delete(self.slapd.root, self.user(step.target)) == 0
