"""Drives the real binary as an operator and as an approver would, mistakes included."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from world import BINARY, ROOT, Checks, World, free_port, wait_until  # noqa: E402

POLICY = (ROOT / "examples/demo/policy.cedar").read_text()
SYSTEMS = [{"name": "corp", "kind": "embedded", "file": "state/corp.sqlite", "seed": "demo"}]
check = Checks()


def new_world():
    return World(POLICY, SYSTEMS, {"olga": ["service-desk-leads"], "sara": ["security"]}, {"agent": {"owner": "olga", "groups": ["service-desk"]}})


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
    check(code != 0 and "auth.unknown_key" in text, "another's key opens no session")
    code, text = run("changes", "--person", "nobody", "--people", world.socket, "--key", world.folder / "olga")
    check(code != 0 and "auth." in text, "an unknown person is refused like a wrong key")
    code, text = run("changes", *who, "--key", world.folder / "missing")
    check(code != 0 and "ssh-keygen could not sign" in text, "a key that is not there is said so")
    code, text = run("changes", "--person", "sara", "--key", world.folder / "sara", "--people", world.folder / "no.sock")
    check(code != 0 and "is it running?" in text, "a gateway that is not running is said so")
    code, text, _ = world.cli("sara", "changes")
    check(code == 0 and "No changes yet." in text, "an empty list says so")
    code, text, error = world.cli("sara", "changes", "show", "chg-000000000000000000000000", check=False)
    check(code != 0 and "change.not_found" in error, "an unknown change is refused")
    code, text, error = world.cli("sara", "lock", "everything", check=False)
    check(code != 0 and "workload ID, task ID or all" in error, "a lock of nothing known says what can be locked")
    for arguments in (["lock", "workload", "agnet"], ["lock", "all", "agent"], ["unlock", "workload", "agent"], ["lock", "task", "task-0"]):
        code, text, error = world.cli("olga", *arguments, check=False)
        check(code != 0 and "[lock." in error, f"`{' '.join(arguments)}` says that it does nothing")
    code, text = run("serve", "--config", world.folder / "exequatur.yaml")
    check(code != 0 and "another gateway is running" in text, "a second gateway on the same state is refused")


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


def help_texts():
    for command in ([], ["serve"], ["changes"], ["changes", "approve"], ["lock"], ["audit"], ["audit", "verify"], ["audit", "show"], ["policy"], ["keygen"], ["demo"]):
        code, text = run(*command, "--help")
        check(code == 0 and "OVERVIEW" in text, f"help: exequatur {' '.join(command)}")
    code, text = run("chagnes")
    check(code != 0 and "exequatur --help" in text, "an unknown command says where to look")


def main():
    world = new_world()
    try:
        configuration(world)
        policies(world)
        world.start()
        people(world)
        world.stop()
        tls(world)
        help_texts()
    finally:
        world.close()
    print(f"cli: {check.total} checks, {len(check.failed)} failed")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
