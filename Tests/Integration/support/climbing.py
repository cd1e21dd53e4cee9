"""A climb that is watched event by event, and killed at a chosen one."""

import json

STEPS = [
    "launch-app", "carry-waitlist", "open-app-door", "drain-launch-door", "carry-stragglers", "record-stage",
    "retire-launch",
]


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
    climb.wait()
