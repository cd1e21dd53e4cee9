"""The climbs from the single server to services that scale on their own: live under load, killed, undone, and begun again."""

import contextlib
import json
import os
import signal
import threading

import pytest
import requests

from support.climbing import STEPS_TO, climb_again, climb_until, has_committed, kill_climb
from support.held_climb import HeldClimb
from support.pictures import png
from support.raw_http import Connection
from support.summit_api import Person
from support.waiting import wait_until


def expect_at(lab, stage):
    """The app is there, whole, and has everything that it has acknowledged."""
    status = lab.status()
    assert status["stage"] == stage and "climb" not in status
    lab.verify()
    return status


class Owner:
    """Somebody who is logged in, has logged out elsewhere, and has sent photos."""

    def __init__(self, lab):
        self.person = Person.sign_up(lab.status()["appURL"])
        self.photos = {}
        self.send_photo()
        ended = self.person.cookie
        assert self.person.send("DELETE", "/api/sessions").status_code == 204
        self.ended = {"Cookie": ended}
        assert self.person.log_in().status_code == 201
        self.expect_all()

    def send_photo(self):
        data = png(20 + len(self.photos))
        answer = self.person.upload(data)
        assert answer.status_code == 201, answer.text
        self.photos[answer.json()["key"]] = data

    def expect_all(self):
        assert self.person.get("/api/me").status_code == 200
        assert requests.get(self.person.url + "/api/me", headers=self.ended, timeout=5).status_code == 401
        for key, data in self.photos.items():
            answer = self.person.get(f"/media/{key}")
            assert answer.status_code == 200 and answer.content == data, (key, answer.status_code)


def loaded(lab, rate=60):
    """Load that goes on until it is stopped."""
    return lab.load(rate=rate, seconds=600, users=10).wait_until_it_flows()


def finish(load):
    """Nobody has noticed anything."""
    load.stop().finish_without_failure()


def test_one_command_climbs_from_the_launch_page_to_stage_6(lab):
    lab.up("--stage", 1)
    load = loaded(lab)
    events = lab.heights("climb", "--to", 6, "--json").expect(0).json_lines
    finish(load)
    assert [event["outcome"] for event in events if "outcome" in event] == ["committed"]
    for to, steps in STEPS_TO.items():
        told = [event["step"] for event in events if event.get("event") == "done" and event["operation"] == "verify"]
        assert set(steps) <= set(told), to
    expect_at(lab, 6)
    # Each share of a service's calls, with the numbers by which it was judged.
    trials = lab.status()["trials"]
    assert {trial["service"] for trial in trials} == {"accounts", "posts", "graph"}
    assert [round(100 * trial["share"]) for trial in trials] == [1, 10, 50, 100] * 3
    assert {trial["verdict"] for trial in trials} == {"wentOn"} and "release" not in trials[0]
    assert all(trial["new"]["requests"] > 0 for trial in trials if trial["service"] == "posts" and trial["share"] > 0.4), trials


@pytest.mark.parametrize("to", [5, 6])
def test_a_climb_under_load_fails_nothing_and_comes_back(lab, to):
    lab.up("--stage", 2 if to == 5 else 5)
    owner = Owner(lab)
    # What starts for stage 6 takes both cores for a while, and other tests run beside.
    load = lab.load(rate=200 if to == 5 else 30, seconds=40, users=20).wait_until_it_flows()
    lab.heights("climb", "--to", to, "--json").expect(0)
    owner.expect_all()
    owner.send_photo()
    report = load.finish_without_failure()
    assert report["acknowledgedWrites"] > 0
    sessions = report["sessions"]
    assert sessions["checked"] > 20 and sessions["lost"] == 0 and sessions["unreadable"] == 0, sessions
    expect_at(lab, to)
    lab.down()
    assert lab.up()["stage"] == to
    owner.person.url = expect_at(lab, to)["appURL"]
    owner.expect_all()


class Sluggish:
    """Has every process of a service stand still for most of the time, but for so long that health checks still pass."""

    def __init__(self, lab, service):
        self.lab, self.prefix = lab, f"service-{service}-"
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _run(self):
        while not self.over.is_set():
            pids = [
                line["pid"] for line in self.lab.status()["processes"]
                if line["name"].startswith(self.prefix) and line.get("health") == "ready" and line.get("pid")]
            for _ in range(10 if pids else 1):
                self._signal(pids, signal.SIGSTOP)
                self.over.wait(0.3 if pids else 0)
                self._signal(pids, signal.SIGCONT)
                self.over.wait(0.1)

    @staticmethod
    def _signal(pids, number):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def test_a_service_that_is_slower_on_its_own_servers_goes_back_and_the_climb_says_by_how_much(lab):
    lab.up("--stage", 5)
    lab.wait_until_all_ready()
    load = loaded(lab, rate=100)
    with Sluggish(lab, "posts"):
        climb = lab.heights("climb", "--to", 6)
    assert climb.code == 1, climb
    # The numbers of both sides, and which share it was.
    assert "of the calls of posts are answered as well as those that stay" in climb.err, climb
    assert "took more than" in climb.err and "of what stays" in climb.err, climb
    # What went before did as well as what stayed.
    assert "all of the calls of accounts: " in climb.err, climb
    placed = json.loads((lab.home / "placement.json").read_text())["services"]
    assert (placed["accounts"]["share"], placed["posts"]["share"]) == (1024, 0), placed
    lab.heights("climb", "--to", 6).expect(0)
    finish(load)
    expect_at(lab, 6)


