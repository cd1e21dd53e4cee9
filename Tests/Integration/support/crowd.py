"""People who do the same thing again and again while something happens to an app."""

import threading


class Crowd:
    """A few threads that run `act` as long as the block lasts; what goes wrong for them is in `failures`."""

    def __init__(self, count):
        self.stop = threading.Event()
        self.failures = []
        self._threads = [threading.Thread(target=self.act, daemon=True) for _ in range(count)]

    def act(self):
        """What each thread does until `stop` is set."""
        raise NotImplementedError

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self._threads:
            thread.join()
