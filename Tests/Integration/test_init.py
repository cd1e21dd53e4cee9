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
def app(request):
    """A new app in a folder of its own, made with the words of the test."""
    parent = Path(tempfile.mkdtemp(prefix="heights-init-"))
    try:
        outcome = heights("init", "guest-book", *getattr(request, "param", []), "--json", cwd=parent).expect(0)
        assert outcome.json == {"folder": str(parent / "guest-book")}
        yield parent / "guest-book"
    finally:
        heights("down", cwd=parent / "guest-book")
        shutil.rmtree(parent, ignore_errors=True)


def serve(app, *words):
    """Its test passes, it starts and takes a note; what `status` says of it then."""
    test = subprocess.run(["swift", "test"], cwd=app, capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert test.returncode == 0 and "with 1 test in" in test.stdout, test.stdout + test.stderr

    heights("up", "--detach", "--port", 0, "--console-port", 0, *words, cwd=app, seconds=BUILD_SECONDS).expect(0)
    status = heights("status", "--json", cwd=app).expect(0).json
    url = status["appURL"]
    note = requests.post(f"{url}/api/boards/lobby/notes", json={"text": "Mind the <gap>"}, timeout=DEADLINE_SECONDS)
    assert note.status_code == 201, note.text
    page = requests.get(url, timeout=DEADLINE_SECONDS)
    assert "Mind the &lt;gap&gt;" in page.text and "<gap>" not in page.text
    return status


def test_a_new_app_runs_its_test_and_serves(app):
    serve(app)


@pytest.mark.parametrize("app", [["--services"]], indirect=True)
def test_a_new_app_of_two_services_is_two_layers_at_stage_6(app):
    status = serve(app, "--stage", 6)
    ready = {process["name"] for process in status["processes"] if process["health"] == "ready"}
    assert {"service-web-a", "service-notes-a", "load-balancer-notes-a.haproxy"} <= ready
    # What is wrong is told by the service, through the one that people ask.
    wrong = requests.post(f"{status['appURL']}/api/boards/lobby/notes", json={"text": ""}, timeout=DEADLINE_SECONDS)
    assert wrong.status_code == 422 and "Write 1 to 500 characters." in wrong.text, wrong.text


def test_nothing_is_written_over_what_is_there(app):
    before = sorted(app.rglob("*"))
    outcome = heights("init", "guest-book", cwd=app.parent).expect(2)
    assert "is there already" in outcome.err
    assert sorted(app.rglob("*")) == before
    assert list(app.parent.iterdir()) == [app]
