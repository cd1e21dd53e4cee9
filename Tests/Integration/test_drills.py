"""Drills on real engines: what is promised survives, what is broken comes back, and a loss is told."""

import json

import pytest

from support.lab import Lab


def drill(lab, kind, *words):
    """Holds a drill and returns its report, which must be a good one."""
    report = lab.heights("drill", kind, "--rate", 60, "--users", 10, "--json", *words).expect(0).json
    assert report["missingWrites"] == 0 and report["lostSessions"] == 0 and report["letInSessions"] == 0, report
    assert report["acknowledgedWrites"] > 0 and report["sessions"] > 0, report
    assert report["proof"] and report["recoverySeconds"] is not None, report
    return report


@pytest.fixture(scope="module")
def stage4():
    lab = Lab()
    try:
        lab.up("--stage", 4)
        yield lab
    finally:
        lab.end()


@pytest.mark.parametrize("kind", ["zone-outage", "hung-host", "leader-crash", "switchover", "instance-crash"])
def test_stage_4_survives(stage4, kind):
    leader = next(line["host"] for line in stage4.status()["processes"]
                  if line["name"].endswith(".patroni") and line.get("role") == "leader")
    report = drill(stage4, kind)
    stage4.wait_until_all_ready()
    if kind == "zone-outage":
        assert "that were not flushed are gone" in report["proof"]
        # The zone of the leader, whose place another server has taken.
        assert leader[-1] == report["target"][-1]
        leaders = [line["host"] for line in stage4.status()["processes"]
                   if line["name"].endswith(".patroni") and line.get("role") == "leader"]
        assert leaders and leaders != [leader]


def test_what_a_killed_drill_has_left_is_mended(stage4):
    stage4.wait_until_all_ready()
    stage4.ask("freeze", host="server-b")
    assert stage4.heights("drill", "mend").expect(0).out == "server-b goes on\n"
    stage4.wait_until_all_ready()
    stage4.ask("cutPower", zone="local-c")
    assert "`heights drill mend`" in stage4.heights("drill", "leader-crash").expect(1).err
    assert stage4.heights("drill", "mend", "--json").expect(0).json == {"mended": ["zone local-c has power again"]}
    stage4.wait_until_all_ready()
    stage4.ask("watchPower", zone="local-a")
    assert stage4.heights("drill", "mend").expect(0).out == "nothing is broken\n"
    assert stage4.status()["watchedZones"] == []


def test_stage_5_survives_the_loss_of_its_cache_and_of_a_zone(lab):
    lab.up("--stage", 5)
    drill(lab, "cache-loss")
    drill(lab, "zone-outage", "--zone", "local-b")


def test_a_full_disk_refuses_writes_and_takes_them_again(summit):
    report = drill(summit, "disk-full")
    assert report["errors"].get("HTTP 507", 0) > 0
    assert report["reads"]["failed"] == 0
    assert not list(summit.data().glob("drill-*"))


def test_a_write_that_is_missing_is_told_and_the_answer_is_no(summit):
    summit.load(rate=50, seconds=2).finish_without_failure()
    lines = summit.ledger.read_text().splitlines()
    post = next(json.loads(line) for line in lines if '"kind":"post"' in line.replace(" ", ""))
    with summit.ledger.open("a") as ledger:
        ledger.write(json.dumps({**post, "id": str(int(post["id"]) + 1)}) + "\n")
    outcome = summit.heights("drill", "instance-crash", "--rate", 40, "--users", 5, "--json").expect(1)
    assert outcome.json["missingWrites"] == 1 and outcome.json["examples"], outcome.json


def test_what_can_not_be_drilled_is_wrong_use(summit):
    assert "from stage 5" in summit.heights("drill", "--help").expect(0).out
    for words, reason in [
            (["cache-loss"], "stages 5 to 7"), (["zone-outage"], "stages 4 to 7"),
            (["instance-crash", "--zone", "local-a"], "leave it out"), (["zone-outag"], "did you mean 'zone-outage'"),
    ]:
        assert reason in summit.heights("drill", *words).expect(2).err, words
