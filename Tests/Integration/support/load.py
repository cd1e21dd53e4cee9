"""Load from `heights load`, beside which a test does something."""

import json
import signal
import threading
import time

from .waiting import DEADLINE_SECONDS


class Load:
    """A run of `heights load`. Its progress is read as it comes, so that it never waits for us."""

    def __init__(self, child, when_finished=lambda: None):
        self._child = child
        self._when_finished = when_finished
        self._progress = []
        self._flows = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stderr:
            self._progress.append(line)
            if "ok," in line:
                self._flows.set()
        self._flows.set()

    def wait_until_it_flows(self):
        """Returns when the first second of load has been reported."""
        assert self._flows.wait(DEADLINE_SECONDS) and self._child.poll() is None, "".join(self._progress)
        return self

    def pause(self, seconds):
        """Lets it go on for that long."""
        time.sleep(seconds)

    def stop(self):
        """Ends it before its time."""
        self._child.send_signal(signal.SIGINT)
        return self

    def finish(self):
        """The report, of people whom nobody has logged out, and whose ended sessions let nobody in."""
        out = self._child.stdout.read()
        code = self._child.wait(DEADLINE_SECONDS)
        self._reader.join()
        self._child.stdout.close()
        self._child.stderr.close()
        assert code == 0, f"heights load ended with {code}: {out}{''.join(self._progress)}"
        self._when_finished()
        report = json.loads(out)
        sessions = report.get("sessions")
        assert sessions is None or (sessions["lost"], sessions["letIn"]) == (0, 0), sessions
        return report

    def finish_without_failure(self):
        """The report, in which every request that became due has succeeded."""
        report = self.finish()
        failures = {key: report[key] for key in ("failed", "shed", "errors")}
        assert failures == {"failed": 0, "shed": 0, "errors": {}}, report
        assert report["succeeded"] == report["due"] > 0
        return report
