"""Vertical scaling under load: no request fails, no connection is refused."""

import pytest

from support.raw_http import Connection
from support.summit_api import Person, begin_post
from support.visitors import Visitors


@pytest.mark.parametrize("size", [["m7g.medium"], ["m7g.4xlarge", "16GiB"]], ids=["smaller", "larger"])
def test_resize_under_load_fails_no_request(summit, size):
    before = summit.status()
    load = summit.load(rate=150, seconds=5).wait_until_it_flows()
    words = ["--type", size[0]] + (["--disk", size[1]] if size[1:] else [])
    with Visitors(before["appURL"]) as visitors:
        after = summit.heights("resize", *words, "--json").expect(0).json
    visitors.expect_no_failure()
    load.finish_without_failure()
    summit.note(after)

    assert after["instance"]["type"] == size[0] and after["appURL"] == before["appURL"]
    assert pid(after) != pid(before), "the app has been started again"
    assert after["instance"]["eventLoops"] != before["instance"]["eventLoops"] or size[1:]
    if size[1:]:
        assert after["disk"]["quotaBytes"] == 16 << 30
    summit.verify()

    # The size outlives the run.
    summit.down()
    assert summit.up()["instance"]["type"] == size[0]


def test_a_request_that_has_begun_is_answered_before_the_app_is_started_again(summit):
    url = summit.status()["appURL"]
    person = Person.sign_up(url)
    with Connection(url) as connection:
        # Once answered, it is known that the app has taken the connection.
        assert connection.request("GET", "/healthz").status == 200
        rest = begin_post(connection, person, "Begun on the small one.")
        resize = summit.start("resize", "--type", "m7g.large")
        assert "draining" in resize.stderr.readline()
        made = connection.send(rest).answer()
    assert made.status == 201
    assert resize.wait(60) == 0
    assert person.get(made.headers["location"]).status_code == 200
    person.close()


def test_several_resizes_in_a_row_under_load_fail_no_request(summit):
    load = summit.load(rate=150, seconds=6).wait_until_it_flows()
    for kind in ("m7g.large", "t4g.nano", "c7g.2xlarge", "t4g.small"):
        summit.note(summit.heights("resize", "--type", kind, "--json").expect(0).json)
    load.finish_without_failure()
    summit.verify()


def test_what_can_not_be_is_refused_and_nothing_happens(summit, make_lab):
    before = summit.status()
    for words, telling in [
        (["--type", "m7g.lage"], "m7g.large"),
        (["--disk", "1GiB"], "can only grow"),
        (["--disk", "100TiB"], "at most"),
    ]:
        outcome = summit.heights("resize", *words).expect(2)
        assert telling in outcome.err and len(outcome.err.splitlines()) == 1, outcome
    after = summit.status()
    assert (pid(after), after["instance"], after["disk"]["quotaBytes"]) == (
        pid(before), before["instance"], before["disk"]["quotaBytes"])

    launch_page = make_lab()
    launch_page.up("--stage", 1)
    assert "heights climb" in launch_page.heights("resize", "--type", "m7g.large").expect(2).err


def pid(snapshot):
    return next(line["pid"] for line in snapshot["processes"] if line["name"] == "app")
