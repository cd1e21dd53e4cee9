"""`heights init` writes an app that builds, tests and runs at once."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import requests

from support.lab import heights
from support.waiting import DEADLINE_SECONDS

BUILD_SECONDS = 600


@pytest.fixture
def app():
    """A new app in a folder of its own."""
    parent = Path(tempfile.mkdtemp(prefix="heights-init-"))
    try:
        outcome = heights("init", "guest-book", "--json", cwd=parent).expect(0)
        assert outcome.json == {"folder": str(parent / "guest-book")}
        yield parent / "guest-book"
    finally:
        heights("down", cwd=parent / "guest-book")
        shutil.rmtree(parent, ignore_errors=True)


def test_a_new_app_runs_its_test_and_serves(app):
    test = subprocess.run(["swift", "test"], cwd=app, capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert test.returncode == 0 and "with 1 test in" in test.stdout, test.stdout + test.stderr

    heights("up", "--detach", "--port", 0, "--console-port", 0, cwd=app, seconds=BUILD_SECONDS).expect(0)
    url = heights("status", "--json", cwd=app).expect(0).json["appURL"]
    note = requests.post(f"{url}/api/boards/lobby/notes", json={"text": "Mind the <gap>"}, timeout=DEADLINE_SECONDS)
    assert note.status_code == 201, note.text
    page = requests.get(url, timeout=DEADLINE_SECONDS)
    assert "Mind the &lt;gap&gt;" in page.text and "<gap>" not in page.text


def test_nothing_is_written_over_what_is_there(app):
    before = sorted(app.rglob("*"))
    outcome = heights("init", "guest-book", cwd=app.parent).expect(2)
    assert "is there already" in outcome.err
    assert sorted(app.rglob("*")) == before
    assert list(app.parent.iterdir()) == [app]
