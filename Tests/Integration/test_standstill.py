"""A process that stands still while a climb changes where everything is: no step is taken for done before that process
goes by the change, or has ended."""

import json
import os
import signal
from contextlib import contextmanager

import pytest
import requests

from support.climbing import climb_again
from support.held_climb import HeldClimb
from support.raw_http import Connection
from support.summit_api import Person
from support.waiting import wait_until

# Of each climb: who stands still, and the steps that change the placement.
PLACING = {
    3: ("app", ["flip-databases"]),
    4: ("app", ["place-follower"]),
    5: ("server-b", ["share-cache", "move-sessions", "copy-objects", "move-objects", "leave-folder"]),
}
# Nothing is measured: that long it is watched that something does not happen.
WATCHED_SECONDS = 3


@contextmanager
def standing_still(lab, name):
    pid = lab.process(name)["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if lab.status_of(name)["pid"] == pid:
            os.kill(pid, signal.SIGCONT)


def epoch(lab):
    path = lab.home / "placement.json"
    return json.loads(path.read_text())["epoch"] if path.exists() else 0


def adopted(lab, name):
    with Connection(lab.admin(name)) as admin:
        return json.loads(admin.request("GET", "/placement").body)["epoch"]


def has_passed(lab, to, step):
    return {"event": "done", "operation": "run", "step": step} in lab.journal(to)


def expect_at(lab, stage, name):
    status = lab.status()
    assert status["stage"] == stage and "climb" not in status
    lab.verify()
    if name in {line["name"] for line in status["processes"] if line["health"] == "ready"}:
        assert adopted(lab, name) == epoch(lab)


@pytest.mark.parametrize("to", PLACING)
def test_no_step_that_changes_the_placement_is_passed_while_a_process_stands_still(lab, to):
    name, steps = PLACING[to]
    lab.up("--stage", to - 1)
    load = lab.load(rate=30, seconds=600).wait_until_it_flows()
    climb = HeldClimb(lab, to)
    for step in steps:
        climb.hold_before(step)
        before = epoch(lab)
        with standing_still(lab, name):
            told = climb.read_for(WATCHED_SECONDS)
            assert not has_passed(lab, to, step), told
            if name != "app":
                # The change is there, and the other goes by it.
                assert epoch(lab) == before + 1
                wait_until(lambda: adopted(lab, "server-a") == before + 1, "server-a goes by the change")
        climb.read_until("done", "run", step)
        assert epoch(lab) > before
        if name != "app":
            assert adopted(lab, name) == epoch(lab)
    if climb.finish() != 0:
        # What a later step failed of is no business of these; then the next climb ends well.
        assert climb.events[-1]["outcome"] == "failed", climb.events[-1]
        climb_again(lab, to)
    report = load.stop().finish()
    assert report["acknowledgedWrites"] > 0
    expect_at(lab, to, name)


def test_a_climb_that_has_waited_in_vain_fails_with_a_reason_and_is_begun_again(lab):
    name, (step, *_) = PLACING[5]
    lab.up("--stage", 4)
    lab.load(rate=30, seconds=2).finish_without_failure()
    climb = HeldClimb(lab, 5).hold_before(step)
    with standing_still(lab, name):
        assert climb.finish() == 1
        failed = [event for event in climb.events if event.get("event") == "failed"]
        assert [event["step"] for event in failed] == [step] and f"{name} goes by epoch" in failed[0]["text"], failed
        assert not has_passed(lab, 5, step)
    climb_again(lab, 5)
    expect_at(lab, 5, name)


def test_a_session_that_ended_while_a_server_stood_still_stays_ended_everywhere(lab):
    name, steps = PLACING[5]
    lab.up("--stage", 4)
    servers = [f"http://{lab.process(server)['address']}:{lab.http_port}" for server in ("server-a", "server-b")]
    climb = HeldClimb(lab, 5)
    ended = []
    for step in steps[:2]:
        climb.hold_before(step)
        person = Person.sign_up(servers[1])
        cookie = {"Cookie": person.cookie}
        assert [requests.get(f"{url}/api/me", headers=cookie, timeout=10).status_code for url in servers] == [200, 200]
        with standing_still(lab, name):
            climb.read_for(WATCHED_SECONDS)
            assert requests.delete(f"{servers[0]}/api/sessions", headers=cookie, timeout=10).status_code == 204
        climb.read_until("done", "run", step)
        ended.append(cookie)
        for cookie in ended:
            assert [requests.get(f"{url}/api/me", headers=cookie, timeout=10).status_code for url in servers] == [401, 401]
    assert climb.finish() == 0
    for cookie in ended:
        assert requests.get(lab.status()["appURL"] + "/api/me", headers=cookie, timeout=10).status_code == 401
    assert lab.status()["stage"] == 5
