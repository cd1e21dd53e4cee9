"""Any app: a plain Flask app, with nothing of Heights' but its heights.json, climbs from stage 3 to stage 5."""

import threading
import time
import uuid
from pathlib import Path

import pytest
import requests

from support.climbing import climb_again, kill_climb
from support.paths import EXAMPLES
from support.waiting import wait_until


class Guests:
    """People who write and read, each request noted, until they are told to stop."""

    def __init__(self, url):
        self.url = url
        self.written = []
        self.failures = []
        self._answered = 0
        self._isOver = threading.Event()
        self._threads = [threading.Thread(target=visit) for visit in (self._write, self._write, self._read, self._read)]
        for thread in self._threads:
            thread.start()

    def _write(self):
        with requests.Session() as session:
            while not self._isOver.wait(0.05):
                id = str(uuid.uuid4())
                form = {"id": id, "name": "guest", "text": f"line {id}"}
                if self._send(session.post, "/entries", 303, data=form, allow_redirects=False):
                    self.written.append(id)

    def _read(self):
        with requests.Session() as session:
            while not self._isOver.wait(0.02):
                self._send(session.get, "/", 200)

    def _send(self, method, path, expected, **options):
        try:
            status = method(self.url + path, timeout=30, **options).status_code
        except requests.RequestException as error:
            status = str(error)
        if status == expected:
            self._answered += 1
        else:
            self.failures.append((time.time(), path, status))
        return status == expected

    def wait_until_they_come(self):
        before = self._answered
        wait_until(lambda: self._answered > before + 20, "requests are answered")

    def leave(self):
        self._isOver.set()
        for thread in self._threads:
            thread.join()

    def expect_all(self):
        """Nobody has noticed anything, and every line is there."""
        assert self.failures == []
        assert len(self.written) > 20
        for id in self.written:
            entry = requests.get(f"{self.url}/entries/{id}", timeout=10)
            assert entry.status_code == 200 and entry.json()["text"] == f"line {id}", id


def cache_of(lab, server):
    """The cache's address as a server's process was told it; nothing while there is no process."""
    pid = next(process.get("pid") for process in lab.status()["processes"] if process["name"] == server)
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((line for line in environment.split(b"\0") if line.startswith(b"REDIS_URL=")), None)


@pytest.fixture
def guestbook(lab, python_environment):
    """A lab of the guestbook, not started."""
    lab.become(EXAMPLES / "Guestbook")
    (lab.folder / ".venv").symlink_to(python_environment)
    return lab


def test_a_flask_app_climbs_to_stage_5_and_is_told_who_leads_its_cache(guestbook):
    lab = guestbook
    assert lab.up()["stage"] == 3
    lab.wait_until_all_ready()
    guests = Guests(lab.status()["appURL"])
    try:
        guests.wait_until_they_come()
        lab.heights("climb", "--to", 5, "--json").expect(0)
        guests.wait_until_they_come()

        # Another leads the cache: the servers are started anew, one by one, with its address.
        before = cache_of(lab, "server-a")
        assert before and before == cache_of(lab, "server-b")
        lab.ask("freeze", host="cache-a")
        for server in ("server-a", "server-b"):
            wait_until(lambda: cache_of(lab, server) not in (before, None), f"{server} starts anew")
        lab.ask("thaw", host="cache-a")
        lab.wait_until_all_ready()
        guests.wait_until_they_come()
    finally:
        guests.leave()
    guests.expect_all()
    lab.down()
    assert lab.up()["stage"] == 5
    guests.url = lab.status()["appURL"]
    guests.expect_all()


def test_a_flask_apps_climb_is_undone_and_begun_again(guestbook):
    guestbook.up()
    guests = Guests(guestbook.status()["appURL"])
    try:
        guests.wait_until_they_come()
        kill_climb(guestbook, "run", "retire-app", "--to", 4)
        undone = guestbook.heights("climb", "--undo", "--json").expect(0)
        assert undone.json_lines[-1]["outcome"] == "reverted", undone
        assert guestbook.status()["stage"] == 3
        guests.wait_until_they_come()
        climb_again(guestbook, 4)
        guests.wait_until_they_come()
    finally:
        guests.leave()
    guests.expect_all()
