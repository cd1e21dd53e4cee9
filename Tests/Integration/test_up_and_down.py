"""`up` and `down`: what is told, one run a folder, and nothing left behind, however a run ends."""

import os
import shutil
import signal
import subprocess
from urllib.parse import urlsplit

import pytest

from support.raw_http import Connection
from support.summit_api import Person

FREE_PORTS = ["--port", "0", "--console-port", "0"]


@pytest.mark.parametrize("stage", [1, 2])
def test_up_tells_both_addresses_and_how_to_stop(lab, stage):
    told = lab.heights("up", *FREE_PORTS, "--stage", stage, "--detach").expect(0).out
    status = lab.status()
    assert status["appURL"] in told and status["consoleURL"] in told and f"`heights down --app {lab.folder}` stops it" in told
    for url in (status["appURL"], status["consoleURL"]):
        with Connection(url) as connection:
            assert connection.request("GET", "/").status == 200


def test_up_in_the_foreground_tells_the_same_and_ends_cleanly_on_ctrl_c(lab):
    up = lab.start("up", *FREE_PORTS)
    told = ""
    while "Ctrl-C stops it." not in told:
        line = up.stdout.readline()
        assert line, f"up ended: {told}{up.stderr.read()}"
        told += line
    status = lab.status()
    assert status["appURL"] in told and status["consoleURL"] in told
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    lab.expect_nothing_left()
    # Nothing looks like a crash to the next run.
    assert "clean stop" not in lab.heights("up", *FREE_PORTS, "--detach").expect(0).err


def test_down_leaves_no_process_and_no_port(summit):
    summit.status()
    assert len(summit._seen) >= 2
    assert summit.down() == {"stopped": True}
    summit.expect_nothing_left()
    assert summit.down() == {"stopped": False}
    assert summit.heights("status").expect(1).err.startswith("heights: nothing runs in")


def test_a_second_up_is_refused_and_the_first_goes_on(summit):
    before = summit.status()
    second = summit.heights("up", *FREE_PORTS, "--detach").expect(1)
    assert f"this app is already up (process {before['supervisorPid']})" in second.err
    foreground = summit.heights("up", *FREE_PORTS).expect(1)
    assert "already up" in foreground.err
    after = summit.status()
    assert [line["pid"] for line in after["processes"]] == [line["pid"] for line in before["processes"]]


def test_labs_of_several_folders_run_side_by_side(make_lab):
    labs = [make_lab() for _ in range(3)]
    urls = {lab.up()["appURL"] for lab in labs}
    assert len(urls) == 3
    person = Person.sign_up(labs[0].status()["appURL"])
    for lab in labs[1:]:
        with Connection(lab.status()["appURL"]) as connection:
            assert connection.request("GET", f"/api/accounts/{person.name}").status == 404
    person.close()


def test_a_port_that_is_taken_is_told_with_the_option_that_names_another(summit, make_lab):
    port = summit.status()["appURL"].rpartition(":")[2]
    outcome = make_lab().heights("up", "--port", port, "--console-port", 0, "--detach").expect(1)
    assert f"port {port}" in outcome.err and "--port" in outcome.err
    console = urlsplit(summit.status()["consoleURL"]).port
    outcome = make_lab().heights("up", "--port", 0, "--console-port", console, "--detach").expect(1)
    assert f"port {console}" in outcome.err and "--console-port" in outcome.err


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_up_says_so(summit):
    person = Person.sign_up(summit.status()["appURL"])
    person.close()
    supervisor = summit.supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    summit.expect_nothing_left()
    assert "nothing runs" in summit.heights("status").expect(1).err

    again = summit.heights("up", *FREE_PORTS, "--detach").expect(0)
    assert f"the last run (process {supervisor.pid}) ended without a clean stop" in again.err
    with Connection(summit.status()["appURL"]) as connection:
        assert connection.request("GET", f"/api/accounts/{person.name}").status == 200
    summit.down()
    assert "clean stop" not in summit.heights("up", *FREE_PORTS, "--detach").expect(0).err


def test_down_after_kill_9_of_the_supervisor_has_nothing_to_do_or_does_it(summit):
    os.kill(summit.supervisor.pid, signal.SIGKILL)
    summit.down()
    summit.expect_nothing_left()


def test_a_process_that_dies_is_started_again(summit):
    line = summit.successor(summit.kill("app"))
    assert line["restarts"] == 1 and line["lastEnd"] == "was ended by signal 9"


@pytest.mark.parametrize("detach", [(), ("--detach",)], ids=["foreground", "detached"])
def test_an_app_that_cannot_start_is_told_with_its_own_last_words(lab, detach):
    migration = lab.folder / "Migrations" / "posts" / "001_posts.sql"
    lab.up()
    lab.down()
    migration.write_text("-- edited\n" + migration.read_text())
    told = lab.heights("up", *FREE_PORTS, *detach).expect(1).err
    error = told[told.index("heights: app did not become ready"):]
    assert "001_posts was edited after it was applied" in error
    lab.expect_nothing_left()


def test_a_stage_1_app_comes_back_at_stage_1(lab):
    lab.up("--stage", 1)
    lab.down()
    assert lab.up()["stage"] == 1
    lab.down()
    outcome = lab.heights("up", *FREE_PORTS, "--stage", 2, "--detach")
    assert "heights climb" in outcome.err and outcome.code != 0


def test_up_works_without_gdnsd_and_says_so(lab):
    program = shutil.which("gdnsd", path="/usr/sbin:/usr/local/sbin")
    assert program, "gdnsd is not installed: scripts/test-setup does it"
    # A mount that only this run sees hides the program.
    hide = ["unshare", "--mount", "sh", "-c", f'mount --bind /dev/null {program} && exec "$@"', "sh"]
    if subprocess.run([*hide, "true"], capture_output=True, timeout=60).returncode != 0:
        pytest.skip("no right to mount: gdnsd can't be hidden")
    outcome = lab.heights("up", *FREE_PORTS, "--detach", wrapper=hide).expect(0)
    assert "gdnsd is not installed" in outcome.err and "apt-get install gdnsd" in outcome.err
    status = lab.status()
    assert "port" not in status["dns"] and [line["name"] for line in status["processes"]] == ["app"]
    with Connection(status["appURL"]) as connection:
        assert connection.request("GET", "/healthz").status == 200
