"""A climb that goes only as far as its events are read: whoever reads slowly decides what happens between two steps."""

import ctypes
import json
import os
import select
import subprocess
import time

from .climbing import LINE_BYTES, STEPS_TO, one_line_pipe
from .paths import HEIGHTS
from .waiting import wait_until

# Copying rows and starting engines take their time.
SECONDS = 180


class HeldClimb:
    """`heights climb --json` into a pipe that has room for one line. A step is told when it begins, and what is to be told
    waits for that room, so the climb stands right before the step's work while the line before is left unread."""

    def __init__(self, lab, to):
        self._lab, self._to = lab, to
        self.events = []
        self._pipe, write = one_line_pipe()
        os.write(write, b"{}\n")
        self._copy = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        self._child = subprocess.Popen([HEIGHTS, "climb", "--json", "--to", str(to), "--app", lab.folder],
                                       stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.DEVNULL)
        lab._children.append(self._child)
        os.close(write)

    def hold_before(self, step):
        """Reads until the climb is about to do the work of a step, and stands there."""
        place = STEPS_TO[self._to].index(step)
        before = ("done", "verify", STEPS_TO[self._to][place - 1]) if place else (None, None, None)
        while self._named(self._peek()) != before:
            self._read()
        begins = {"event": "starts", "operation": "run", "step": step}
        wait_until(lambda: self._lab.journal(self._to)[-1:] == [begins], f"{step} begins")
        return self

    def read_for(self, seconds):
        """Lets the climb go on for that long, and returns what it tells."""
        end, told = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0 and self._has_line(left):
            event = self._read()
            if event is None:
                break
            told.append(event)
        return told

    def read_until(self, *named):
        """Lets the climb go on until it has told that."""
        # Until the climb ends at the latest.
        while True:
            event = self._read()
            assert event is not None, f"the climb ended before {named}: {self.events[-1]}"
            if self._named(event) == named:
                return event

    def finish(self):
        """The exit code; the last of `events` is the outcome."""
        while self._read() is not None:
            pass
        os.close(self._pipe)
        return self._child.wait(SECONDS)

    def _has_line(self, seconds):
        return bool(select.select([self._pipe], [], [], seconds)[0])

    def _read(self):
        """The next event; None when the climb has ended."""
        assert self._has_line(SECONDS), f"the climb tells nothing more after {self.events[-1:]}"
        line = os.read(self._pipe, LINE_BYTES)
        if line:
            self.events.append(json.loads(line))
        return self.events[-1] if line else None

    def _peek(self):
        """The event that is next, which stays there; the pipe has no other way to tell."""
        assert self._has_line(SECONDS), f"the climb tells nothing more after {self.events[-1:]}"
        size = ctypes.CDLL(None, use_errno=True).tee(self._pipe, self._copy[1], LINE_BYTES, 0)
        assert size > 0, f"the climb has ended: {self.events[-1:]}"
        return json.loads(os.read(self._copy[0], LINE_BYTES))

    @staticmethod
    def _named(event):
        return tuple(event.get(name) for name in ("event", "operation", "step"))
