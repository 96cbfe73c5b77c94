"""Drives the real binary as an operator and as an approver would, mistakes included."""
import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import guarded  # noqa: E402
from signing import signing  # noqa: E402
from world import BINARY, ROOT, Checks, World, free_port, wait_until  # noqa: E402

POLICY = (ROOT / "examples/demo/policy.cedar").read_text()
SYSTEMS = [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}]
check = Checks()


def new_world():
    return World(POLICY, SYSTEMS, {"olga": ["service-desk-leads"], "lars": ["service-desk-leads"], "sara": ["security"]}, {"agent": {"owner": "olga", "groups": ["service-desk"]}})


def run(*arguments):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def refuses(world, old, new, *expected):
    """One mistake in the configuration, and what the message must name."""
    path = world.folder / "exequatur.yaml"
    good = path.read_text()
    assert old in good, old
    bad = good.replace(old, new, 1)
    path.write_text(bad)
    line = bad[: bad.index(new)].count("\n") + 1
    code, text = run("policy", "check", "--config", path)
    path.write_text(good)
    held = code != 0 and all(part in text for part in expected) and f":{line}:" in text
    check(held, f"{new.strip()!r} is refused, with key and line" + ("" if held else f", but {text!r}"))


def configuration(world):
    refuses(world, '"tenant"', '"tennant"', "unknown key `gateway.tennant`", "did you mean `tenant`")
    refuses(world, '"deadline": 5', '"deadline": 0', "gateway.deadline")
    refuses(world, '"host": "127.0.0.1"', '"hosst": "127.0.0.1"', "unknown key `listen.hosst`")
    refuses(world, '"kind": "embedded"', '"kind": "embeded"', "there is no kind of system `embeded`")
    refuses(world, '"expires": "2099-01-01T00:00:00Z"', '"expires": "soon"', "expires")
    refuses(world, '"keys": [\n', '"keyz": [\n', "keyz")
    refuses(world, '"jwks": "jwks.json"', '"jwks": "http://127.0.0.1.evil.example/keys"', "https only")
    twice(world, "persons", "person id `olga` is given twice")
    twice(world, "workloads", "workload id `agent` is given twice")
    shared_key(world)
    code, text = run("serve", "--config", world.folder / "nowhere.yaml")
    check(code != 0 and "nowhere.yaml" in text, "a configuration that is not there is named")


def with_configuration(world, change):
    """What `policy check` says of a changed configuration."""
    path = world.folder / "exequatur.yaml"
    good = path.read_text()
    configuration = json.loads(good)
    change(configuration)
    path.write_text(json.dumps(configuration, indent=1))
    code, text = run("policy", "check", "--config", path)
    path.write_text(good)
    return code, text


def twice(world, key, expected):
    code, text = with_configuration(world, lambda c: c[key].append(dict(c[key][0])))
    check(code != 0 and expected in text, f"one of the {key} given twice is refused")


def shared_key(world):
    code, text = with_configuration(world, lambda c: c["persons"][1].update(keys=c["persons"][0]["keys"]))
    check(code != 0 and "one key is one human" in text, "one key for two people is refused")


def policies(world):
    path = world.folder / "policy.cedar"
    path.write_text(POLICY.replace("execute:user.set-title", "execute:user.set-titel"))
    code, text = run("policy", "check", "--config", world.folder / "exequatur.yaml")
    check(code != 0 and "policy.cedar:21:" in text and "did you mean" in text, "a typo in a policy is found when loading, with its place")
    path.write_text(POLICY + "permit (principal, action resource);")
    code, text = run("policy", "check", "--config", world.folder / "exequatur.yaml")
    check(code != 0 and "expected `,`" in text, "a policy that can't be read is refused, with its place")
    path.write_text(POLICY)
    code, text = run("policy", "check", "--config", world.folder / "exequatur.yaml")
    check(code == 0 and "policies" in text, "a good set is accepted")


