"""A real OpenLDAP server on loopback, made from a configuration template and an LDIF file, and OpenLDAP's own client tools."""
import base64
import os
import pathlib
import shutil
import subprocess
import tempfile

from world import ROOT, free_port, wait_until

EXAMPLES = pathlib.Path(os.environ.get("EXEQUATUR_LDAP_EXAMPLES", ROOT / "examples/ldap"))
SUFFIX = "dc=ex,dc=org"
PEOPLE, GROUPS, SERVICES, GRANTS = (f"ou={name},{SUFFIX}" for name in ("people", "groups", "services", "grants"))
GATEWAY, AUDIT, ROOT_DN = f"cn=gateway,{SERVICES}", f"cn=audit,{SERVICES}", f"cn=root,{SUFFIX}"
# No settings of the machine or the user may leak into the client tools.
CLEAN = {**os.environ, "LDAPNOINIT": "1", "HOME": "/nonexistent"}


def encode(name, value):
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def parse(ldif):
    """[(dn, {attribute: [values]})] of what ldapsearch prints with -LLL and without wrapping."""
    entries = []
    for block in ldif.strip().split("\n\n"):
        values = {}
        for line in block.splitlines():
            if line.startswith("#") or ":" not in line:
                continue
            name, rest = line.split(":", 1)
            raw = base64.b64decode(rest[1:].strip()).decode(errors="replace") if rest.startswith(":") else rest.removeprefix(" ")
            values.setdefault(name, []).append(raw)
        if "dn" in values:
            entries.append((values.pop("dn")[0], values))
    return entries


class Slapd:
    """`root` is a superuser that only this copy of the configuration has: for looking, and for being another hand."""

    def __init__(self, template=EXAMPLES / "slapd.conf.template", base=EXAMPLES / "base.ldif"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-slapd-"))
        self.port, self.process, self.root = free_port(), None, (ROOT_DN, os.urandom(12).hex())
        self.url, self.ca = f"ldap://127.0.0.1:{self.port}", self.folder / "ca.crt"
        self.secure_url = f"ldaps://127.0.0.1:{free_port()}"
        self.certificates()
        text = template.read_text()
        for mark, value in (("@DIR@", str(self.folder)), ("@TTL@", "300"), ("@INTERVAL@", "1")):
            text = text.replace(mark, value)
        rootdn = f"rootdn {ROOT_DN}\n"
        assert text.count(rootdn) == 1, f"the template should say {rootdn!r} once"
        self.configuration = self.folder / "slapd.conf"
        self.configuration.write_text(text.replace(rootdn, f"{rootdn}rootpw {self.root[1]}\n"))
        self.configuration.chmod(0o600)
        for name in ("db", "db-log"):
            (self.folder / name).mkdir()
        self.tool("/usr/sbin/slapadd", "-f", self.configuration, "-b", SUFFIX, "-l", base)

    def tool(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def certificates(self):
        """An authority with a certificate for 127.0.0.1, and another authority that signed nothing."""
        authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ("ca", "other"):
            self.tool(*new, "-x509", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", *authority)
        self.tool(*new, "-subj", "/CN=slapd", "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        self.tool("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                  "-days", "2", "-extfile", "ext", "-out", "server.crt")

    def start(self):
        self.log = open(self.folder / "slapd.log", "ab")
        self.process = subprocess.Popen(
            ["/usr/sbin/slapd", "-f", self.configuration, "-h", f"{self.url} {self.secure_url}", "-d", "none"], stdout=self.log, stderr=self.log)
        if not wait_until(lambda: self.process.poll() is not None or self.binds(*self.root)) or self.process.poll() is not None:
            raise RuntimeError("slapd did not start:\n" + (self.folder / "slapd.log").read_text())
        return self

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the client tools; an identity is (dn, password)

    def run(self, program, identity, *arguments, ldif=None):
        command = [program, "-x", "-H", self.url, "-D", identity[0], "-w", identity[1], *arguments]
        return subprocess.run(command, input=ldif, capture_output=True, text=True, env=CLEAN, timeout=30)

    def binds(self, dn, password):
        return self.run("ldapwhoami", (dn, password)).returncode == 0

    def search(self, identity, base, filter="(objectClass=*)", *attributes, scope="sub"):
        arguments = ["-LLL", "-o", "ldif-wrap=no", "-b", base, "-s", scope, filter, *attributes]
        return parse(self.run("ldapsearch", identity, *arguments).stdout)

    def modify(self, identity, *lines):
        """Sends one LDIF record; gives the server's result code. Lines are text or (attribute, value)."""
        ldif = "\n".join(line if isinstance(line, str) else encode(*line) for line in lines) + "\n"
        return self.run("ldapmodify", identity, ldif=ldif).returncode

    def delete(self, identity, dn):
        return self.run("ldapdelete", identity, dn).returncode

    def rename(self, identity, dn, rdn):
        return self.run("ldapmodrdn", identity, dn, rdn).returncode

    def grants(self):
        """The just-in-time accounts there are now."""
        return [dn for dn, _ in self.search(self.root, GRANTS, "(objectClass=*)", "1.1", scope="one")]

    def writes(self, filter="(objectClass=auditWriteObject)"):
        """The server's own log of writes, as its audit identity reads it."""
        found = self.search((AUDIT, "pw-audit"), "cn=log", filter, "reqDN", "reqAuthzID", "reqResult", "reqType", "reqMod", "reqStart")
        return [{name: values[0] if name != "reqMod" else values for name, values in entry.items()} for _, entry in found]
