"""A real RabbitMQ on loopback, with its management API and an Erlang port mapper of its own.

It reads none of the machine's settings, and it touches no RabbitMQ that runs on the usual ports.
"""
import base64
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from server import LOOPBACK, Server
from world import free_port, wait_until

SERVER = os.environ.get("EXEQUATUR_RABBITMQ_SERVER", "/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ(Server):
    """`root` is an administrator (name, password): for looking, and for being another hand."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-rabbitmq-"))
        self.port, self.amqp, self.distribution, self.mapper = (free_port() for _ in range(4))
        self.url, self.root = f"http://{LOOPBACK}:{self.port}", ("root", os.urandom(12).hex())
        self.epmd = self.process = self.log = None
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        configuration = self.folder / "rabbitmq.conf"
        configuration.write_text("\n".join((
            f"listeners.tcp.local = {LOOPBACK}:{self.amqp}", f"management.tcp.ip = {LOOPBACK}", f"management.tcp.port = {self.port}",
            f"default_user = {self.root[0]}", f"default_pass = {self.root[1]}", "default_user_tags.administrator = true",
            "disk_free_limit.absolute = 1MB", "")))
        configuration.chmod(0o600)

    def environment(self):
        # No settings of the machine or the user may leak in, and no file outside the folder is read or written.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        folder = str(self.folder)
        # One scheduler of each sort; and the node's own port on loopback, too.
        additional = f"+S 1:1 +SDcpu 1:1 +SDio 1 +A 1 -kernel inet_dist_use_interface {{{LOOPBACK.replace('.', ',')}}}"
        return {
            **kept, "HOME": folder, "ERL_EPMD_PORT": str(self.mapper), "ERL_EPMD_ADDRESS": LOOPBACK, "ERL_CRASH_DUMP_BYTES": "0",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none", "RABBITMQ_NODENAME": f"rabbit-{self.distribution}@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution), "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONFIG_FILES": f"{folder}/conf.d", "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/none.config",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/generated", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia", "RABBITMQ_LOG_BASE": f"{folder}/log", "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": additional,
            # The script becomes the server, as it does for a service manager; otherwise it stays, as a shell around it.
            "RUNNING_UNDER_SYSTEMD": "true"}

    def start(self, patience=90):
        self.log, environment = open(self.folder / "server.log", "ab"), self.environment()
        common = {"stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log, "cwd": self.folder, "env": environment,
                  "start_new_session": True}
        # In the foreground: the mapper that a server starts for itself is a daemon, and nobody knows its process id.
        self.epmd = subprocess.Popen(["epmd", "-port", str(self.mapper), "-address", LOOPBACK], **common)
        self.process = subprocess.Popen([SERVER], **common)
        if not wait_until(lambda: self.process.poll() is not None or self.is_up(), patience) or self.process.poll() is not None:
            report = (self.folder / "server.log").read_text(errors="replace")
            self.stop(kill=True)
            raise RuntimeError("RabbitMQ did not start:\n" + report)
        return self

    def is_up(self):
        try:
            return self.api("GET", "/api/users")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self, kill=False):
        """Ends the server and its port mapper. What it stored stays, and `start` goes on with it. Its orderly end takes seconds."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(timeout=20)
        if self.epmd and self.epmd.poll() is None:
            self.epmd.terminate()
            self.epmd.wait(timeout=20)
        if self.log:
            self.log.close()

    def close(self):
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, identity=None, headers=()):
        """One request to the management API, as `root` or another (name, password). Gives (status, headers, bytes)."""
        credentials = base64.b64encode(":".join(identity or self.root).encode()).decode()
        sent = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json", **dict(headers)}
        return self.ask(method, path, body, sent)

    def api(self, method, path, body=None, identity=None):
        """(status, the answer's JSON, or None if it has no body)."""
        status, _, data = self.request(method, path, body, identity)
        return status, json.loads(data) if data else None