def people(world):
    who = ["--person", "sara", "--people", world.socket]
    code, text = run("changes", *who, "--key", world.folder / "olga")
    check(code != 0 and "auth.session_refused" in text, "another's key opens no session")
    code, text = run("changes", "--person", "nobody", "--people", world.socket, "--key", world.folder / "olga")
    check(code != 0 and "auth." in text, "an unknown person is refused like a wrong key")
    code, text = run("changes", *who, "--key", world.folder / "missing")
    check(code != 0 and "ssh-keygen could not sign" in text, "a key that is not there is said so")
    code, text = run("changes", "--person", "sara", "--key", world.folder / "sara", "--people", world.folder / "no.sock")
    check(code != 0 and "is it running?" in text, "a gateway that is not running is said so")
    code, text, _ = world.cli("sara", "changes")
    check(code == 0 and "Nothing waits." in text, "an empty list says so")
    code, text, error = world.cli("sara", "changes", "show", "chg-000000000000000000000000", check=False)
    check(code != 0 and "change.not_found" in error, "an unknown change is refused")
    code, text, error = world.cli("sara", "lock", "everything", check=False)
    check(code != 0 and "workload ID, person ID, task ID, operation SYSTEM/OPERATION/TARGET, system NAME or all" in error, "a lock of nothing known says what can be locked")
    for arguments in (["lock", "workload", "agnet"], ["lock", "all", "agent"], ["unlock", "workload", "agent"], ["lock", "task", "task-0"]):
        code, text, error = world.cli("olga", *arguments, check=False)
        check(code != 0 and "[lock." in error, f"`{' '.join(arguments)}` says that it does nothing")
    code, text = run("serve", "--config", world.folder / "exequatur.yaml")
    check(code != 0 and "another gateway is running" in text, "a second gateway on the same state is refused")


def reloading(world):
    """Policies are read anew on SIGHUP, whole or not at all."""
    path, log = world.folder / "policy.cedar", world.folder / "server.log"

    def reload(text):
        path.write_text(text)
        before = log.stat().st_size
        world.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in log.read_bytes()[before:].decode())
        return log.read_bytes()[before:].decode()

    check("policies reloaded" in reload(POLICY.replace("tier-0", "tier-zero")), "a good set is taken over at SIGHUP")
    said = reload(POLICY + "permit (principal, action, resource) when { resource.nope };")
    check("not reloaded" in said and "nope" in said, "a set that is not valid is refused, with its place")
    said = reload(POLICY.replace("context.approvals.count >= 1", "context.approvals.count < 1"))
    check("not reloaded" in said and "take a right away" in said, "so is one in which approvals could take a right away")
    check(world.cli("sara", "changes")[0] == 0, "and the policies in force still decide")
    path.write_text(POLICY)


PHOTOS = {
    "photos.cedarschema": "entity User { robot?: Bool };\nentity Photo { owner: User };\n"
                          "action view appliesTo { principal: User, resource: Photo, context: { ip: ipaddr } };\n",
    "photos.cedar": "// Who sees what.\n@id(\"owners\") permit(principal,action==Action::\"view\",resource) when{resource.owner==principal};\n"
                    "@id(\"robots\")forbid(principal,action,resource)when{principal has robot&&principal.robot};\n",
    "entities.json": '[{"uid":{"type":"User","id":"alice"},"attrs":{},"parents":[]},{"uid":{"type":"User","id":"bot"},"attrs":{"robot":true},'
                     '"parents":[]},{"uid":{"type":"Photo","id":"1"},"attrs":{"owner":{"type":"User","id":"alice"}},"parents":[]}]',
    "cases.yaml": 'policies: [photos.cedar]\nschema: photos.cedarschema\nentities: entities.json\ncases:\n'
                  '  - {name: hers, principal: User::"alice", action: Action::"view", resource: Photo::"1", context: {ip: 192.0.2.1}, expect: allow, reasons: [owners]}\n'
                  '  - {name: a robot, principal: User::"bot", action: Action::"view", resource: Photo::"1", context: {ip: 192.0.2.1}, expect: deny, reasons: [robots]}\n',
}


