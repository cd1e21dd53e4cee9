"""Services on auto have as many instances as their load asks for, and nothing fails meanwhile."""

import pytest

from support.lab import Lab
from support.waiting import wait_until

# Checking a password keeps a core busy for long, and no event loop: few log-ins are a load. (60 requests a second, half of them
# log-ins, were 6 % of what three instances have on two busy cores, nothing to do 0.2 %.)
BUSY = {"logIn": 1, "readPost": 1}
SCALE = "{ min: 3, max: 6, target: 2 }"


@pytest.fixture(scope="module")
def auto():
    lab = Lab()
    try:
        path = lab.folder / "heights.json"
        text = path.read_text()
        assert 'accounts: { databases: ["accounts"] }' in text
        path.write_text(text.replace(
            'accounts: { databases: ["accounts"] }', f'accounts: {{ databases: ["accounts"], scale: {SCALE} }}'))
        lab.change_workload(**BUSY)
        lab.up("--stage", 6)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def service(lab, name="accounts"):
    return next(entry for entry in lab.status()["services"] if entry["name"] == name)


def instances(lab, name="accounts"):
    return [line for line in lab.status()["processes"] if line["name"].startswith(f"service-{name}-")]


def decisions(lab):
    return [event["text"] for event in lab.status()["events"] if event["text"].startswith("accounts goes from")]


def test_what_heights_json_says_of_a_service_is_what_it_scales_by(auto):
    told = service(auto)
    assert {key: told[key] for key in ("mode", "instances", "minimum", "maximum", "targetPercent")} == {
        "mode": "auto", "instances": 3, "minimum": 3, "maximum": 6, "targetPercent": 2}
    assert (service(auto, "web")["mode"], service(auto, "web")["targetPercent"]) == ("hand", 60)


def test_more_load_brings_instances_and_less_takes_them_away_and_nothing_fails(auto):
    # While this goes on instances come; the calm that follows takes them away, under a little load.
    load = auto.load(rate=60, seconds=12, users=10).wait_until_it_flows()
    wait_until(lambda: service(auto)["instances"] > 3, "there are more instances")
    grown = service(auto)
    load.finish_without_failure()
    assert grown["utilisation"] + grown["idleShare"] == pytest.approx(1)
    assert grown["requestsPerCoreAtTarget"] > 0
    # The first of them may be for the zone that could be lost, before the load has reached the target.
    why = decisions(auto)
    assert why[0].startswith("accounts goes from 3 to ") and any("% busy, and 2 % is the target" in text for text in why), why

    load = auto.load(rate=4, seconds=25, users=2).wait_until_it_flows()
    wait_until(lambda: service(auto)["instances"] == 3, "there are as few as there have to be", 180)
    load.finish_without_failure()
    auto.wait_until_all_ready()
    assert len(instances(auto)) == 3 and {line["zone"] for line in instances(auto)} == {"local-a", "local-b", "local-c"}
    auto.verify()


def test_a_number_by_hand_holds_and_auto_is_remembered(auto):
    assert "accounts has 4 instances" in auto.heights("scale", "accounts=4").expect(0).out
    assert (service(auto)["mode"], service(auto)["instances"]) == ("hand", 4)
    assert "web scales by its load" in auto.heights("scale", "web=auto").expect(0).out
    assert "web=4" in auto.heights("scale", "web=many").expect(2).err
    assert "known are web, accounts, posts, graph" in auto.heights("scale", "media=auto").expect(2).err
    auto.down()
    auto.up()
    auto.wait_until_all_ready()
    # By hand it keeps four although there is nothing to do; auto is what web is still on.
    assert (service(auto)["mode"], service(auto)["instances"]) == ("hand", 4)
    assert service(auto, "web")["mode"] == "auto"
    table = auto.heights("status").expect(0).out
    assert [line.split()[:5] for line in table.splitlines() if line.startswith("accounts")] == [["accounts", "by", "hand", "4", "3"]]
