"""MCP servers behind the gateway: how each is started, and what a person has classified of it."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from world import BINARY, ROOT, free_port, wait_until

PYTHON = str(ROOT / ".venv/bin/python")
EVERYTHING = str(ROOT / "acceptance/lib/everything.py")


class Upstream:
    """An MCP server over streamable HTTP that runs as long as the test does."""

    def __init__(self, argv, port, environment=None, path="/mcp"):
        self.port, self.url = port, f"http://127.0.0.1:{port}{path}"
        self.process = subprocess.Popen(argv, env={"PATH": "/usr/bin:/bin", **(environment or {})}, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        import socket

        def is_up():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        assert wait_until(is_up, 30), f"{argv} did not start"

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def everything(state, **environment):
    port = free_port()
    return Upstream([PYTHON, EVERYTHING, "http", str(port)], port,
                    {"EVERYTHING_STATE": str(state), **{f"EVERYTHING_{k.upper()}": v for k, v in environment.items()}})


def over_stdio(name, argv, environment=None, **more):
    return {"name": name, "kind": "mcp", "command": argv, "environment": environment or {}, "catalogue": f"{name}.yaml",
            "definitions": f"{name}.json", **more}


def over_http(name, url, **more):
    return {"name": name, "kind": "mcp", "url": url, "credentials": {"kind": "none"}, "catalogue": f"{name}.yaml",
            "definitions": f"{name}.json", **more}


def imported(folder, name):
    done = subprocess.run([BINARY, "mcp", "import", name, "--config", folder / "exequatur.yaml", "--json"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, f"mcp import {name}: {done.stderr}"
    return {finding["operation"]: finding for finding in json.loads(done.stdout)}


def classify(folder, name, catalogue, found=None):
    """Writes a catalogue: what is said of each operation, with the digest that the import gave it. An operation that says nothing
    stays unclassified."""
    found = found if found is not None else imported(folder, name)
    operations = {}
    for operation, said in catalogue["operations"].items():
        known = found[said.pop("as", operation)]
        operations[operation] = {"pinned": known["pinned"], **said}
    (folder / f"{name}.yaml").write_text(json.dumps({**catalogue, "operations": operations}, indent=1))
    return found
