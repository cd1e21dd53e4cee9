"""Readers that look at an app again and again while something happens to it, each time over a new connection."""

from .crowd import Crowd
from .raw_http import Connection


class Visitors(Crowd):
    """A few people who visit as long as the block lasts. Connecting, asking and the answer must all succeed."""

    def __init__(self, url, path="/api/popular", count=2):
        super().__init__(count)
        self._url = url
        self._path = path
        self.visits = 0

    def act(self):
        while not self.stop.wait(0.02):
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
