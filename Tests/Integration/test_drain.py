"""SIGTERM: readiness turns red, what is in flight is answered, the process ends with 0."""

import os
import signal
import subprocess

import pytest

from support.paths import SUMMIT
from support.raw_http import Connection
from support.summit_api import Person, begin_post
from support.waiting import wait_until


def test_sigterm_drains_the_app(summit):
    url = summit.status()["appURL"]
    person = Person.sign_up(url)
    with Connection(url) as busy, Connection(url) as kept, Connection(summit.admin()) as admin:
        assert kept.request("GET", "/readyz").status == 200
        rest = begin_post(busy, person, "said while the server was going")
        wait_until(lambda: open_connections(admin) >= 2, "the app has taken the connections")
        process = summit.kill("app", signal.SIGTERM)

        # It says that it goes, to whoever is still connected, before anything else changes.
        red = wait_until(lambda: answer_unless(200, Connection(summit.admin())), "readiness turns red")
        assert red.status == 503 and b"draining" in red.body
        assert process.is_alive

        made = busy.send(rest).answer()
        assert made.status == 201 and made.closes, made
        wait_until(lambda: not process.is_alive, "the drained process ends")
    line = summit.successor(process)
    assert line["lastEnd"] == "exited with code 0", line
    # Written before it ended, read from the process that came after it.
    with Connection(url) as connection:
        assert connection.request("GET", made.headers["location"]).status == 200
    person.close()


def open_connections(admin):
    text = admin.request("GET", "/metrics").body.decode()
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith("http_connections"))


def answer_unless(status, connection):
    with connection:
        answer = connection.request("GET", "/readyz")
        return answer if answer and answer.status != status else None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_program_by_itself_drains_too_and_ends_with_0(lab, number):
    folder, log = lab.folder, lab.folder / "app.log"
    environment = {**os.environ, "PORT": "0", "HEIGHTS_DATA_DIR": str(folder / "data")}
    with log.open("wb") as output, subprocess.Popen(
            [SUMMIT], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:
        url = f"http://127.0.0.1:{wait_until(lambda: listening_port(process.pid), 'the app listens')}"
        wait_until(lambda: '"ready"' in log.read_text(), "the app is ready")
        person = Person.sign_up(url)
        with Connection(url) as busy, Connection(url) as kept:
            assert kept.request("GET", "/readyz").status == 200
            rest = begin_post(busy, person, "the last word")
            process.send_signal(number)
            red = wait_until(lambda: (lambda it: it if it.status != 200 else None)(kept.request("GET", "/readyz")), "red")
            assert red.status == 503 and red.closes
            assert busy.send(rest).answer().status == 201
        person.close()
        assert process.wait(60) == 0, log.read_text()


def listening_port(pid):
    """The TCP port that a process listens on."""
    own = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            own.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except FileNotFoundError:
            pass
    with open("/proc/net/tcp") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                return int(fields[1].rpartition(":")[2], 16)
    return None