def test_a_connection_that_is_kept_open_is_answered_by_the_front_door_that_steps_aside(lab):
    lab.up("--stage", 4)
    climb = HeldClimb(lab, 5).hold_before("turn-front-door")
    with Connection(lab.status()["appURL"]) as kept:
        for _ in range(100):
            answer = kept.request("GET", "/healthz")
            assert answer is not None, "the connection ended as if nobody were using it"
            assert answer.status == 200
            if answer.closes:
                break
            climb.read_for(0.1)
        else:
            raise AssertionError("the front door did not step aside")
    assert climb.finish() == 0


def test_a_climber_that_is_killed_at_every_step_in_turn_ends_at_stage_6(lab):
    lab.up()
    load = loaded(lab)
    for to, steps in STEPS_TO.items():
        for step in steps:
            for operation in ("run", "verify"):
                kill_climb(lab, operation, step, "--to", to)
        climb_again(lab, to)
        assert lab.status()["stage"] == to
    finish(load)
    expect_at(lab, 6)


def test_a_climb_without_a_way_back_is_not_undone_in_part(lab):
    lab.up()
    kill_climb(lab, "run", "end-capture", "--to", 3)
    # What that step does, in case the kill came before it had asked.
    address = next(line["address"] for line in lab.status()["processes"] if line["name"] == "database-a.postgres")
    target = {"cluster": "main", "members": [f"{address}:{5432 + lab.state['place']['portShift']}"]}
    wait_until(lambda: move(lab, "POST", "/move/finish", target).status in (202, 409), "the app is asked")
    wait_until(lambda: json.loads(move(lab, "GET", "/move").body).get("done") == "finish", "the move is finished")
    undone = lab.heights("climb", "--undo", "--json").expect(1)
    assert "the move is finished" in undone.out
    assert lab.status()["stage"] == 3
    climb_again(lab, 3)


def move(lab, method, path, target=None):
    with Connection(lab.admin()) as admin:
        return admin.request(method, path, json.dumps(target).encode() if target else b"")


@pytest.mark.parametrize("to", STEPS_TO)
def test_a_climb_that_is_undone_leaves_the_stage_before_and_can_begin_again(lab, to):
    lab.up()
    if to > 3:
        lab.heights("climb", "--to", to - 1).expect(0)
    owner = Owner(lab)
    load = loaded(lab)
    steps = STEPS_TO[to]
    for step in (steps[-1], steps[len(steps) // 2]):
        kill_climb(lab, "run", step, "--to", to)
        if has_committed(lab, to):
            pytest.fail("the climb was over before it could be undone")
        undone = lab.heights("climb", "--undo", "--json")
        if "the move is finished" in undone.out:
            # The kill came after what ended the way back: then nothing is undone.
            undone.expect(1)
            assert lab.status()["stage"] == to
            break
        undone.expect(0)
        assert undone.json_lines[-1]["outcome"] == "reverted", undone
        expect_at(lab, to - 1)
        owner.expect_all()
        owner.send_photo()
    climb_again(lab, to)
    finish(load)
    expect_at(lab, to)
    owner.expect_all()


@pytest.mark.parametrize("to", STEPS_TO)
def test_a_supervisor_that_is_killed_at_every_step_in_turn_is_followed_by_up_and_climb(lab, to):
    lab.up()
    if to > 3:
        lab.heights("climb", "--to", to - 1).expect(0)
    lab.load(rate=60, seconds=2).finish_without_failure()
    # What stage 6 has takes a while to come back: every other step.
    for step in STEPS_TO[to][1::2] if to == 6 else STEPS_TO[to]:
        supervisor = lab.supervisor
        climb = climb_until(lab, "run", step, "--to", to)
        os.kill(supervisor.pid, signal.SIGKILL)
        assert climb.wait(240) in (0, 1)
        lab.expect_nothing_left()
        lab.heights("up", "--port", 0, "--console-port", 0, "--detach").expect(0)
        wait_until(lambda: is_answered(lab), "the app answers")
    climb_again(lab, to)
    expect_at(lab, to)


def is_answered(lab):
    try:
        return requests.get(lab.status()["appURL"] + "/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False
