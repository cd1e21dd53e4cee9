"""Stage 6: services in processes of their own, behind balancers of their own, in three zones."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
import requests

from support.lab import Lab
from support.summit_api import Person
from support.waiting import wait_until

SERVICES = ("accounts", "posts", "graph")


@pytest.fixture(scope="module")
def stage6():
    lab = Lab()
    try:
        lab.up("--stage", 6)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def instances(lab, service):
    return [line for line in lab.status()["processes"] if re.fullmatch(rf"service-{service}-[a-c]\d*", line["name"])]


def drill(lab, kind, *words):
    report = lab.heights("drill", kind, "--rate", 60, "--users", 10, "--json", *words).expect(0).json
    assert report["missingWrites"] == 0 and report["lostSessions"] == 0 and report["letInSessions"] == 0, report
    assert report["acknowledgedWrites"] > 0, report
    return report


def test_each_service_has_an_instance_in_each_zone_and_does_its_own_work_alone(stage6):
    for service in ("web", *SERVICES):
        assert {line["zone"] for line in instances(stage6, service)} == {"local-a", "local-b", "local-c"}
    placement = json.loads((stage6.home / "placement.json").read_text())
    assert {name: place["callers"] for name, place in placement["services"].items()} == {name: ["web"] for name in SERVICES}
    assert list(placement["keys"]) == ["web"]
    # Its secret is only with its service.
    key = next((stage6.home / "secrets").glob("service-*"))
    assert key.name == "service-web" and key.stat().st_mode & 0o077 == 0
    for service in ("web", *SERVICES):
        pairs = Path(f"/proc/{instances(stage6, service)[0]['pid']}/environ").read_text().split("\0")
        environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        assert environment["HEIGHTS_SERVICE"] == service
        assert ("HEIGHTS_SERVICE_KEY_FILE" in environment) == (service == "web")


def test_people_use_the_app_as_before_and_nobody_else_gets_to_a_service(stage6):
    url = stage6.status()["appURL"]
    ada, ben = (Person.sign_up(url) for _ in range(2))
    assert ada.send("PUT", f"/api/accounts/{ben.name}/follow").status_code == 204
    assert ben.post("from the other side").status_code == 201
    assert [post["text"] for post in ada.get("/api/feed").json()["items"]] == ["from the other side"]
    call = "/services/accounts/named"
    assert requests.post(url + call, json={"name": ada.name}, timeout=5).status_code == 404
    port = 8080 + stage6.state["place"]["portShift"]
    balancer = stage6.status_of("load-balancer-accounts-a.haproxy")["address"]
    assert requests.post(f"http://{balancer}:{port}{call}", json={"name": ada.name}, timeout=5).status_code == 401
    ada.close()
    ben.close()


def test_load_fails_nothing_while_services_are_scaled_out_and_in(stage6):
    load = stage6.load(rate=80, seconds=14, users=8).wait_until_it_flows()
    stage6.heights("scale", "posts=5").expect(0)
    assert len(instances(stage6, "posts")) == 5
    stage6.heights("scale", "web=4").expect(0)
    stage6.heights("scale", "posts=3").expect(0)
    load.finish_without_failure()
    stage6.heights("scale", "web=3").expect(0)
    assert "known are web, accounts, posts, graph" in stage6.heights("scale", "media=3").expect(2).err
    stage6.verify()


@pytest.mark.parametrize(
    "kind",
    ["zone-outage", "instance-crash", "leader-crash", "hung-service", "sessions-away", "sessions-throttled", "sessions-slow"])
def test_stage_6_survives(stage6, kind):
    drill(stage6, kind)
    stage6.wait_until_all_ready()


def test_a_service_that_stands_still_does_not_take_along_what_does_not_need_it(stage6):
    """Every process of it: nobody refuses, nobody answers."""
    stage6.wait_until_all_ready()
    url = stage6.status()["appURL"]
    ada = Person.sign_up(url)
    post = ada.post("still here").json()
    pids = [line["pid"] for line in instances(stage6, "graph")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Before and after it is known that it stands still.
        for _ in range(40):
            assert ada.get(f"/api/posts/{post['id']}").status_code == 200
            assert ada.get("/api/me").status_code == 200
        feed = ada.get("/api/feed")
        assert (feed.status_code, feed.headers.get("Retry-After") is not None) == (503, True), feed.text
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    stage6.wait_until_all_ready()
    wait_until(lambda: ada.get("/api/feed").status_code == 200, "the feed is back")
    ada.close()
    stage6.verify()


def test_who_is_logged_in_stays_so_while_the_table_of_sessions_is_away_and_nobody_comes_back(stage6):
    url = stage6.status()["appURL"]
    ada, ben = (Person.sign_up(url) for _ in range(2))
    assert ben.send("DELETE", "/api/sessions").status_code == 204
    # Redis has a copy of what was used.
    assert ada.get("/api/me").status_code == 200
    table = stage6.status_of("sessions.ministack")["pid"]
    os.kill(table, signal.SIGSTOP)
    try:
        for _ in range(5):
            assert ada.get("/api/me").status_code == 200
        assert ada.post("while it stands still").status_code == 201
        # Nobody can say whether that one is over, so nobody lets it in.
        assert ben.get("/api/me").status_code in (401, 503)
        logged_in = ben.log_in()
        assert (logged_in.status_code, logged_in.headers.get("Retry-After") is not None) == (503, True), logged_in.text
        # What was not said to have ended has not.
        assert ada.send("DELETE", "/api/sessions").status_code == 503
    finally:
        os.kill(table, signal.SIGCONT)
    wait_until(lambda: ben.log_in().status_code == 201, "people log in again")
    ended = ada.cookie
    wait_until(lambda: ada.send("DELETE", "/api/sessions").status_code in (204, 401), "people log out again")
    answer = requests.get(url + "/api/me", headers={"Cookie": ended}, timeout=5)
    assert answer.status_code == 401
    ada.close()
    ben.close()


def test_sessions_are_in_the_table_and_come_back_with_it(stage6):
    """Killed, and Redis empty: what is there was on its disk."""
    person = Person.sign_up(stage6.status()["appURL"])
    # Redis starts without what it had: nobody else knows the session.
    for name in ("sessions", "cache-a", "cache-b", "cache-c"):
        for line in stage6.status()["processes"]:
            if line.get("host") == name:
                os.kill(line["pid"], signal.SIGKILL)
    stage6.wait_until_all_ready()
    wait_until(lambda: person.get("/api/me").status_code == 200, "the session is there")
    person.close()


def test_a_stage_comes_back_as_it_was(stage6):
    person = Person.sign_up(stage6.status()["appURL"])
    post = person.post("before the night").json()
    stage6.down()
    stage6.up()
    stage6.wait_until_all_ready()
    person.url = stage6.status()["appURL"]
    assert person.get(f"/api/posts/{post['id']}").json()["text"] == "before the night"
    person.close()
