"""A directory in which others work too, and in which most people are none of the agent's business."""
import collections
import contextlib
import itertools
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


@contextlib.contextmanager
def meanwhile(edit):
    """Somebody else's edits, one after the other with pauses, while the body runs."""
    done = threading.Event()

    def work():
        for number in itertools.count():
            if done.is_set():
                return
            edit(number)
            done.wait(random.uniform(0, 0.5))

    editor = threading.Thread(target=work)
    editor.start()
    try:
        yield
    finally:
        done.set()
        editor.join()


def administrator(gateway, slapd, check):
    """The server's root edits a user all the while an agent does: that is no reason to stop the agents in all of the system."""
    effect = LDAPEffect(slapd)
    user, admins = effect.dn(CAST.profile), effect.dn(CAST.protected)

    def renaming(number):
        slapd.modify(slapd.root, ("dn", user), "changetype: modify", "replace: displayName", ("displayName", f"Bob {number}"),
                     "-", "replace: description", ("description", f"edit {number}"))

    def promoting(number):
        verb = "delete" if number % 2 else "add"
        slapd.modify(slapd.root, ("dn", admins), "changetype: modify", f"{verb}: member", ("member", user))

    for edit, allowed in ((renaming, {"done", "target.conflict"}), (promoting, {"done", "target.conflict", "denied"})):
        with meanwhile(edit):
            answers = [ask(gateway, "user.set-title", {"user": CAST.profile, "value": f"Baker {n}"}) for n in range(EDITS)]
        codes = collections.Counter(answer["code"] if status != 200 else "done" for status, answer in answers)
        check(set(codes) <= allowed and "done" in codes, f"{edit.__name__}: each step is done or met the other's ({codes})")
        locks = [lock for lock in gateway.cli("dana", "locks")[1].splitlines() if lock.split()[:1] in (["system"], ["all"])]
        check(not locks, f"{edit.__name__}: the system is not locked {locks or ''}")
        status, answer = ask(gateway, "user.set-title", {"user": CAST.reader, "value": f"Still served, {edit.__name__}"})
        check(status == 200, f"{edit.__name__}: steps on others go on ({answer.get('code')})")


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
