"""How fast the climb from 2 to 3 copies rows, against psql's \\copy of the same rows into the same server."""
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time

ROWS = 300_000


class Lab:
    """A copy of Summit in a folder of its own, at stage 2."""

    def __init__(self, root):
        self.heights = os.path.join(root, ".build", "release", "heights")
        self.home = tempfile.mkdtemp(prefix="heights-bench-")
        self.folder = os.path.join(self.home, "summit")
        source = os.path.join(root, "Examples", "Summit")
        shutil.copytree(source, self.folder, ignore=shutil.ignore_patterns(".*"))
        path = os.path.join(self.folder, "heights.json")
        with open(path) as file:
            lines = [line for line in file.read().splitlines() if not line.strip().startswith("build:")]
        with open(path, "w") as file:
            file.write("\n".join(lines).replace("../../.build", os.path.join(root, ".build")))

    def call(self, *words):
        command = [self.heights, *words, "--app", self.folder]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def up(self):
        self.call("up", "--port", "0", "--console-port", "0", "--detach")

    def down(self):
        self.call("down")

    def fill(self):
        """Posts of a thousand people, as many days' worth as there are."""
        self.up()
        self.down()
        database = sqlite3.connect(os.path.join(self.folder, ".heights", "data", "app", "posts.db"))
        rows = (
            ((number % 1000) & 4095, number << 22 | ((number % 1000) & 4095) << 10, number % 1000, f"person{number % 1000}",
             f"Person {number % 1000}", f"Line {number} of what people write, about as long as they write it.", None, number % 7)
            for number in range(ROWS))
        with database:
            database.executemany("INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        database.close()

    def copy_seconds(self):
        """From the start of the climb's step to its end: triggers, the copy, and what its rounds find."""
        self.up()
        climb = subprocess.Popen(
            [self.heights, "climb", "--json", "--app", self.folder], stdout=subprocess.PIPE, text=True)
        seconds, began = None, None
        for line in climb.stdout:
            event = json.loads(line)
            if event.get("step") == "copy-rows" and event.get("operation") == "run":
                if event["event"] == "starts":
                    began = time.monotonic()
                elif event["event"] == "done":
                    seconds = time.monotonic() - began
        if climb.wait() or seconds is None:
            raise SystemExit("bench: the climb did not end")
        return seconds

    def psql(self):
        """psql, as the app connects."""
        status = json.loads(self.call("status", "--json"))
        address = status["addresses"]["database-a"]
        port = 5432 + status["ports"].get("shift", 0)
        environment = dict(os.environ, PGPASSFILE=os.path.join(self.folder, ".heights", "secrets", "pgpass"))
        command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", f"postgresql://app@{address}:{port}/posts"]
        return lambda *words: subprocess.run([*command, *words], env=environment, check=True, capture_output=True, text=True)

    def peer_seconds(self):
        """The same rows once more, from a file, into a table with the same indexes."""
        psql, file = self.psql(), os.path.join(self.home, "posts.csv")
        psql("-c", f"\\copy posts TO '{file}' (FORMAT csv)", "-c", "CREATE TABLE peer (LIKE posts INCLUDING ALL)")
        began = time.monotonic()
        psql("-c", f"\\copy peer FROM '{file}' (FORMAT csv)")
        seconds = time.monotonic() - began
        counts = psql("-Atc", "SELECT (SELECT count(*) FROM posts) - (SELECT count(*) FROM peer)").stdout
        if counts.strip() != "0":
            raise SystemExit("bench: the peer has other rows")
        return seconds

    def end(self):
        self.down()
        shutil.rmtree(self.home, ignore_errors=True)


def bench_copy(root, rounds, report):
    ours, peers = [], []
    for _ in range(rounds):
        lab = Lab(root)
        try:
            lab.fill()
            ours.append(lab.copy_seconds())
            peers.append(lab.peer_seconds())
        finally:
            lab.end()
    ours, peer = statistics.median(ours), statistics.median(peers)
    report.ratio(
        f"rows that the climb from 2 to 3 copies, {ROWS:,} posts", peer / ours,
        f"psql \\copy of the same into the same server ({ROWS / ours:,.0f} against {ROWS / peer:,.0f} rows a second)", 0.70)
