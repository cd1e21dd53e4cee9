"""Whose processes come first where there are fewer cores than tests want."""

import os
import threading
from contextlib import suppress
from pathlib import Path


class Precedence:
    """While it lasts, all processes of a lab, those too that it starts meanwhile, have three times the share of the cores that
    others have: requests that a test wants answered in time do not wait for what starts beside them. Only root may do that;
    for anybody else nothing changes."""

    _NICE = -5
    _EVERY_SECONDS = 2

    def __init__(self, processes):
        """`processes` tells which there are now."""
        self._processes = processes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        if os.geteuid() == 0:
            self._thread.start()

    def end(self):
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self):
        while not self._over.is_set():
            self._set(self._NICE)
            self._over.wait(self._EVERY_SECONDS)
        self._set(0)

    def _set(self, nice):
        for process in self._processes():
            folder = Path(f"/proc/{process.pid}")
            # Processes end meanwhile. Where the kernel shares the cores out between sessions, theirs is what counts.
            with suppress(OSError):
                (folder / "autogroup").write_text(str(nice))
            with suppress(OSError):
                for task in os.listdir(folder / "task"):
                    os.setpriority(os.PRIO_PROCESS, int(task), nice)
