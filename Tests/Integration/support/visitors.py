"""Readers that look at an app again and again while something happens to it, each time over a new connection."""

import threading

from .raw_http import Connection


class Visitors:
    """A few threads that visit as long as the block lasts. Connecting, asking and the answer must all succeed."""

    def __init__(self, url, path="/api/popular", count=2):
        self._url = url
        self._path = path
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(count)]
        self.failures = []
        self.visits = 0

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self):
        while not self._stop.wait(0.02):
            try:
                with Connection(self._url) as connection:
                    answer = connection.request("GET", self._path)
                if answer is None or answer.status != 200:
                    self.failures.append(answer)
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            self.visits += 1

    def expect_no_failure(self):
        assert self.visits > 0 and not self.failures, (self.visits, self.failures[:5])
