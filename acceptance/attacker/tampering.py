"""The database altered between staging and approval: what runs must be what was asked, shown and signed."""
import json
import time

from approvals import runs, sensitive, staged
from people import canonical


def rewrite(scene, change, alter):
    """Somebody who can write the store alters the staged change, keeping its form."""
    db = scene.database("exequatur")
    row = json.loads(db.execute("SELECT json FROM change WHERE id = ?", (change,)).fetchone()[0])
    before = canonical(row)
    alter(row)
    db.execute("UPDATE change SET json = ?, state = ? WHERE id = ?", (canonical(row).encode(), row["state"], change))
    db.commit()
    db.close()
    return json.loads(before)


def after_signing(scene, alter):
    """Dana signs what she is shown; the change is altered; then her statement arrives."""
    change = staged(scene)
    statement = scene.desk.statement(change, "dana.moe")
    rewrite(scene, change, alter)
    scene.desk.hand_in(change, statement, "dana.moe")
    return runs(scene, change)


def between_two(scene, alter):
    """Dana approves; the change is altered; farah approves what she is shown."""
    change = sensitive(scene)
    scene.desk.approve(change, "dana.moe")
    before = rewrite(scene, change, alter)
    scene.desk.approve(change, "farah.noor")
    went_on = runs(scene, change)
    # Put back, so that the next try can ask for the same.
    rewrite(scene, change, lambda row: row.update(before))
    return went_on or runs(scene, change)


def alterations():
    """(what, how) for a change that creates a user."""
    yield "its input: another person", lambda row: row["input"].update(user="mallory")
    yield "its input: another name", lambda row: row["input"].update(displayName="Ada Berg")
    yield "its operation", lambda row: row.update(operation="user.reset-password", input={"user": "milo.dahl"})
    yield "its plan: the values", lambda row: row["plan"]["touched"][0].update(after=["absent"])
    yield "its plan: the target", lambda row: row["plan"].update(target={"type": "Embedded::User", "id": "u-1001"})
    yield "its plan: what the backend is told", lambda row: row["plan"]["native"].update(target="ada.berg")
    yield "its plan: the inverse", lambda row: row["plan"].update(inverse={"operation": "user.remove", "input": {"user": "milo.dahl"}})
    yield "its definition", lambda row: row.update(definition="0" * 64)
    yield "what is demanded", lambda row: row.update(requirement={"approvers": [], "demand": {"all": []}})
    yield "its assessment", lambda row: row["shown"].update(labels=["harmless"])
    yield "its system", lambda row: row.update(system="other")
    yield "its task", lambda row: row["task"].update(id="task-000000000000000000000000")
    yield "its task's purpose", lambda row: row["task"]["purpose"].update(name="onboarding")
    yield "its requester", lambda row: row.update(requester={"type": "Exequatur::Person", "id": "dana.moe"})
    yield "its adopter", lambda row: row.update(adopter="dana.moe")


def set_approved(scene):
    """The state alone, written as approved: nothing may take it for permission."""
    change = staged(scene)
    rewrite(scene, change, lambda row: row.update(state="approved"))
    scene.a.status(change)
    scene.desk.call("POST", f"changes/{change}/adopt", {}, bearer=scene.desk.session("dana.moe"))
    time.sleep(6)  # The gateway's upkeep comes by every five seconds.
    return scene.desk.state(change) not in ("approved", "store.altered")


def tries(scene):
    for name, alter in alterations():
        yield f"altered after signing: {name}", lambda a=alter: after_signing(scene, a)
    yield "altered between two approvals: the member", lambda: between_two(scene, lambda row: row["input"].update(member="kai.nilsen"))
    yield "altered between two approvals: the group", lambda: between_two(scene, lambda row: row["input"].update(group="finance"))
    yield "set to approved", lambda: set_approved(scene)
    yield "an approval put straight into the store", lambda: planted(scene)


def planted(scene):
    """An approval nobody signed, written into the table beside one that is real."""
    change = sensitive(scene)
    statement = scene.desk.statement(change, "dana.moe")
    db = scene.database("exequatur")
    proof = canonical({"statement": canonical(statement), "signature": "none", "userVerified": True, "taken": statement["issued"],
                       "requirement": scene.desk.show(change)["requirement"]}).encode()
    db.execute("INSERT INTO approval VALUES (?, ?, ?, ?, ?)", (statement["nonce"], change, "dana.moe", "approve", proof))
    db.commit()
    db.close()
    scene.desk.approve(change, "farah.noor")
    return runs(scene, change)
