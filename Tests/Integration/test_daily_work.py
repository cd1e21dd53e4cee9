"""What people do with a running app each day: read what it says, and run a program of their own beside it."""

import json
import os
import signal
import subprocess

import pytest

from support.lab import Lab, heights
from support.paths import HEIGHTS
from support.waiting import wait_until


@pytest.fixture(scope="module", params=[2, 4])
def running(request):
    lab = Lab()
    try:
        lab.stage = request.param
        lab.url = lab.up("--stage", request.param)["appURL"]
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def lines(outcome):
    return [tuple(part.strip() for part in line.split(" | ", 1)) for line in outcome.out.splitlines()]


def test_logs_are_shown_of_all_of_a_service_and_of_one_process(running):
    everything = lines(running.heights("logs").expect(0))
    processes = {name for name, _ in everything}
    assert "up" in processes and len(processes) > 2
    assert max(sum(name == one for name, _ in everything) for one in processes) <= 10
    service = lines(running.heights("logs", "web", "--lines", 20).expect(0))
    apps = {"app"} if running.stage == 2 else {"server-a", "server-b"}
    assert {name for name, _ in service} == apps
    # Libraries write lines of their own there.
    assert any(json.loads(text)["time"] for _, text in service if text.startswith("{")), service
    one = lines(running.heights("logs", sorted(apps)[0], "--lines", 1).expect(0))
    assert len(one) == 1
    refused = running.heights("logs", "nobody").expect(2)
    assert "nothing is called 'nobody'" in refused.err and sorted(apps)[0] in refused.err


def test_logs_go_on_with_what_comes_until_somebody_ends_them(running, tmp_path):
    path = tmp_path / "followed"
    with path.open("w") as out:
        child = subprocess.Popen([HEIGHTS, "logs", "-f", "web", "--lines", "0", "--app", running.folder], stdout=out)
        try:
            def arrives():
                running.heights("load", "--rate", 5, "--duration", 1, "--users", 1).expect(0)
                return "/api/accounts" in path.read_text()
            wait_until(arrives, "a line that was written meanwhile")
            os.kill(child.pid, signal.SIGINT)
            assert child.wait(20) == 0
        finally:
            child.kill()
            child.wait(20)


def test_a_log_with_a_line_without_end_and_signs_of_a_terminal_is_shown_all_the_same(running):
    log = running.home / "logs" / "odd.log"
    log.write_bytes(b"first\n\x1b]0;title\x07\x1b[2J\xff\xfe\n" + b"x" * 300_000 + b"\nlast\nopen")
    try:
        shown = lines(running.heights("logs", "odd", "--lines", 4).expect(0))
        assert [text[:8] for _, text in shown] == ["first", "?]0;titl", "xxxxxxxx", "last"]
        assert len(shown[2][1]) < 100_000
    finally:
        log.unlink()


def run(lab, *words):
    return heights("run", "--app", lab.folder, *words)


def test_a_program_runs_once_with_the_apps_variables_and_in_its_folder(running):
    os.environ["HEIGHTS_TEST_OF_THIS_SHELL"] = "1"
    try:
        out = run(running, "env").expect(0).out
    finally:
        del os.environ["HEIGHTS_TEST_OF_THIS_SHELL"]
    variables = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    assert variables["HEIGHTS_STAGE"] == str(running.stage)
    assert "HEIGHTS_TEST_OF_THIS_SHELL" not in variables and "PORT" not in variables
    assert not [name for name in variables if name.startswith("LISTEN_")]
    assert ("DATABASE_URL" in variables) == (running.stage == 4)
    here = run(running, "sh", "-c", "pwd; exit 7").expect(7).out.strip()
    assert os.path.exists(here + "/Migrations")
    missing = run(running, "no-such-program").expect(1)
    assert "no-such-program" in missing.err


def test_without_an_instance_no_program_runs(lab):
    assert "nothing runs in" in run(lab, "env").expect(1).err
    lab.up("--stage", 1)
    assert "launch page" in run(lab, "env").expect(1).err
