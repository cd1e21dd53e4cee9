"""scripts/in-time: what hangs is ended with all that it has started, and whoever waits is told which test it was."""

import subprocess

import pytest
from support.paths import REPOSITORY
from support.processes import processes_of
from support.waiting import DEADLINE_SECONDS, wait_until


def in_time(seconds, script, folder):
    return subprocess.run([REPOSITORY / "scripts/in-time", str(seconds), "bash", "-c", script], cwd=folder,
                          capture_output=True, text=True, timeout=DEADLINE_SECONDS)


def test_what_says_nothing_for_too_long_is_ended_with_all_that_it_has_started(tmp_path):
    done = in_time(1, """trap "" TERM
        echo "◇ Test first() started."
        echo "✔ Test first() passed after 0.001 seconds."
        echo "◇ Test second() started."
        sleep 1000 & sleep 1000; sleep 1000""", tmp_path)
    assert done.returncode == 124
    assert "nothing was said for 1 seconds" in done.stderr
    assert "the last test to begin: ◇ Test second() started." in done.stderr
    assert processes_of(tmp_path) == set()


@pytest.mark.parametrize("code", [0, 3])
def test_what_ends_keeps_its_code_and_all_that_it_said(tmp_path, code):
    done = in_time(DEADLINE_SECONDS, f"echo one; echo two >&2; printf three; exit {code}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "one\ntwo\nthree", "")


def test_whoever_ends_it_ends_what_it_has_started(tmp_path):
    with subprocess.Popen([REPOSITORY / "scripts/in-time", str(DEADLINE_SECONDS), "bash", "-c", "echo begun; sleep 1000"],
                          cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 130
    wait_until(lambda: not processes_of(tmp_path), "what it has started ends")
