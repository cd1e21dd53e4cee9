"""A server of AWS's: a machine in a folder, which cloud-init starts as the template's user data says."""

import os
import signal
import subprocess
from pathlib import Path

import requests
from network import BRIDGE, PREFIX, ROUTER, mount_memory, run
from support.waiting import wait_until

READY_SECONDS = 120


class Server:
    """`url` is where its app is. `start()` and `stop()` it as often as you like: its disk stays."""

    def __init__(self, debian, folder, letter, address, port, names, user_data, words=()):
        """`names` is {name: address} of what it reaches; `words` tell systemd-nspawn more."""
        self._folder = folder
        self.root = root = folder / "root"
        self.url = f"http://{address}:{port}"
        self._words = [f"--machine=server-{letter}", *words]
        self._machine = None
        self._lay_over(debian)
        (root / "etc/hostname").write_text(f"server-{letter}\n")
        (root / "etc/hosts").write_text("".join(
            f"{where} {name}\n" for name, where in {"localhost": "127.0.0.1", **names}.items()))
        (root / "etc/systemd/network").mkdir(parents=True, exist_ok=True)
        (root / "etc/systemd/network/10-host0.network").write_text(
            f"[Match]\nName=host0\n[Network]\nAddress={address}/{PREFIX}\nGateway={ROUTER}\n"
            "LinkLocalAddressing=no\nIPv6AcceptRA=no\n")
        seed = root / "var/lib/cloud/seed/nocloud"
        seed.mkdir(parents=True)
        (seed / "user-data").write_text(user_data)
        (seed / "meta-data").write_text(f"instance-id: i-{letter}\nlocal-hostname: server-{letter}\n")

    def _lay_over(self, debian):
        """Its disk is in memory, over what all have in common."""
        self._folder.mkdir()
        mount_memory(self._folder)
        for name in ("root", "upper", "work"):
            (self._folder / name).mkdir(mode=0o755)
        options = f"lowerdir={debian},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", options, self.root)

    def start(self):
        with open(self._folder / "console", "ab") as console:
            self._machine = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "-D", self.root, "--register=no", "--keep-unit", "--resolv-conf=off",
                 f"--network-bridge={BRIDGE}", *self._words, "--boot"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def wait_until_ready(self):
        try:
            wait_until(self._is_ready, f"{self.url} is ready", READY_SECONDS)
            # It tells what else is to be told, and brings its agents.
            wait_until(lambda: self._of("heights-ready", "ActiveState") == "inactive", "its start is done")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal()}") from None
        told = {name: self._of("heights", name) for name in ("ActiveState", "NRestarts", "Result")}
        assert told == {"ActiveState": "active", "NRestarts": "0", "Result": "success"}, self.journal()
        assert self._of("heights-ready", "Result") == "success", self.journal()

    def _is_ready(self):
        assert self._machine.poll() is None, "the machine has ended"
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _of(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def run(self, *words):
        """What a command says in the machine."""
        done = subprocess.run(
            ["nsenter", "--target", str(self._first()), "--all", *map(str, words)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def _first(self):
        """The machine's systemd, as this machine knows it; None when there is none."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                status = dict(line.split(":\t", 1) for line in (entry / "status").read_text().splitlines() if ":\t" in line)
            except OSError:
                continue
            if status["PPid"] == str(self._machine.pid) and status["NSpid"].split()[-1] == "1":
                return int(entry.name)
        return None

    def journal(self):
        """What its units and its app have said, for a failure."""
        folder = next((self.root / "var/log/journal").iterdir(), None)
        told = subprocess.run(
            ["journalctl", "--no-pager", "-o", "cat", "-n", "120", "--directory", str(folder)], capture_output=True, text=True,
            timeout=60)
        log = self.root / "var/log/heights/app.log"
        return told.stdout[-7000:] + (log.read_text(errors="replace")[-3000:] if log.exists() else "")

    def stop(self):
        """As its systemd ends it."""
        self._machine.send_signal(signal.SIGTERM)
        try:
            self._machine.wait(60)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the machine does not end:\n{self.journal()}") from None
        self._machine = None

    def remove(self):
        """At once: whoever ends systemd-nspawn alone leaves the machine running."""
        if self._machine:
            wait_until(lambda: self._first() or self._machine.poll() is not None, "the machine begins")
            if first := self._first():
                os.kill(first, signal.SIGKILL)
            self._machine.wait(60)
        run("umount", "--lazy", self.root, self._folder)
