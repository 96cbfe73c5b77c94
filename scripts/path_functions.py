"""The work of scripts/path-functions; within gdb, the part that sets the breakpoints."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

MODULES = {"$s6Server": "Server", "$s7Gateway": "Gateway", "$s9Authority": "Authority"}
# What is no function of the source, and what the gateway does by itself meanwhile.
NONE = re.compile(
    r"closure #|thunk|outlined|metadata|witness|default argument|partial apply|conformance|getter|setter|modify|variable init|one-time|"
    r"deinit|destroy|Addressor|derived|hash\(into|\$defer|\.init\(|allocating_init| #\d+ ")
BACKGROUND = re.compile(
    r"sweep\(\)|publish\(|StrangerLog|\.checkpoint\(|\(signed in|origin\(|storeHeld|storeRefusals|expire\(\)|verdue|settleApproved|"
    r"examineLeft|openLeases|endLeftovers|changes\(in|\.page\(|Ledger\.open\(|Peer in|Guest|Census|GuardedChannel|StallGuard|CloseAfter")


def functions(binary):
    lines = subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True, check=True).stdout.splitlines()
    for line in lines:
        address, kind, name = line.split(" ", 2)
        if kind in "tT" and any(name.startswith(prefix) for prefix in MODULES):
            yield int(address, 16), name


def within_gdb():
    import gdb
    binary, out, pid = os.environ["PATH_BINARY"], pathlib.Path(os.environ["PATH_HITS"]), gdb.selected_inferior().pid
    for setting in ("pagination off", "confirm off", "print thread-events off"):
        gdb.execute("set " + setting)
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    base = int(next(line for line in maps if binary in line).split("-")[0], 16)
    hits = []

    class Once(gdb.Breakpoint):
        def stop(self):
            hits.append(self.function)
            self.enabled = False
            return False

    for address, name in dict(functions(binary)).items():
        Once(f"*{base + address:#x}", internal=True).function = name
    out.with_suffix(".ready").touch()
    gdb.execute("continue")  # until the other process interrupts it
    out.write_text("\n".join(hits))
    gdb.execute("delete")


def measure(binary):
    """The mangled names of what was hit, in order."""
    os.environ["EXEQUATUR_BINARY"] = binary
    root = pathlib.Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(root / "acceptance/cli"), str(root / "acceptance/lib")]
    import guarded
    import run
    world = run.new_world()
    with tempfile.TemporaryDirectory() as folder:
        hits, copy = pathlib.Path(folder) / "hits", pathlib.Path(folder) / "binary"
        # Without debug information gdb starts in a second.
        subprocess.run(["objcopy", "--strip-debug", binary, copy], check=True)
        os.environ.update(PATH_BINARY=binary, PATH_HITS=str(hits))
        try:
            world.start()
            token = world.token("agent")

            def ask(title):
                body = {"input": {"user": "ivo.petrov", "value": title}}
                return guarded.answer(world, "/v1/systems/corp/operations/user.set-title", body, [f"Authorization: Bearer {token}"])

            ask("Before"), ask("And again")
            gdb = subprocess.Popen(["gdb", "-q", "-batch", copy, "-p", str(world.process.pid), "-x", __file__],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not hits.with_suffix(".ready").exists():
                if gdb.poll() is not None:
                    sys.exit("gdb could not attach")
                time.sleep(0.1)
            time.sleep(1)
            if b'"code":"executed"' not in ask("Measured"):
                sys.exit("the request was not carried out")
            os.kill(world.process.pid, 2)  # taken by gdb
            gdb.wait(timeout=60)
            return hits.read_text().splitlines()
        finally:
            world.close()


def main():
    arguments = [a for a in sys.argv[1:] if a != "--list"]
    names = measure(str(pathlib.Path(arguments[0] if arguments else ".build/debug/exequatur").resolve()))
    plain = subprocess.run(["swift", "demangle", "--compact"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    found = {}
    for name, text in zip(names, plain.splitlines()):
        text = re.sub(r"^\(\d+\) \w+ resume partial function for ", "", text)
        if not NONE.search(text) and not BACKGROUND.search(text):
            found.setdefault(text, next(m for prefix, m in MODULES.items() if name.startswith(prefix)))
    if "--list" in sys.argv:
        for text, module in found.items():
            print(f"{module:10} {text}")
    counts = {module: list(found.values()).count(module) for module in MODULES.values()}
    print(", ".join(f"{module} {count}" for module, count in counts.items()) + f"; {len(found)} functions")


if "gdb" in sys.modules or os.environ.get("PATH_HITS"):
    within_gdb()
elif __name__ == "__main__":
    main()
