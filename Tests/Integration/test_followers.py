"""More followers of the database inside a stage, and fewer: a climb like the others, live under load."""

import json
import os
import signal

import pytest

from support.climbing import climb_until, kill_climb
from support.waiting import wait_until

CLIMB_SECONDS = 180


@pytest.fixture
def stage_4(lab):
    lab.up("--stage", 4)
    lab.load(rate=30, seconds=2).finish_without_failure()
    return lab


def servers(lab):
    """Those that have the database, by their hosts, each with its role."""
    return {
        process["host"]: process.get("role") for process in lab.status()["processes"] if process["name"].endswith(".patroni")
    }


def placed(lab):
    """The addresses that the app knows of."""
    return json.loads((lab.home / "placement.json").read_text())["clusters"]["main"]["members"]


def climb(lab, followers):
    return lab.heights("climb", "--followers", followers, seconds=CLIMB_SECONDS)


def expect(lab, followers):
    """So many follow, one of them in step, and all that was acknowledged is there."""
    wait_until(
        lambda: sorted(map(str, servers(lab).values()))
        == sorted(["leader", "sync_standby"] + ["replica"] * (followers - 1)),
        f"{followers} followers")
    assert len(placed(lab)) == 1 + followers
    lab.verify()


def test_followers_come_and_go_under_load_and_fail_no_request(stage_4):
    load = stage_4.load(rate=60, seconds=600, users=10).wait_until_it_flows()
    climb(stage_4, 3).expect(0)
    assert set(servers(stage_4)) == {"database-a", "database-b", "database-b2", "database-b3"}
    assert stage_4.status()["extraFollowers"] == 2
    climb(stage_4, 2).expect(0)
    assert set(servers(stage_4)) == {"database-a", "database-b", "database-b2"}
    load.stop().finish_without_failure()
    expect(stage_4, 2)
    assert "as many followers already" in str(climb(stage_4, 2).expect(0))


def test_a_follower_more_neither_leads_nor_stands_for_a_second_zone(stage_4):
    """What is acknowledged is in both zones, whoever leads: two servers of one zone are one copy when it goes dark."""
    climb(stage_4, 2).expect(0)
    with pytest.raises(AssertionError, match="cannot_lead"):
        stage_4.ask("switchover", host="database-b2")
    stage_4.ask("switchover", host="database-b")
    wait_until(
        lambda: servers(stage_4) == {"database-a": "sync_standby", "database-b": "leader", "database-b2": "replica"},
        "the other zone has what is acknowledged")
    stage_4.load(rate=30, seconds=3).finish_without_failure()
    stage_4.ask("cutPower", zone="local-b")
    wait_until(lambda: servers(stage_4)["database-a"] == "leader", "the other zone leads")
    stage_4.verify()
    stage_4.ask("restorePower", zone="local-b")
    expect(stage_4, 2)


def test_grown_followers_outlive_the_lab_and_the_climb_to_the_next_stage(stage_4):
    climb(stage_4, 2).expect(0)
    stage_4.down()
    stage_4.up()
    stage_4.wait_until_all_ready()
    expect(stage_4, 2)
    stage_4.heights("climb", seconds=CLIMB_SECONDS).expect(0)
    assert stage_4.status()["stage"] == 5
    expect(stage_4, 2)


@pytest.mark.parametrize("step", ["start-followers", "place-followers", "record-stage"])
def test_a_growth_that_is_killed_goes_on_or_back(stage_4, step):
    kill_climb(stage_4, "run", step, "--followers", "2")
    stage_4.heights("climb", "--undo", seconds=CLIMB_SECONDS).expect(0)
    expect(stage_4, 1)
    kill_climb(stage_4, "verify", step, "--followers", "2")
    assert "inside stage 4" in str(stage_4.heights("status").expect(0))
    stage_4.heights("climb", seconds=CLIMB_SECONDS).expect(0)
    assert stage_4.status()["stage"] == 4, "what goes on is what was cut short"
    expect(stage_4, 2)


def test_a_lab_that_is_killed_in_the_middle_of_a_growth_is_followed_by_up_and_climb(stage_4):
    under_way = climb_until(stage_4, "verify", "start-followers", "--followers", "2")
    os.kill(stage_4.supervisor.pid, signal.SIGKILL)
    assert under_way.wait(CLIMB_SECONDS) == 1
    stage_4.up()
    climb(stage_4, 2).expect(0)
    expect(stage_4, 2)


@pytest.mark.parametrize("words, message", [
    (["--followers", "0"], "expected a whole number"),
    (["--followers", "15"], "from 1 to 14 followers"),
    (["--followers", "2", "--to", "5"], "leave out --to"),
])
def test_followers_that_can_not_be_are_refused(stage_4, words, message):
    answer = stage_4.heights("climb", *words)
    assert message in str(answer.expect(2))
    assert set(servers(stage_4)) == {"database-a", "database-b"}


def test_a_stage_without_followers_says_so(lab):
    lab.up("--stage", 2)
    assert "come with stage 4" in str(lab.heights("climb", "--followers", 1).expect(2))
