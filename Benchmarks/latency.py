"""How long single answers take, by h2load (Debian's nghttp2-client), which writes down each of them.

A closed loop asks again as soon as it is answered: the next request comes right behind an answer. An open loop asks at a
rate of its own, half of the greatest.
"""
import json
import os
import subprocess
import sys
import tempfile


class Latencies:
    """Of one run, in ms, and its requests a second."""

    def __init__(self, rate, milliseconds):
        self.rate = rate
        self._sorted = sorted(milliseconds)

    def percentile(self, share):
        return self._sorted[min(int(len(self._sorted) * share / 100), len(self._sorted) - 1)]


def measure(url, connections, seconds, rate=None, headers=(), body=None, cores=None, sessions=None):
    """Latencies of one run; answers that are no success end the bench.

    rate: requests a second of all connections. sessions: each connection has one of these headers, the first of them the
    first; without, all send the same.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["h2load", "--h1", "-t1", "-D", str(seconds), "--warm-up-time=1"]
        for header in headers:
            command += ["-H", header]
        if body is not None:
            path = os.path.join(folder, "body")
            with open(path, "w") as file:
                file.write(body)
            command += ["-d", path]
        if rate is not None:
            command += [f"--rps={max(rate / connections, 1):.2f}"]
        # One program sends one header: who is somebody else has one of their own.
        people = [["-c1", "-H", session] for session in sessions[:connections]] if sessions else [[f"-c{connections}"]]
        logs = [os.path.join(folder, f"log{number}") for number in range(len(people))]
        running = [
            subprocess.Popen(
                [*command, *who, f"--log-file={log}", url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cores) if cores else None)
            for who, log in zip(people, logs)]
        outputs = [process.communicate()[0] for process in running]
        if any(process.returncode for process in running):
            sys.exit(f"bench: h2load failed:\n{outputs[0]}")
        rows = []
        for log in logs:
            with open(log) as file:
                rows += [line.split() for line in file]
    bad = [status for _, status, _ in rows if not status.startswith("2")]
    if bad or not rows:
        sys.exit(f"bench: {url}: {len(bad)} of {len(rows)} answers were no success, the first {bad[:1]}\n{outputs[0]}")
    # Not by what h2load tells: that counts the requests of the warm-up, but not its time.
    begun = [int(start) for start, _, _ in rows]
    span = max(max(begun) - min(begun), 1) / 1e6
    return Latencies(len(rows) / span, [int(microseconds) / 1000 for _, _, microseconds in rows])


class Record:
    """What the last run on this machine measured: a row that got worse by half is told."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path) as file:
                self.last = json.load(file)
        except (OSError, ValueError):
            self.last = {}
        self.now = dict(self.last)

    def compare(self, row, value):
        """What to say of `value`, in ms: nothing as long as it is not worse by half."""
        before = self.last.get(row)
        self.now[row] = value
        return f"  WORSE than the {before:.2f} ms of the last run by half" if before and value > 1.5 * before else ""

    def save(self):
        with open(self.path, "w") as file:
            json.dump(self.now, file, indent=1)
