"""Drills on real engines: what is promised survives, what is broken comes back, and a loss is told."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

from support.identifiers import expect_in_order_and_not_ahead
from support.inside import etcd_members
from support.lab import Lab
from support.paths import LAB_PYTHON
from support.waiting import wait_until

# Far less than the hour by which a clock jumps.
AHEAD_MS = 60_000


def drill(lab, kind, *words):
    """Holds a drill and returns its report, which must be a good one."""
    report = lab.heights("drill", kind, "--rate", 60, "--users", 10, "--json", *words).expect(0).json
    assert report["missingWrites"] == 0 and report["lostSessions"] == 0 and report["letInSessions"] == 0, report
    assert report["acknowledgedWrites"] > 0 and report["sessions"] > 0, report
    assert report["proof"] and report["recoverySeconds"] is not None, report
    return report


def leader_of(lab):
    """The host that leads the database."""
    return next(line["host"] for line in lab.status()["processes"]
                if line["name"].endswith(".patroni") and line.get("role") == "leader")


@pytest.fixture(scope="module")
def stage4():
    lab = Lab()
    try:
        lab.up("--stage", 4)
        yield lab
    finally:
        lab.end()


@pytest.mark.parametrize(
    "kind", ["zone-outage", "hung-host", "leader-crash", "disk-loss", "switchover", "instance-crash"])
def test_stage_4_survives(stage4, kind):
    members = etcd_members(stage4)
    leader = leader_of(stage4)
    report = drill(stage4, kind)
    stage4.wait_until_all_ready()
    if kind == "zone-outage":
        assert "that were not flushed are gone" in report["proof"]
        # The zone of the leader, whose place another server has taken.
        assert leader[-1] == report["target"][-1]
        leaders = [line["host"] for line in stage4.status()["processes"]
                   if line["name"].endswith(".patroni") and line.get("role") == "leader"]
        assert leaders and leaders != [leader]
    # Who has lost what it promised does not come back under its name.
    assert etcd_members(stage4).keys() == members.keys()
    renamed = [host for host, number in etcd_members(stage4).items() if number != members[host]]
    assert renamed == ([report["target"]] if kind == "disk-loss" else [])


def test_a_clock_that_jumps_ahead_and_back_disturbs_nobody(stage4):
    leader = leader_of(stage4)
    report = drill(stage4, "clock-jump", "--hold", 8)
    assert report["target"].startswith("server-") and report["target"].endswith(f" and then {leader}"), report
    # It renews its lease as ever, though by the time of day there was an hour left.
    assert leader_of(stage4) == leader and stage4.status()["clocks"] == {}
    expect_in_order_and_not_ahead(stage4.ledger, AHEAD_MS)


def test_a_host_whose_folder_somebody_has_deleted_is_taken_in_again(stage4):
    # Other tests of this lab may run elsewhere.
    stage4.load(rate=20, seconds=2, users=4).finish_without_failure()
    members = stage4.wait_until_all_ready() and etcd_members(stage4)
    host = next(line["host"] for line in stage4.status()["processes"] if line.get("role") == "sync_standby")
    stage4.down()
    shutil.rmtree(stage4.home / "engines" / host)
    stage4.up()
    stage4.wait_until_all_ready()
    after = etcd_members(stage4)
    assert {name for name in after if after[name] != members[name]} == {host} and after.keys() == members.keys()
    stage4.verify()


def test_a_leader_that_hung_does_not_take_the_lead_back_while_its_successor_hangs(stage4):
    """It runs as a leader still, and knows nothing of what its successor has acknowledged alone."""
    stage4.wait_until_all_ready()
    former = leader_of(stage4)
    load = stage4.load(rate=40, seconds=30, users=5)
    stage4.ask("freeze", host=former)
    successor = next(host for host in ("database-a", "database-b") if host != former)
    wait_until(lambda: leads(stage4, successor), "its successor leads")
    time.sleep(3)
    hanging = stage4.status_of(f"{successor}.patroni")["pid"]
    os.kill(hanging, signal.SIGSTOP)
    try:
        # Longer than its lease.
        time.sleep(7)
        stage4.ask("thaw", host=former)
        end = time.monotonic() + 6
        while time.monotonic() < end:
            assert not leads(stage4, former)
            time.sleep(0.1)
    finally:
        stage4.ask("thaw", host=former)
        os.kill(hanging, signal.SIGCONT)
    stage4.wait_until_all_ready()
    assert load.finish()["acknowledgedWrites"] > 0
    stage4.verify()


# Run by Patroni's own Python, after what the lab has put before Patroni: etcd renews a lease and answers, and the answer is read
# as much later as told in leases.
READ_LATER = """
from threading import RLock
from types import SimpleNamespace
from unittest.mock import MagicMock

