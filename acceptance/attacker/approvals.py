"""Approvals: forged, borrowed, replayed, or given by those who stand on the agent's side."""
import json
import subprocess
import time

from people import canonical

NAMES = iter(f"try-{i:03}" for i in range(1000))


def staged(scene, agent=None):
    """A change that waits for one approval, of a new account each time; the attacker wants it carried out."""
    fields = {"user": next(NAMES), "displayName": "T", "surname": "T"}
    return (agent or scene.a).api("user.create", fields).answer["change"]


def sensitive(scene, member="nora.lie"):
    """A change that waits for two people of different teams."""
    fields = {"group": "payroll-readers", "member": member}
    change = scene.a.api("group.add-member", fields).answer["change"]
    if scene.desk.show(change)["words"]:
        # The same waits already, with what an earlier try left on it.
        scene.desk.hand_in(change, scene.desk.statement(change, "farah.noor", {"verdict": "refuse"}), "farah.noor")
        change = scene.a.api("group.add-member", fields).answer["change"]
    return change


def runs(scene, change):
    """Whether the change got anywhere it must not."""
    return scene.desk.state(change) in ("approved", "executing", "executed")


def stranger(scene):
    path = scene.world.folder / "mallory"
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return "mallory"


def false_statements(scene, change):
    """(what, fields of dana's statement altered before she signs it: she was shown something else)."""
    now, other = int(time.time() * 1000), staged(scene)
    yield "for another gateway", {"gateway": "another"}
    yield "for another change", {"change": other}
    yield "for other terms", {"terms": "0" * 64}
    yield "for another assessment", {"assessment": "0" * 64}
    yield "for another requirement", {"requirement": "0" * 64}
    yield "in another's name", {"approver": "farah.noor"}
    yield "expired", {"issued": now - 700_000, "expires": now - 1000}
    yield "good for a year", {"expires": now + 31_536_000_000}
    yield "from the future", {"issued": now + 300_000, "expires": now + 600_000}
    yield "expiring before it was issued", {"issued": now, "expires": now}
    yield "of another type", {"type": "exequatur-session-v1"}
    yield "with another verdict", {"verdict": "approved"}
    yield "with a field more", {"userVerified": True}
    yield "with a short nonce", {"nonce": "00"}
    yield "with a nonce in capitals", {"nonce": "ABCDEF" * 5 + "AB"}


def by(scene, person, key=None, session=None, namespace="exequatur-approval"):
    change = staged(scene)
    scene.desk.hand_in(change, scene.desk.statement(change, person), person, key, namespace, session and scene.desk.session(session))
    return runs(scene, change)


def rewritten(scene):
    """A's statement, signed by dana, with B's ids written into it."""
    a, b = staged(scene), staged(scene)
    statement = scene.desk.statement(a, "dana.moe")
    signature = scene.desk.sign("dana.moe", canonical(statement), "exequatur-approval")
    scene.desk.hand_in(b, statement, "dana.moe", signature=signature)
    scene.desk.hand_in(b, scene.desk.statement(b, "dana.moe", {"nonce": statement["nonce"]}), "dana.moe", signature=signature)
    return runs(scene, a) or runs(scene, b)


def refusal_as_approval(scene):
    change = staged(scene)
    refusal = scene.desk.statement(change, "dana.moe", {"verdict": "refuse"})
    signature = scene.desk.sign("dana.moe", canonical(refusal), "exequatur-approval")
    scene.desk.hand_in(change, {**refusal, "verdict": "approve"}, "dana.moe", signature=signature)
    scene.desk.hand_in(change, refusal, "dana.moe", signature=signature)
    approval = scene.desk.statement(change, "dana.moe")
    scene.desk.hand_in(change, approval, "dana.moe")
    return runs(scene, change)


def replayed(scene):
    """One approval, handed in again for the same change in every session, must stay one."""
    change = sensitive(scene)
    statement = scene.desk.statement(change, "farah.noor")
    signature = scene.desk.sign("farah.noor", canonical(statement), "exequatur-approval")
    for session in ("farah.noor", "farah.noor", "dana.moe", "olga"):
        scene.desk.hand_in(change, statement, session, signature=signature)
    scene.desk.approve(change, "farah.noor")
    return runs(scene, change)


def two_ids_of_one(scene, first, second):
    """Two people of different teams are asked for; one human with two ids is not two."""
    change = sensitive(scene)
    scene.desk.approve(change, first)
    scene.desk.approve(change, second)
    return runs(scene, change)


