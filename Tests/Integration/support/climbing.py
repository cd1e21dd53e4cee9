"""A climb that is watched event by event, and killed at a chosen one."""

import fcntl
import json
import os
import select
import signal
import time

from support.waiting import DEADLINE_SECONDS

# The most that `one_line_pipe` has room for.
LINE_BYTES = 4096

STEPS = [
    "launch-app", "carry-waitlist", "open-app-door", "drain-launch-door", "carry-stragglers", "record-stage",
    "retire-launch",
]

# Of the climbs to the stages that have hosts.
STEPS_TO = {
    3: ["start-database", "copy-rows", "compare-rows", "flip-databases", "record-stage", "end-capture"],
    4: [
        "place-follower", "replicate", "start-servers", "open-front-door", "renew-server", "drain-app",
        "record-stage", "retire-app",
    ],
    5: [
        "start-stores", "renew-servers", "share-cache", "move-sessions", "copy-objects", "move-objects",
        "start-edges", "turn-front-door", "record-stage", "leave-folder",
    ],
    6: [
        "renew-servers", "start-third-zone", "place-follower", "start-table", "ask-table", "move-sessions", "leave-sql",
        "place-services", "start-services", "move-accounts", "move-posts", "move-graph", "start-front", "start-balancers",
        "turn-balancers", "turn-edges", "retire-servers", "record-stage",
    ],
}


def one_line_pipe():
    """The ends of a pipe in which each line stays a packet of its own, with one place for them: who writes into it is
    never more than a line ahead of who reads."""
    read, write = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, LINE_BYTES)
    return read, write


class WatchedClimb:
    """`heights climb --json` that waits for whoever reads what it tells, however slow that is."""

    def __init__(self, lab, *words):
        self._pipe, write = one_line_pipe()
        self.child = lab.start("climb", "--json", *words, stdout=write)
        os.close(write)

    def __iter__(self):
        while line := os.read(self._pipe, LINE_BYTES):
            yield json.loads(line)

    def kill(self):
        """Returns what it ended with."""
        self.child.kill()
        os.close(self._pipe)
        return self.child.wait(DEADLINE_SECONDS)

    def wait(self, seconds):
        """Lets it go on to its end. Returns its exit code."""
        end = time.monotonic() + seconds
        while select.select([self._pipe], [], [], max(end - time.monotonic(), 0))[0]:
            if not os.read(self._pipe, LINE_BYTES):
                os.close(self._pipe)
                return self.child.wait(seconds)
        raise AssertionError(f"the climb goes on after {seconds} s")


def climb_until(lab, operation, step, *words):
    """Starts a climb and returns it, as soon as it has told that `operation` of `step` starts."""
    climb = WatchedClimb(lab, *words)
    for event in climb:
        if (event.get("event"), event.get("operation"), event.get("step")) == ("starts", operation, step):
            return climb
    raise AssertionError(f"the climb ended before the {operation} of {step}: {climb.child.stderr.read()}")


def kill_climb(lab, operation, step, *words):
    """Kills a climb with SIGKILL right after `operation` of `step` has begun."""
    climb = climb_until(lab, operation, step, *words)
    assert climb.kill() == -signal.SIGKILL, "the climb was over before it could be killed"


def has_committed(lab, to=2):
    return {"event": "committed"} in lab.journal(to)


def climb_again(lab, to=2):
    """Climbs to the end. A kill that came within the very last moment may have left nothing to do."""
    expected = "already_there" if has_committed(lab, to) else "committed"
    again = lab.heights("climb", "--to", to, "--json").expect(0)
    assert again.json_lines[-1]["outcome"] == expected, again
