"""Waiting for what will happen, with an end to it."""

import time

# Long enough for a machine that does ten other things: no test measures time, a deadline only ends what hangs.
DEADLINE_SECONDS = 60


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Returns the first true value of `condition()`; fails with `what` when none comes."""
    end = time.monotonic() + seconds
    # Until the time is over.
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
