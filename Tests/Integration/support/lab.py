"""One app in a folder of its own, and the real `heights` that runs it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .load import Load
from .paths import HEIGHTS, SUMMIT, SUMMIT_FOLDER
from .precedence import Precedence
from .processes import Process, addresses_listened_on, listening_sockets, namesakes, processes_of
from .turn import Turn
from .waiting import DEADLINE_SECONDS, wait_until

# What an app needs besides its program.
APP_PARTS = ["Public", "Launch", "Migrations", "openapi.json"]


@dataclass
class Outcome:
    """What a command has said and how it ended."""

    words: list
    code: int
    out: str
    err: str

    @property
    def json(self):
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def expect(self, code):
        assert self.code == code, f"{self} (expected exit code {code})"
        return self

    def __str__(self):
        return f"heights {' '.join(self.words)}: exit code {self.code}\nstdout: {self.out}\nstderr: {self.err}"


def heights(*words, cwd=None, seconds=3 * DEADLINE_SECONDS, wrapper=()):
    """Runs the command line to its end. `wrapper` stands before it, such as another program that starts it."""
    words = [str(word) for word in words]
    done = subprocess.run(
        [*wrapper, HEIGHTS, *words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    return Outcome(words, done.returncode, done.stdout, done.stderr)


class Lab:
    """A copy of Summit in a temporary folder. `end()` stops it and proves that nothing is left."""

    def __init__(self):
        # Not pytest's folder: its long paths are a trouble of their own.
        self.folder = Path(tempfile.mkdtemp(prefix="heights-"))
        for part in APP_PARTS:
            source = SUMMIT_FOLDER / part
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, self.folder / part)
        (self.folder / "heights.json").write_text(self.manifest())
        self._seen = set()
        self._sockets = {}
        self._children = []
        self._loads = 0
        self._turns = []
        # Of loads that are over and whose answers nobody has judged yet.
        self._histories = []

    @staticmethod
    def manifest():
        """Summit's own manifest with the path of its program made absolute, and nothing to build."""
        lines = (SUMMIT_FOLDER / "heights.json").read_text().splitlines()
        lines = [line for line in lines if not line.strip().startswith("build:")]
        text = "\n".join(lines).replace('"../../.build/release/summit"', json.dumps(str(SUMMIT)))
        assert str(SUMMIT) in text, "Summit's heights.json names its program differently than this expects"
        return text + "\n"

    # Files

    def become(self, app):
        """Has another app in the folder, which is copied from one, or written file by file."""
        for part in list(self.folder.iterdir()):
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        if isinstance(app, dict):
            for name, text in app.items():
                (self.folder / name).write_text(text)
        else:
            shutil.copytree(app, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))

    @property
    def home(self):
        return self.folder / ".heights"

    def data(self, role="app"):
        return self.home / "data" / role

    @property
    def ledger(self):
        return self.home / "ledger.ndjson"

    @property
    def state(self):
        return json.loads((self.home / "state.json").read_text())

    def change_state(self, **changes):
        """Changes what the stopped lab remembers, as if its history had been another."""
        assert not self.is_up
        (self.home / "state.json").write_text(json.dumps({**self.state, **changes}))

    def journal(self, to=2):
        """The records of the climb to a stage from the one below."""
        path = self.home / "climb" / f"{to - 1}-to-{to}.ndjson"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["record"] for line in lines]

    # Commands

    def heights(self, *words, **options):
        # A drill makes load of its own, and judges what becomes of it.
        precedence = Precedence(lambda: processes_of(self.folder)) if words[0] == "drill" else None
        try:
            return heights(*words, "--app", self.folder, **options)
        finally:
            if precedence:
                precedence.end()

    def start(self, *words, stdout=subprocess.PIPE):
        """A command that goes on while the test does something else."""
        child = subprocess.Popen(
            [HEIGHTS, *[str(word) for word in words], "--app", self.folder], stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=subprocess.PIPE, text=True, bufsize=1)
        self._children.append(child)
        return child

    def up(self, *words, wrapper=()):
        """Starts the app in the background and returns its snapshot."""
        ports = ["--port", 0, "--console-port", 0]
        self.heights("up", *ports, "--detach", "--json", *words, wrapper=wrapper).expect(0)
        return self.note(self.status())

    def down(self):
        return self.heights("down", "--json").expect(0).json

    def status(self):
        return self.note(self.heights("status", "--json").expect(0).json)

    def verify(self):
        """As drills end: every acknowledged write is there, and nothing else, and all that loads were answered since the
        last time can be true together with what the leader has."""
        while self._histories:
            history = self._histories.pop()
            self.heights("ledger", "verify", "--history", history).expect(0)
            heights("history", "check", history).expect(0)
        report = self.heights("ledger", "verify", "--json").expect(0).json
        assert (report["missing"], report["unreadable"], report["unexpected"]) == (0, 0, 0), report
        assert report["found"] == report["acknowledged"]
        return report

    def load(self, rate=150, seconds=3, users=5, seed=1):
        """Begins load; `finish()` of what is returned waits for its report."""
        self._loads += 1
        history = self.home / f"load-{self._loads}.ndjson"
        words = ["load", "--rate", rate, "--duration", seconds, "--users", users, "--seed", seed, "--json"]
        # Nothing else is done beside a short one.
        if seconds > 10:
            self._turns.append(Turn(lambda: processes_of(self.folder)))

        def finished():
            self._histories.append(history)
            self._end_turns()

        return Load(self.start(*words, "--history", history), when_finished=finished)

    def _end_turns(self):
        while self._turns:
            self._turns.pop().end()

    def change_workload(self, **weights):
        """Has people do this and nothing else; before the app is started."""
        path = self.folder / "heights.json"
        text = path.read_text()
        path.write_text(text[:text.index("workload: {")] + f"workload: {json.dumps(weights)},\n}}\n")

    def have_own_network(self):
        """Its hosts are in a network of the lab's own; before the app is started."""
        self.add_to_manifest('network: "own",')

    def add_to_manifest(self, line):
        path = self.folder / "heights.json"
        path.write_text(f"{path.read_text().rstrip().removesuffix('}')}  {line}\n}}\n")

    # What is asked of the lab itself

    def ask(self, verb, **words):
        """Sends a request over the control socket and returns the snapshot after it."""
        connection = self._connect("control.sock")
        with connection, connection.makefile("rw") as lines:
            lines.write(json.dumps({"verb": verb, **words}) + "\n")
            lines.flush()
            for line in lines:
                reply = json.loads(line)
                if "progress" not in reply:
                    assert "error" not in reply, reply
                    return self.note(reply["snapshot"])
        raise AssertionError(f"{verb}: no answer")

    def wait_until_all_ready(self):
        """The processes by name, once each is ready."""

        def ready():
            lines = self.status()["processes"]
            return {line["name"]: line for line in lines} if all(line["health"] == "ready" for line in lines) else None

        return wait_until(ready, "all processes are ready")

    # What runs

    def note(self, snapshot):
        """Remembers what a snapshot tells of, for `expect_nothing_left`."""
        pids = [snapshot["supervisorPid"]] + [process.get("pid") for process in snapshot["processes"]]
        processes = list(filter(None, (Process.of(pid) for pid in pids if pid)))
        # And what those have started in their zones.
        self._seen.update(processes, namesakes(processes))
        for url in filter(None, [snapshot["appURL"], snapshot.get("consoleURL")]):
            port = urlsplit(url).port
            self._sockets.setdefault(port, set()).update(listening_sockets(port))
        return snapshot

    @property
    def is_up(self):
        return self.heights("status", "--json").code == 0

    def status_of(self, name):
        """The line of a process in `status`, however it is."""
        return next(line for line in self.status()["processes"] if line["name"] == name)

    def process(self, role="app"):
        """The line of a role in `status`, once it is ready."""

        def ready():
            found = [line for line in self.status()["processes"] if line["name"] == role]
            return found[0] if found and found[0]["health"] == "ready" else None

        return wait_until(ready, f"{role} is ready")

    def successor(self, process, role="app"):
        """The line in `status` of the process that was started in place of one that has ended, once it is ready."""
        wait_until(lambda: not process.is_alive, "the process has ended")
        return wait_until(lambda: (lambda it: it if it["pid"] != process.pid else None)(self.process(role)), "another runs")

    def kill(self, role="app", number=signal.SIGKILL):
        """Sends a signal to the process of a role and returns that process."""
        process = Process.of(self.process(role)["pid"])
        os.kill(process.pid, number)
        return process

    @property
    def supervisor(self):
        """The process that runs the lab."""
        return Process.of(self.status()["supervisorPid"])

    def admin(self, role="app"):
        """A connection to the admin socket of a role."""
        return self._connect(f"{role}.sock")

    def _connect(self, name):
        descriptor = os.open(self.home / "run", os.O_PATH)
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(DEADLINE_SECONDS)
            # Through the descriptor: the whole path may be longer than a socket's may be.
            connection.connect(f"/proc/self/fd/{descriptor}/{name}")
            return connection
        finally:
            os.close(descriptor)

    # The end

    def expect_nothing_left(self):
        """No process that belonged to this app lives, and no socket of it listens."""
        wait_until(lambda: not self._left(), f"nothing is left; there is {', '.join(map(str, self._left()))}")
        wait_until(lambda: not self._listening(), f"nothing listens; there are {self._listening()}")

    def _listening(self):
        """Ports that are still listened on. By socket: by now another app may have got the port."""
        ports = [port for port, inodes in self._sockets.items() if inodes & listening_sockets(port)]
        return ports + (addresses_listened_on(self.region) if self._seen else [])

    @property
    def region(self):
        """The number that the lab's addresses have in common: 127.REGION.ZONE.HOST."""
        return self.state["place"]["region"]

    @property
    def http_port(self):
        """Of app servers, balancers and edges, each on its own address."""
        return 8080 + self.state["place"]["portShift"]

    def _left(self):
        return {process for process in self._seen if process.is_alive} | processes_of(self.folder)

    def end(self):
        try:
            for child in self._children:
                child.kill()
                child.wait(DEADLINE_SECONDS)
                # Those of a test that failed; a later one would be blamed for them.
                for stream in filter(None, (child.stdout, child.stderr)):
                    stream.close()
            self._end_turns()
            self.heights("down")
            self.expect_nothing_left()
        finally:
            for process in self._left():
                os.kill(process.pid, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self):
        """The ends of all logs, for the report of a failure; first of all why requests have failed, however long ago: their
        answers say nothing of it."""
        reasons, ends = [], []
        for path in sorted((self.home / "logs").glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()
            signs = ('"level":"error"', "request failed", "it is not known whether")
            reasons += [f"  {path.name}: {line[:2000]}" for line in lines if any(sign in line for sign in signs)][:25]
            # Of the access log only what is no ordinary answer.
            telling = [line for line in lines if '"status":2' not in line] or lines
            ends.append(f"{path.name}:\n" + "\n".join("  " + line[:300] for line in telling[-25:]))
        return "\n".join([*reasons, *ends])
