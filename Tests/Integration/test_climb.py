"""The climb from the launch page to the single server, live under load."""

from support.summit_api import Person
from support.waitlist import Joiners, acknowledged, addresses


def test_a_climb_under_load_fails_no_request_and_loses_no_address(lab):
    url = lab.up("--stage", 1)["appURL"]
    load = lab.load(rate=150, seconds=6).wait_until_it_flows()
    with Joiners(url) as joiners:
        climb = lab.heights("climb", "--json").expect(0)
    report = load.finish_without_failure()
    assert joiners.joined and not joiners.failures, joiners.failures

    assert report["stage"] == 1 and set(report["actions"]) == {"readLaunchPage", "joinWaitlist"}
    assert climb.json_lines[-1]["outcome"] == "committed"
    status = lab.status()
    assert status["stage"] == 2 and status["openDoors"] == ["app"] and status["appURL"] == url
    verified = lab.verify()
    assert verified["byKind"] == {"waitlist": len(acknowledged(lab))}
    assert acknowledged(lab) | joiners.joined <= addresses(lab)

    # What was the launch page is an app, with people in it, and stays one.
    Person.sign_up(url).close()
    assert lab.heights("climb", "--to", 2, "--json").expect(0).json_lines[-1]["outcome"] == "already_there"
    lab.down()
    assert lab.up()["stage"] == 2
    assert acknowledged(lab) <= addresses(lab)


def test_a_climb_tells_each_step_in_its_order(lab):
    lab.up("--stage", 1)
    *events, outcome = lab.heights("climb", "--json").expect(0).json_lines
    assert outcome["outcome"] == "committed"
    steps = list(dict.fromkeys(event["step"] for event in events))
    assert [event["number"] for event in events if event["event"] == "starts" and event["operation"] == "run"] == list(
        range(1, len(steps) + 1))
    for step in steps:
        told = [(event["event"], event["operation"]) for event in events if event["step"] == step]
        told = [pair for pair in told if pair[0] != "progress"]
        assert told == [("starts", "run"), ("done", "run"), ("starts", "verify"), ("done", "verify")], step


def test_a_climb_for_people_tells_progress_on_standard_error(lab):
    lab.up("--stage", 1)
    climb = lab.heights("climb").expect(0)
    assert climb.out.strip() == "the app is at stage 2" and "[1/" in climb.err


def test_a_climb_that_can_not_be_is_told(lab, summit):
    assert summit.heights("climb", "--to", 2, "--json").expect(0).json_lines[-1]["outcome"] == "already_there"
    assert "up to 6" in summit.heights("climb", "--to", 7).expect(2).err
    assert summit.heights("climb", "--undo", "--json").expect(0).json_lines[-1]["outcome"] == "nothing_to_undo"
