"""A directory in which others work too, and in which most people are none of the agent's business."""
import collections
import pathlib
import random
import tempfile
import threading

from down import ask
from ldap_directory import CAST, LDAPEffect
from slapd import EXAMPLES, GROUPS, PEOPLE, Slapd

HIDDEN, EDITS = 600, 25


def directory():
    """The example directory, and many more people in the protected group, whose names and titles sort before everybody's."""
    names = [f"aa{number:03}" for number in range(HIDDEN)]
    people = "".join(
        f"\n\ndn: uid={n},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {n}\ncn: {n}\nsn: {n}\ntitle: Eng\n" for n in names)
    group = f"dn: cn={CAST.protected},{GROUPS}\n"
    blocks = (EXAMPLES / "base.ldif").read_text().strip().split("\n\n")
    members = "".join(f"\nmember: uid={n},{PEOPLE}" for n in names)
    text = "\n\n".join(block.rstrip("\n") + members if block.startswith(group) else block for block in blocks)
    assert members in text, f"the example has no {group!r}"
    path = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-crowd-")) / "base.ldif"
    path.write_text(text + people)
    return path


def searching(gateway, check):
    """More than a server's page of matches that may not be seen come before the four that may."""
    body = {"attribute": "title", "match": "prefix", "value": "Eng"}
    status, answer = ask(gateway, "user.find", body)
    found = [user["name"] for user in answer["result"]["users"]] if status == 200 else answer
    check(found == sorted(CAST.alike), f"behind {HIDDEN} hidden matches those who may be seen are found ({found})")


def administrator(gateway, slapd, check):
    """Somebody else edits a user all the while an agent does: that is no reason to stop the agents in all of the system."""
    effect, done = LDAPEffect(slapd), threading.Event()
    name = effect.dn(CAST.profile)

    def edit():
        number = 0
        while not done.is_set():
            number += 1
            slapd.modify(slapd.root, ("dn", name), "changetype: modify", "replace: displayName", ("displayName", f"Bob {number}"),
                         "-", "replace: description", ("description", f"edit {number}"))
            done.wait(random.uniform(0, 0.5))

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        answers = [ask(gateway, "user.set-title", {"user": CAST.profile, "value": f"Baker {n}"}) for n in range(EDITS)]
    finally:
        done.set()
        editor.join()
    codes = [answer["code"] if status != 200 else "done" for status, answer in answers]
    check(set(codes) <= {"done", "target.conflict"} and "done" in codes, f"each step is done or met a conflict ({collections.Counter(codes)})")
    locks = gateway.cli("dana", "locks")[1]
    check("system" not in locks.replace("operation", ""), f"nothing wider is locked than an operation on a target ({locks.strip()})")
    status, answer = ask(gateway, "user.set-title", {"user": CAST.reader, "value": "Still served"})
    check(status == 200, f"steps on others go on ({answer.get('code')})")


def play(world, check):
    base = directory()
    slapd = Slapd(base=base)
    gateway = None
    try:
        slapd.start()
        gateway = world(slapd, slapd.ca).start()
        print(" slapd: a crowd", flush=True)
        searching(gateway, check)
        administrator(gateway, slapd, check)
        code, report = gateway.verify(gateway.keep_checkpoints("dana"))
        check(code == 0, f"the logs are whole {report['problems'][:3] or ''}")
    finally:
        if gateway:
            gateway.close()
        slapd.close()
        base.unlink()
        base.parent.rmdir()