def policy_commands(folder):
    """`policy` on files of its own, as somebody does who writes policies."""
    for name, text in PHOTOS.items():
        (folder / name).write_text(text)
    at = {name: folder / name for name in PHOTOS}
    files = ["--policies", at["photos.cedar"], "--schema", at["photos.cedarschema"]]
    code, text = run("policy", "check", *files)
    check(code == 0 and "2 policies, valid" in text, "policy check accepts what is valid")
    bad = folder / "bad.cedar"
    bad.write_text(PHOTOS["photos.cedar"] + "permit (principal, action, resource) when { resource.ownr == principal };\n")
    code, text = run("policy", "check", "--policies", at["photos.cedar"], bad, "--schema", at["photos.cedarschema"])
    check(code == 1 and "bad.cedar:4:45" in text and "did you mean `owner`?" in text and "^^^" in text, "and marks what is not, in its file")
    bad.write_text("permit (principal action, resource);")
    code, text = run("policy", "check", "--policies", bad, "--json")
    check(code == 1 and json.loads(text)["errors"][0]["line"] == 1, "as JSON too, for what can't be read")
    code, text = run("policy", "format", at["photos.cedar"])
    check(code == 0 and text.startswith("// Who sees what.\n@id") and "when { resource.owner == principal };" in text, "policy format lays out and keeps comments")
    check(run("policy", "format", "--check", at["photos.cedar"])[0] == 1, "policy format --check fails on another layout")
    run("policy", "format", "--write", at["photos.cedar"])
    check(run("policy", "format", "--check", at["photos.cedar"])[0] == 0, "and passes after --write")
    code, text = run("policy", "test", at["cases.yaml"])
    check(code == 0 and "2 of 2 cases pass" in text, "policy test runs cases")
    at["cases.yaml"].write_text(PHOTOS["cases.yaml"].replace("reasons: [robots]", "reasons: [owners]").replace("expect: allow", "expect: deny"))
    code, text = run("policy", "test", at["cases.yaml"])
    check(code == 1 and "expected deny, got allow" in text and "expected owners, got robots" in text and "cases.yaml:5" in text, "and says what differs, where")
    at["cases.yaml"].write_text(PHOTOS["cases.yaml"].replace("expect: allow", "expct: allow"))
    check("did you mean `expect`" in run("policy", "test", at["cases.yaml"])[1], "a wrong key in a case is named")
    asked = ["--principal", 'User::"bot"', "--action", 'Action::"view"', "--resource", 'Photo::"1"', "--context", '{"ip": "192.0.2.1"}']
    code, text = run("policy", "explain", *files, "--entities", at["entities.json"], *asked)
    check(code == 0 and "deny: forbidden by robots" in text and "✓ principal.robot" in text, "policy explain says why, clause by clause")
    code, text = run("policy", "translate", at["photos.cedar"])
    (folder / "photos.json").write_text(text)
    again = run("policy", "translate", folder / "photos.json")[1]
    check("@id(\"robots\")" in again and "resource.owner == principal" in again, "policy translate goes to JSON and back")
    check('"entityTypes"' in run("policy", "translate", at["photos.cedarschema"])[1], "and takes schemas")
    requests = folder / "requests.jsonl"
    requests.write_text('{"principal": "User::\\"alice\\"", "action": "Action::\\"view\\"", "resource": "Photo::\\"1\\"", "context": {"ip": "192.0.2.1"}}\n')
    code, text = run("policy", "authorize", *files, "--entities", at["entities.json"], "--requests", requests, "--time", 5)
    check(code == 0 and '{"decision":"allow","errors":[],"reasons":["policy0"]}' in text and "mean_ns=" in text, "policy authorize answers a line with a line")
    requests.write_text("\nnope\n")
    check("line 2" in run("policy", "authorize", *files, "--requests", requests)[1], "and names the line that it can't read")


