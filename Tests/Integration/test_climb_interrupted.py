"""A climb that is killed goes on where it ended, or back: at every step, and nobody outside notices."""

import os
import signal

import pytest

from support.climbing import STEPS, climb_again, climb_until, has_committed, kill_climb
from support.raw_http import Connection
from support.summit_api import Person
from support.waitlist import acknowledged, addresses, join

POINTS = [(operation, step) for step in STEPS for operation in ("run", "verify")]


@pytest.fixture
def launch_page(lab):
    """A lab at stage 1 whose waitlist has addresses on it."""
    lab.joined = join(lab.up("--stage", 1)["appURL"], 50)
    return lab


def expect_at_stage_2(lab):
    status = lab.status()
    assert status["stage"] == 2 and status["openDoors"] == ["app"] and "climb" not in status
    assert {line["name"] for line in status["processes"] if line["health"] != "stopped"} <= {"app", "dns"}
    assert lab.journal()[-1] == {"event": "committed"}
    assert lab.joined | acknowledged(lab) <= addresses(lab)
    Person.sign_up(status["appURL"]).close()


def test_the_steps_are_all_of_a_climb(launch_page):
    events = launch_page.heights("climb", "--to", 2, "--json").expect(0).json_lines[:-1]
    assert list(dict.fromkeys(event["step"] for event in events)) == STEPS


@pytest.mark.parametrize("operation, step", POINTS, ids=[f"{step}-{operation}" for operation, step in POINTS])
def test_a_climber_that_is_killed_goes_on_and_ends_at_stage_2(launch_page, operation, step):
    load = launch_page.load(rate=100, seconds=2).wait_until_it_flows()
    kill_climb(launch_page, operation, step)
    assert {"event": "starts", "operation": operation, "step": step} in launch_page.journal()
    climb_again(launch_page)
    load.finish_without_failure()
    expect_at_stage_2(launch_page)
    launch_page.verify()


@pytest.mark.parametrize("step", STEPS)
def test_a_climber_that_is_killed_goes_back_and_ends_at_stage_1(launch_page, step):
    load = launch_page.load(rate=100, seconds=2).wait_until_it_flows()
    kill_climb(launch_page, "run", step)
    undone = launch_page.heights("climb", "--undo", "--json").expect(0)
    assert undone.json_lines[-1]["outcome"] == "reverted", undone
    load.finish_without_failure()

    status = launch_page.status()
    assert status["stage"] == 1 and status["openDoors"] == ["launch"] and "climb" not in status
    assert launch_page.joined | acknowledged(launch_page) <= addresses(launch_page, "launch")
    launch_page.verify()

    # And up again, as if nothing had been.
    climb_again(launch_page)
    expect_at_stage_2(launch_page)
    launch_page.verify()


def test_an_undo_that_is_killed_goes_back_all_the_same(launch_page):
    kill_climb(launch_page, "run", "record-stage")
    kill_climb(launch_page, "undo", "drain-launch-door", "--undo")
    undone = launch_page.heights("climb", "--undo", "--json").expect(0)
    assert undone.json_lines[-1]["outcome"] == "reverted", undone
    assert launch_page.status()["stage"] == 1
    assert launch_page.joined <= addresses(launch_page, "launch")


def test_a_climb_that_is_killed_at_every_step_in_turn_ends_at_stage_2(launch_page):
    load = launch_page.load(rate=100, seconds=5).wait_until_it_flows()
    for operation, step in POINTS:
        kill_climb(launch_page, operation, step)
    climb_again(launch_page)
    load.finish_without_failure()
    expect_at_stage_2(launch_page)
    launch_page.verify()


@pytest.mark.parametrize("step", STEPS)
def test_a_supervisor_that_is_killed_within_a_climb_is_followed_by_up_and_climb(launch_page, step):
    supervisor = launch_page.supervisor
    climb = climb_until(launch_page, "run", step)
    os.kill(supervisor.pid, signal.SIGKILL)
    assert climb.wait(60) in (0, 1)
    launch_page.expect_nothing_left()
    # Of the last steps the lab may have been asked, and have done, everything before it was gone.
    assert not has_committed(launch_page) or step == STEPS[-1]

    up = launch_page.heights("up", "--port", 0, "--console-port", 0, "--detach").expect(0)
    assert f"the last run (process {supervisor.pid}) ended without a clean stop" in up.err
    with Connection(launch_page.status()["appURL"]) as connection:
        assert connection.request("GET", "/").status == 200
    climb_again(launch_page)
    expect_at_stage_2(launch_page)


def test_a_climb_that_is_under_way_is_told_by_status(launch_page):
    kill_climb(launch_page, "run", "open-app-door")
    climb = launch_page.status()["climb"]
    assert (climb["from"], climb["to"], climb["stepCount"]) == (1, 2, len(STEPS))
    assert climb["verifiedSteps"] == STEPS[:2]
    assert "A climb from stage 1 to 2 is under way (2 of 7 steps)" in launch_page.heights("status").expect(0).out


def test_two_climbs_at_once_are_one_climb(launch_page):
    first = climb_until(launch_page, "run", "launch-app")
    second = launch_page.heights("climb", "--to", 2, "--json")
    assert first.wait(60) == 0
    assert second.json_lines[-1].get("error") == "already_climbing" or second.code == 0
    expect_at_stage_2(launch_page)
