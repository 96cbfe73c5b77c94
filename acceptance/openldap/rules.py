"""What slapd's own access rules hold: the gateway's base identity and a just-in-time account, tried with OpenLDAP's tools."""
import os
import subprocess
import time

from slapd import GATEWAY, GRANTS, GROUPS, PEOPLE, SERVICES

DENIED = 50
BASE = (GATEWAY, "pw-gateway")
ALICE, BOB, CAROL, DAVE = (f"uid={name},{PEOPLE}" for name in ("alice", "bob", "carol", "dave"))
STAFF, ENG = f"cn=staff,{GROUPS}", f"cn=eng,{GROUPS}"


def modify(dn, verb, attribute, value):
    return f"dn: {dn}", "changetype: modify", f"{verb}: {attribute}", f"{attribute}: {value}"


def new_user(name):
    return f"dn: uid={name},{PEOPLE}", "changetype: add", "objectClass: inetOrgPerson", f"uid: {name}", "cn: N", "sn: N"


# One write of every kind that the gateway's catalogue has, and some it does not.
WRITES = {
    "adding a member": modify(STAFF, "add", "member", CAROL),
    "adding another member": modify(STAFF, "add", "member", DAVE),
    "removing a member": modify(STAFF, "delete", "member", BOB),
    "adding to another group": modify(ENG, "add", "member", CAROL),
    "replacing all members": modify(STAFF, "replace", "member", CAROL),
    "setting a title": modify(ALICE, "replace", "title", "Boss"),
    "setting a telephone number": modify(ALICE, "replace", "telephoneNumber", "+47 1"),
    "setting an employee number": modify(ALICE, "replace", "employeeNumber", "1"),
    "setting a password": modify(ALICE, "replace", "userPassword", "{SSHA}YWJjZGVmZ2hpamtsbW5vcA=="),
    "disabling a user": modify(BOB, "add", "pwdAccountLockedTime", "000001010000Z"),
    "creating a user": new_user("sneaky"),
    "changing the password policy": modify(f"cn=default,{SERVICES}", "replace", "pwdLockout", "FALSE"),
    "changing the auditor's password": modify(f"cn=audit,{SERVICES}", "replace", "userPassword", "{SSHA}x"),
    "creating a group": (f"dn: cn=sneaky,{GROUPS}", "changetype: add", "objectClass: groupOfNames", "cn: sneaky", f"member: {ALICE}"),
}


def all_denied(slapd, identity, check, who, but=()):
    for what, ldif in WRITES.items():
        if what not in but:
            code = slapd.modify(identity, *ldif)
            check(code == DENIED, f"{who}: {what} is refused by slapd [{code}]")
    for what, code in (("deleting a user", slapd.delete(identity, DAVE)), ("renaming a user", slapd.rename(identity, DAVE, "uid=sneaky"))):
        check(code == DENIED, f"{who}: {what} is refused by slapd [{code}]")


def base_identity(slapd, check):
    check(slapd.binds(*BASE), "(the base identity can bind)")
    all_denied(slapd, BASE, check, "base identity")
    hashes = [dn for dn, values in slapd.search(BASE, PEOPLE, "(objectClass=*)", "userPassword") if values]
    check(not hashes, "base identity: no password hash can be read")
    check(not slapd.search(BASE, "cn=log", "(objectClass=*)", "1.1"), "base identity: slapd's log can't be read")


def mint(slapd, name, target, right, owner):
    """A just-in-time account as the gateway makes them: one entry, one right, one value, a minute."""
    password = os.urandom(9).hex()
    hashed = subprocess.run(["/usr/sbin/slappasswd", "-h", "{SSHA}", "-s", password], capture_output=True, text=True, check=True).stdout.strip()
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 60))
    dn = f"cn={name},{GRANTS}"
    code = slapd.modify(
        BASE, f"dn: {dn}", "changetype: add", "objectClass: device", "objectClass: simpleSecurityObject", "objectClass: dynamicObject",
        f"cn: {name}", f"seeAlso: {target}", f"description: {right}", f"owner: {owner}", f"userPassword: {hashed}", f"pwdEndTime: {end}")
    assert code == 0, f"minting: {code}"
    return dn, password


def one_step(slapd, check):
    """An account for one step is good for that step and for nothing beside it."""
    identity = mint(slapd, "probe", STAFF, "member:add", CAROL)
    all_denied(slapd, identity, check, "account for one step", but=["adding a member"])
    for what, ldif in (("its own right", modify(identity[0], "replace", "description", "user:delete")),
                       ("its own end", modify(identity[0], "replace", "pwdEndTime", "20990101000000Z"))):
        code = slapd.modify(identity, *ldif)
        check(code == DENIED, f"account for one step: changing {what} is refused by slapd [{code}]")
    seen = {dn for dn, _ in slapd.search(identity, "dc=ex,dc=org", "(objectClass=*)", "*")}
    check(seen <= {STAFF}, f"account for one step: it reads nothing but its target ({len(seen)} entry)")
    check(slapd.modify(identity, *WRITES["adding a member"]) == 0, "account for one step: the granted step is done")
    check(slapd.modify(slapd.root, *modify(STAFF, "delete", "member", CAROL)) == 0, "(undone by another hand)")
    check(slapd.delete(BASE, identity[0]) == 0, "account for one step: the gateway removes it")
    check(not slapd.binds(*identity), "account for one step: removed, it can't bind")