def leads_after(leases):
    def update_leader(*_):
        now = time.time() + leases * dcs.ttl
        time.time = lambda: now
        return True
    dcs = SimpleNamespace(ttl=5, update_leader=update_leader)
    ha = Ha.__new__(Ha)
    ha._is_leader, ha._is_leader_lock = 0, RLock()
    ha.dcs, ha.watchdog, ha.cluster, ha._failsafe_config = dcs, MagicMock(), MagicMock(), lambda: None
    return ha.update_lock() and ha.is_leader()

print([leads_after(leases) for leases in (0, 0.9, 1.1)])
"""


def test_who_hung_before_the_answer_of_its_renewal_was_read_does_not_think_that_it_leads(stage4):
    pid = stage4.status_of(f"{leader_of(stage4)}.patroni")["pid"]
    _, dash_c, launch, *_ = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    before, run, _ = launch.rpartition("runpy.run_module(")
    assert dash_c == "-c" and run, launch
    told = subprocess.run([LAB_PYTHON, "-c", before + READ_LATER], capture_output=True, text=True, timeout=60)
    assert (told.stdout, told.stderr) == ("[True, True, False]\n", "")


def leads(lab, host):
    """Whether the host's Patroni says that it holds the lead."""
    address, port = lab.status_of(f"{host}.patroni")["address"], 8008 + lab.state["place"]["portShift"]
    try:
        return requests.get(f"http://{address}:{port}/primary", timeout=1).status_code == 200
    except requests.RequestException:
        return False


def test_what_a_killed_drill_has_left_is_mended(stage4):
    stage4.wait_until_all_ready()
    stage4.ask("freeze", host="server-b")
    assert stage4.heights("drill", "mend").expect(0).out == "server-b goes on\n"
    stage4.wait_until_all_ready()
    stage4.ask("cutPower", zone="local-c")
    assert "`heights drill mend`" in stage4.heights("drill", "leader-crash").expect(1).err
    assert stage4.heights("drill", "mend", "--json").expect(0).json == {"mended": ["zone local-c has power again"]}
    stage4.wait_until_all_ready()
    stage4.ask("setClock", host="database-a", aheadSeconds=-60)
    assert stage4.heights("drill", "mend").expect(0).out == "the clock of database-a is right again\n"
    stage4.ask("watchPower", zone="local-a")
    assert stage4.heights("drill", "mend").expect(0).out == "nothing is broken\n"
    assert stage4.status()["watchedZones"] == []


def test_stage_5_survives_the_loss_of_its_cache_a_clock_that_jumps_and_the_loss_of_a_zone(lab):
    lab.up("--stage", 5)
    drill(lab, "cache-loss")
    # Photos are signed with a time, too.
    drill(lab, "clock-jump", "--hold", 8)
    drill(lab, "zone-outage", "--zone", "local-b")


def test_a_full_disk_refuses_writes_and_takes_them_again(summit):
    report = drill(summit, "disk-full")
    assert report["errors"].get("HTTP 507", 0) > 0
    assert report["reads"]["failed"] == 0
    assert not list(summit.data().glob("drill-*"))


def test_a_clock_that_jumps_at_the_single_server_disturbs_nobody(summit):
    report = drill(summit, "clock-jump", "--hold", 5)
    assert report["target"] == "server-a" and summit.status()["clocks"] == {}, report
    expect_in_order_and_not_ahead(summit.ledger, AHEAD_MS)


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
            (["cache-loss"], "stages 5 to 7"), (["disk-loss"], "nothing to bring it back from"), (["zone-outage"], "stages 4 to 7"),
            (["instance-crash", "--zone", "local-a"], "leave it out"), (["zone-outag"], "did you mean 'zone-outage'"),
    ]:
        assert reason in summit.heights("drill", *words).expect(2).err, words