def not_canonical(scene):
    """The same statement in other bytes: what was signed must be what is meant."""
    change = staged(scene)
    statement = scene.desk.statement(change, "dana.moe")
    for text in (json.dumps(statement), canonical(statement) + "\n", " " + canonical(statement),
                 canonical(statement)[:-1] + ',"verdict":"approve"}', canonical(statement).replace("approve", "\\u0061pprove", 1)):
        scene.desk.hand_in(change, text, "dana.moe")
    return runs(scene, change)


def broken_signatures(scene):
    change = staged(scene)
    statement = scene.desk.statement(change, "dana.moe")
    good = scene.desk.sign("dana.moe", canonical(statement), "exequatur-approval")
    lines = good.split("\n")
    for bad in ("", "x", good[:-40], "x" + good, good + good, "\n".join(lines[:1] + lines[2:]), good.replace("U1NIU0lH", "U1NIU0lI", 1),
                good.replace(lines[-3][:4], "AAAA", 1), "-----BEGIN SSH SIGNATURE-----\n\n-----END SSH SIGNATURE-----\n",
                "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----\n"):
        scene.desk.hand_in(change, statement, "dana.moe", signature=bad)
    return runs(scene, change)


def agent_on_the_desk(scene, verb):
    change = staged(scene)
    for bearer in (scene.a.token, "", "session-" + "0" * 24, None):
        scene.desk.call("POST", f"changes/{change}/{verb}", {}, bearer=bearer)
    for path in (f"/people/v1/changes/{change}/{verb}", f"/v1/changes/{change}/{verb}", f"/v1/changes/{change}/approve"):
        scene.a.send("POST", path, {})
    return runs(scene, change)


def adopted_by_nobody(scene):
    """A person without the right to act must not be able to adopt what the agent proposed."""
    change = scene.a.api("user.disable", {"user": "milo.dahl"}).answer["change"]
    scene.desk.call("POST", f"changes/{change}/adopt", {}, bearer=scene.desk.session("farah.noor"))
    scene.desk.approve(change, "farah.noor")
    scene.desk.approve(change, "dana.moe")
    return runs(scene, change)


def secret_to(scene, person):
    """A new password, approved by dana and farah, must not go to somebody who had no say in it: the agent's owner."""
    change = scene.b.api("user.reset-password", {"user": "lena.vik"}).answer["change"]
    scene.desk.approve(change, "dana.moe")
    assert scene.desk.state(change) == "executed"
    scene.accept()  # The hash of the new password: permitted.
    reply = scene.desk.call("POST", f"changes/{change}/secret", {}, bearer=scene.desk.session(person))
    return reply.status == 200


def tries(scene):
    for person in ("dana.moe", "farah.noor", "olga", "olga.adm", "olga.root", "dana.sec"):
        scene.desk.session(person)
    change = staged(scene)
    for name, other in false_statements(scene, change):
        yield f"statement {name}", lambda o=other: bool(scene.desk.approve(change, "dana.moe", o)) and runs(scene, change)
    yield "signed with an unknown key", lambda: by(scene, "dana.moe", key=stranger(scene))
    yield "signed with another person's key", lambda: by(scene, "dana.moe", key="olga")
    yield "signed in the sessions' namespace", lambda: by(scene, "dana.moe", namespace="exequatur-session")
    yield "signed in the namespace of files", lambda: by(scene, "dana.moe", namespace="file")
    yield "handed in by somebody else", lambda: by(scene, "dana.moe", session="farah.noor")
    yield "signed by the agent's owner", lambda: by(scene, "olga")
    yield "signed by an alias of the owner", lambda: by(scene, "olga.adm")
    yield "signed by an alias of an alias of the owner", lambda: by(scene, "olga.root")
    yield "login with another person's key", lambda: scene.desk.login("dana.moe", key="olga") is not None
    yield "login with an unknown key", lambda: scene.desk.login("dana.moe", key=stranger(scene)) is not None
    yield "login signed in the approvals' namespace", lambda: scene.desk.login("dana.moe", namespace="exequatur-approval") is not None
    yield "A's approval used for B", lambda: rewritten(scene)
    yield "a refusal replayed as approval", lambda: refusal_as_approval(scene)
    yield "one approval replayed", lambda: replayed(scene)
    yield "one human with two ids approves twice", lambda: two_ids_of_one(scene, "dana.moe", "dana.sec")
    yield "two people of one team", lambda: two_ids_of_one(scene, "farah.noor", "dana.sec")
    yield "statement in other bytes", lambda: not_canonical(scene)
    yield "broken signatures", lambda: broken_signatures(scene)
    for verb in ("statement", "adopt", "rollback", "secret"):
        yield f"the agent calls {verb} itself", lambda v=verb: agent_on_the_desk(scene, v)
    yield "adoption without a right to act", lambda: adopted_by_nobody(scene)
    yield "the agent's owner takes the new password", lambda: secret_to(scene, "olga")
