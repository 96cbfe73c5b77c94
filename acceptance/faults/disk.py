"""The disk and the clock of one gateway, which fail when they are told to: the other end of shim.c."""
import errno
import mmap
import pathlib
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NOTHING, FAIL_WRITE, FAIL_SYNC, TEAR_AND_DIE, FULL_AT, READ_ONLY = range(6)
FIELDS = ["mode", "after", "error", "bytes", "clock", "writes", "syncs", "injected", "end"]
SIZE = 8 * len(FIELDS) + 64
WAL = "exequatur.sqlite-wal"


def build():
    """The library that stands between the gateway and its C library. Returns its path."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="exequatur-shim-")) / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", path, HERE / "shim.c", "-ldl"], check=True)
    return path


class Disk:
    def __init__(self, library, folder):
        self.path = folder / "faults"
        self.path.write_bytes(bytes(SIZE))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)
        self.environment = {"LD_PRELOAD": str(library), "FAULTS_CONTROL": str(self.path)}
        self.concern(WAL)

    def concern(self, name):
        """What ends so is concerned, or with a `*` before it what has this in its path."""
        self.memory[8 * len(FIELDS):SIZE] = name.encode().ljust(64, b"\0")

    def __getitem__(self, field):
        return struct.unpack_from("<q", self.memory, 8 * FIELDS.index(field))[0]

    def __setitem__(self, field, value):
        struct.pack_into("<q", self.memory, 8 * FIELDS.index(field), value)

    def arm(self, mode, after=0, error=errno.EIO, bytes=0):
        self["injected"], self["after"], self["error"], self["bytes"] = 0, after, error, bytes
        self["mode"] = mode

    def mend(self):
        self["mode"] = NOTHING

    def count(self, body):
        """How often the file was written and synced meanwhile."""
        writes, syncs = self["writes"], self["syncs"]
        body()
        return self["writes"] - writes, self["syncs"] - syncs
