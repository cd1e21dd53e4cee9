"""Ten thousand connections that only sit there cost nobody anything."""

import resource
from pathlib import Path

import pytest

from support.raw_http import Connection
from support.waiting import wait_until

WANTED = 10_000
# For everything else that this process and the app's have open.
SPARE = 500


@pytest.fixture
def many_files():
    """Raises our own limit of open files, and puts it back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except ValueError:
        pass
    yield resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_idle_connections_leave_room_for_everybody_else(lab, many_files):
    # Started with the usual low limit: the app itself must raise it.
    lab.up(wrapper=["prlimit", f"--nofile=1024:{resource.getrlimit(resource.RLIMIT_NOFILE)[1]}"])
    url, pid = lab.status()["appURL"], lab.process("app")["pid"]
    limits = next(line.split() for line in Path(f"/proc/{pid}/limits").read_text().splitlines()
                  if line.startswith("Max open files"))
    assert limits[3] == limits[4], "the app raises its limit of open files to what the system allows"

    allowed = [WANTED, many_files - SPARE] + ([int(limits[3]) - SPARE] if limits[3].isdigit() else [])
    count = min(allowed)
    if count < WANTED:
        print(f"only {count} connections: the system allows no more open files")
    idle = []
    try:
        for _ in range(count):
            connection = Connection(url)
            idle.append(connection)
            # One request each: from then on the server keeps the connection for the next one.
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if len(idle) % 100 == 0:
                assert all(one.answer().status == 200 for one in idle[-100:])
        with Connection(lab.admin()) as admin:
            assert open_connections(admin) >= count
        lab.load(rate=150, seconds=3).finish_without_failure()
        # They still work: the first, the last, and some between.
        for connection in idle[::500] + idle[-1:]:
            assert connection.request("GET", "/healthz").status == 200
    finally:
        for connection in idle:
            connection.close()
    with Connection(lab.admin()) as admin:
        wait_until(lambda: open_connections(admin) < 10, "the connections are given back")
    assert (lab.process("app")["pid"], lab.process("app")["restarts"]) == (pid, 0)
    lab.verify()


def open_connections(admin):
    text = admin.request("GET", "/metrics").body.decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("http_connections "))
