"""OpenBao as it would run on one node: raft on this disk, every request in an audit file before it is answered."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "acceptance/lib"))
from world import ROOT, free_port, wait_until  # noqa: E402


class Bao:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-bao-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "raft").mkdir()
        (self.folder / "config.hcl").write_text(f"""
            storage "raft" {{ path = "{self.folder}/raft"
              node_id = "one" }}
            listener "tcp" {{ address = "127.0.0.1:{self.port}"
              tls_disable = true }}
            audit "file" "file" {{ options {{ file_path = "{self.folder}/audit.log" }} }}
            api_addr = "{self.url}"
            cluster_addr = "http://127.0.0.1:{free_port()}"
            disable_mlock = true
            log_level = "warn"
        """)
        self.log = open(self.folder / "server.log", "wb")
        self.process = subprocess.Popen(
            [ROOT / ".venv/bin/bao", "server", "-config", self.folder / "config.hcl"], stdout=self.log, stderr=self.log)
        if not wait_until(lambda: self.ask("GET", "sys/seal-status") is not None, 30):
            raise RuntimeError("OpenBao did not start:\n" + (self.folder / "server.log").read_text())
        keys = self.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self.root = keys["root_token"]
        self.ask("PUT", "sys/unseal", {"key": keys["keys"][0]})
        if not wait_until(lambda: (self.ask("GET", "sys/leader") or {}).get("is_self"), 30):
            raise RuntimeError("OpenBao has no leader")
        self.ask("POST", "sys/mounts/kv", {"type": "kv"})
        self.ask("PUT", "sys/policies/acl/writer", {"policy": 'path "kv/*" { capabilities = ["create", "update"] }'})
        self.tokens = [
            self.ask("POST", "auth/token/create", {"policies": ["writer"], "ttl": "2h"})["auth"]["client_token"] for _ in range(64)]
        time.sleep(1)
        if not (self.folder / "audit.log").stat().st_size:
            raise RuntimeError("OpenBao writes no audit log: it would be measured without")

    def ask(self, method, path, body=None):
        headers = {"X-Vault-Token": getattr(self, "root", ""), "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.url}/v1/{path}", data=None if body is None else json.dumps(body).encode(), method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()}") from error
        except OSError:
            return None

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
