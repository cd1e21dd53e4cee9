"""A climb that is watched event by event, and killed at a chosen one."""

import json
import signal

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
}


def climb_until(lab, operation, step, *words):
    """Starts a climb and returns it, as soon as it has told that `operation` of `step` starts."""
    climb = lab.start("climb", "--json", *words)
    for line in climb.stdout:
        event = json.loads(line)
        if (event.get("event"), event.get("operation"), event.get("step")) == ("starts", operation, step):
            return climb
    raise AssertionError(f"the climb ended before the {operation} of {step}: {climb.stderr.read()}")


def kill_climb(lab, operation, step, *words):
    """Kills a climb with SIGKILL right after `operation` of `step` has begun."""
    climb = climb_until(lab, operation, step, *words)
    climb.kill()
    assert climb.wait() == -signal.SIGKILL, "the climb was over before it could be killed"


def has_committed(lab, to=2):
    return {"event": "committed"} in lab.journal(to)


def climb_again(lab, to=2):
    """Climbs to the end. A kill that came within the very last moment may have left nothing to do."""
    expected = "already_there" if has_committed(lab, to) else "committed"
    again = lab.heights("climb", "--to", to, "--json").expect(0)
    assert again.json_lines[-1]["outcome"] == expected, again
