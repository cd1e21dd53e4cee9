"""Processes and listening sockets, as /proc tells of them."""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process: its pid and when it was started, so that a later owner of the pid is not taken for it."""

    pid: int
    start_ticks: int

    @staticmethod
    def of(pid):
        """The process that has `pid` now; None when it is gone or has ended."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else Process(pid, int(fields[19]))

    @property
    def is_alive(self):
        return Process.of(self.pid) == self

    def __str__(self):
        command = _read(f"/proc/{self.pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
        return f"{self.pid} ({command.strip()})"


def processes_of(folder):
    """Every process that has to do with an app's folder: by its working directory, its words or its environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        if _is_about(entry, os.path.realpath(folder)):
            process = Process.of(int(entry.name))
            if process:
                found.add(process)
    return found


def namesakes(processes):
    """Every process in the PID namespaces of these, other than our own."""
    spaces = {_namespace(process.pid) for process in processes} - {None, _namespace(os.getpid())}
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return set(filter(None, (Process.of(pid) for pid in pids if _namespace(pid) in spaces)))


def _namespace(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def _is_about(entry, folder):
    try:
        cwd = os.readlink(entry / "cwd")
    except OSError:
        cwd = ""
    if cwd == folder or cwd.startswith(folder + "/"):
        return True
    name = folder.encode()
    return name in _read(entry / "cmdline") or b"HEIGHTS_DATA_DIR=" + name in _read(entry / "environ")


def _read(path):
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def doors_of(processes):
    """What these processes listen on: (`tcp` or `udp`, address, port, name of the process), as the kernel says."""
    owners = {}
    for process in processes:
        for entry in _entries(f"/proc/{process.pid}/fd"):
            try:
                target = os.readlink(entry)
            except OSError:
                continue
            if target.startswith("socket:["):
                owners[target[8:-1]] = _read(f"/proc/{process.pid}/comm").decode().strip()
    found = set()
    for protocol, listening in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == listening and fields[9] in owners:
                address, _, port = fields[1].partition(":")
                # The kernel writes each 32 bits in the machine's order.
                bytes_ = bytes.fromhex(address)
                parts = b"".join(bytes(reversed(bytes_[at:at + 4])) for at in range(0, len(bytes_), 4))
                found.add((protocol, str(ipaddress.ip_address(parts)), int(port, 16), owners[fields[9]]))
    return found


def _entries(folder):
    try:
        return list(Path(folder).iterdir())
    except OSError:
        return []


def listening_sockets(port):
    """The inodes of the sockets that listen on a TCP port of this machine."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        is_listening = fields[3] == "0A"
        if is_listening and int(fields[1].rpartition(":")[2], 16) == port:
            inodes.add(fields[9])
    return inodes


def addresses_listened_on(region):
    """The addresses 127.REGION.*.* that somebody listens on, with their ports."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        parts = list(reversed(bytes.fromhex(address)))
        if fields[3] == "0A" and parts[:2] == [127, region]:
            found.append(".".join(map(str, parts)) + f":{int(port, 16)}")
    return found
