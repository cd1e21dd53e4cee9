"""Whose turn it is among tests that would disturb each other."""

import fcntl
import os
from pathlib import Path

from .precedence import Precedence
from .waiting import wait_until


class Turn:
    """Tests that do something under load take turns, those of other workers too: two of them, each with forty processes on
    two cores, have requests wait for longer than any server should let them. Within a worker loads may run side by side.
    Whoever has the turn comes first: what starts for the other workers' tests is as much for two cores as a load."""

    # Any folder can be locked, and this one nobody else makes or removes.
    _PATH = Path(__file__).parent
    # Those before have their time and that of their labs.
    _SECONDS = 600
    _descriptor = None
    _holders = 0

    def __init__(self, processes):
        """`processes` tells those of the lab that has the load."""
        if Turn._holders == 0:
            descriptor = os.open(Turn._PATH, os.O_RDONLY)
            wait_until(lambda: Turn._is_had(descriptor), "this test's turn to have load", Turn._SECONDS)
            Turn._descriptor = descriptor
        Turn._holders += 1
        self._precedence = Precedence(processes)

    def end(self):
        """Once."""
        self._precedence.end()
        Turn._holders -= 1
        if Turn._holders == 0:
            os.close(Turn._descriptor)

    @staticmethod
    def _is_had(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
