"""`store.tar.xz` is the state folder of a gateway from before relations had their kind before their names, with its embedded
directory, its test keys and what `reach report` said of it: an agent had chosen the mail addresses of two people, created them or
put them into groups, and what came of it stands in stored steps only."""
import json
import pathlib
import sys
import tarfile
import tempfile

from world import Checks, World, free_port

HERE = pathlib.Path(__file__).resolve().parent


def taken_up(folder):
    """The old gateway's folder, on a free port."""
    with tarfile.open(HERE / "store.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    path = folder / "exequatur.yaml"
    configuration = json.loads(path.read_text())
    configuration["listen"]["port"] = free_port()
    path.write_text(json.dumps(configuration))
    world = World.__new__(World)
    world.folder, world.socket, world.state = folder, folder / "people.sock", folder / "state"
    world.port, world.process = configuration["listen"]["port"], None
    return world


def without_times(report):
    return {**report, "systems": [{k: v for k, v in system.items() if k != "readAt"} for system in report["systems"]]}


def main():
    check = Checks()
    with tempfile.TemporaryDirectory(prefix="exequatur-carried-") as name:
        folder = pathlib.Path(name)
        world = taken_up(folder)
        (folder / "state").chmod(0o700)
        world.start()
        try:
            before = json.loads((folder / "report.json").read_text())
            report = world.cli_json("dana.moe", "reach", "report")
            check(without_times(report) == without_times(before), "reach report says what it said before")
            agents = {"who": "exequatur/coalition/agents", "target": "corp/group/domain-admins"}
            check(any(agents.items() <= taker.items() for taker in report["takers"]), "agents can take what their old choice gives them")
            path = world.cli("dana.moe", "reach", "path", agents["who"], agents["target"])[1]
            check("recovery address chosen by" in path, "and the way is by the credential that they chose")
            executed = world.cli_json("dana.moe", "changes", "--state", "executed")["changes"]
            check(len(executed) == 10, "every old change is listed")
            sentences = [change["sentence"] for change in executed]
            check("add kai.nilsen to apprentices" in sentences, "in words")
            waited = world.cli_json("dana.moe", "changes", "--state", "all")["changes"]
            waiting = [change for change in waited if change["state"] != "executed"]
            code, out, err = world.cli("dana.moe", "changes", "approve", waiting[0]["id"], check=False)
            check(code != 0, "what waited can't be approved any more")
            undone = next(change for change in executed if change["sentence"] == "add kai.nilsen to apprentices")
            code, out, err = world.cli("dana.moe", "changes", "rollback", undone["id"], check=False)
            check(code == 0, f"an old change can be undone: {out}{err}")
            code, report = world.verify()
            check(report.get("consistent") and not report.get("problems"), "the logs, old and new entries, verify as one")
        finally:
            world.stop()
    print(f"carried: {check.total} checks, {len(check.failed)} failed")
    sys.exit(bool(check.failed))


if __name__ == "__main__":
    main()