def early(world):
    """A SIGHUP while the gateway starts is answered once it has started."""
    log = world.folder / "server.log"
    before = log.stat().st_size
    with open(log, "ab") as out:
        world.process = subprocess.Popen([BINARY, "serve", "--config", world.folder / "exequatur.yaml"], stderr=out, stdout=out)

    def is_trapped():
        status = pathlib.Path(f"/proc/{world.process.pid}/status").read_text()
        return any(int(line.split()[1], 16) & 1 for line in status.splitlines() if line.startswith(("SigIgn", "SigCgt")))

    check(wait_until(is_trapped) and not world.is_up(), "from its first moment a starting gateway hears SIGHUP")
    world.process.send_signal(signal.SIGHUP)
    check(wait_until(lambda: "policies reloaded" in log.read_bytes()[before:].decode()), "and reads its policies anew once it runs")
    world.stop()


def tls(world):
    """The people's listener over TLS, with a certificate authority of its own."""
    folder, port = world.folder, free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=people",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "tls.key", "-out", folder / "tls.crt"], check=True, capture_output=True)
    configuration = json.loads((folder / "exequatur.yaml").read_text())
    configuration["people"] = {"host": "127.0.0.1", "port": port, "tls": {"certificate": "tls.crt", "key": "tls.key"}}
    (folder / "exequatur.yaml").write_text(json.dumps(configuration, indent=1))
    world.process = subprocess.Popen([BINARY, "serve", "--config", folder / "exequatur.yaml"], stderr=subprocess.DEVNULL)
    arguments = ["changes", "--person", "sara", "--key", folder / "sara", "--people", f"https://127.0.0.1:{port}"]
    check(wait_until(lambda: run(*arguments, "--ca", folder / "tls.crt")[0] == 0), "people reach a TLS listener whose authority they trust")
    code, text = run(*arguments)
    check(code != 0 and "can't be reached" in text, "and don't talk to one they don't")


def fsck(world):
    """Of a gateway that was stopped."""
    command = ["audit", "fsck", "--key", world.folder / "keys/log.vkey", "--state"]
    code, text = run(*command, world.state)
    check(code == 0 and "The store is whole" in text, f"fsck finds what was left whole: {text[-200:]}")
    copy = world.folder / "copied"
    copy.mkdir()
    # What is stopped properly is one file.
    shutil.copy(world.state / "exequatur.sqlite", copy)
    code, text = run(*command, copy)
    check(code == 2 and "no checkpoint was published here" in text, "and says where no checkpoint could show what is gone from the end")
    with sqlite3.connect(copy / "exequatur.sqlite") as db:
        db.execute("DELETE FROM task WHERE rowid = (SELECT max(rowid) FROM task)")
    code, text = run(*command, copy, "--json")
    check(code == 1 and "of which the log tells, is not in the store" in text, "and finds a record that is missing")
    code, text = run(*command, world.folder)
    check(code not in (0, 2) and "state folder" in text, "and says what is no state folder")


def help_texts():
    for command in ([], ["serve"], ["changes"], ["changes", "approve"], ["lock"], ["audit"], ["audit", "verify"], ["audit", "show"], ["audit", "fsck"], ["policy"], ["policy", "check"], ["policy", "explain"], ["keygen"], ["demo"]):
        code, text = run(*command, "--help")
        check(code == 0 and "OVERVIEW" in text, f"help: exequatur {' '.join(command)}")
    code, text = run("chagnes")
    check(code != 0 and "exequatur --help" in text, "an unknown command says where to look")


def main():
    world = new_world()
    try:
        configuration(world)
        policies(world)
        policy_commands(world.folder)
        code, text = run("policy", "schema", "--config", world.folder / "exequatur.yaml")
        check(code == 0 and "namespace Embedded {" in text and 'action "execute:group.add-member"' in text, "policy schema prints what policies may use")
        guarded.before_starting(world, check, run, with_configuration)
        guarded.add_remote_issuers(world)
        world.start()
        people(world)
        signing(world, check)
        guarded.while_running(world, check)
        reloading(world)
        world.stop()
        guarded.after_stopping(world, check, run)
        fsck(world)
        early(world)
        tls(world)
        help_texts()
    finally:
        world.close()
    print(f"cli: {check.total} checks, {len(check.failed)} failed")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
