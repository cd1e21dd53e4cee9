"""A page of somebody else, open in the browser of whoever runs a lab, changes nothing in it and reads nothing that is
secret (docs/security.md)."""

import json
from contextlib import contextmanager

import pytest

from support.browser import chromium
from support.doors import doors
from support.foreign_page import ASKED, Decoy, attack, decoy, foreign_pages
from support.host_names import FURTHER, misjudged
from support.inside import KEPT, inside, redis
from support.lab import Lab
from support.summit_api import Person
from support.waiting import wait_until

# A page can become one of these, if its name leads there: the others don't speak HTTP, or with the lab's certificate alone.
SPEAK_HTTP = ("app", "console", "patroni", "store")


@pytest.fixture(scope="module")
def lab():
    lab = Lab()
    try:
        lab.add_to_manifest(f"hosts: {json.dumps(FURTHER)},")
        lab.up("--stage", 5)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


@pytest.fixture(scope="module")
def addresses(lab):
    """The addresses and ports of each kind of door."""
    by_kind = {}
    for kind, address, port in sorted(doors(lab)):
        by_kind.setdefault(kind, []).append((address, port))
    assert set(ASKED) == set(by_kind) | {"decoy"}, "what is asked of each kind of door (support/foreign_page.py)"
    leader = next(line["address"] for line in lab.wait_until_all_ready().values()
                  if line["name"].endswith(".redis") and line["role"] == "leader")
    caches = by_kind["redis"]
    assert redis(lab, "cache", leader, caches[0][1], "SET", KEPT, "as it was") == ["OK"]
    wait_until(lambda: all(redis(lab, "cache", *door, "GET", KEPT) == ["as it was"] for door in caches), "both have it")
    return by_kind


@contextmanager
def nothing_changes(lab, addresses):
    # The console tells once a second what is so.
    before = wait_until(lambda: (lambda it: it if it["console"]["operation"] is None else None)(inside(lab, addresses)),
                        "the lab is at rest")
    yield
    after = inside(lab, addresses)
    assert {key: (value, after[key]) for key, value in before.items() if after[key] != value} == {}


def secrets(lab):
    found = {path.read_text().strip() for path in (lab.home / "secrets").iterdir() if path.suffix != ".pem"}
    return found | {lab.status()["consoleURL"].partition("token=")[2]}


def told_by(word, read):
    return [(url, how) for url, how, _, text in read if word in text]


def test_a_page_of_another_origin_reads_nothing_and_changes_nothing(lab, addresses):
    status = lab.status()
    person = Person.sign_up(status["appURL"])
    person.post("the only one")
    # A page of the app's and the console's own site sends their cookies along; the other does not.
    with (nothing_changes(lab, addresses), chromium() as browser, decoy() as open_door,
          foreign_pages("127.0.0.1", "127.0.0.9") as pages):
        browser.open(status["consoleURL"]).see("Live")
        browser.open(status["appURL"])
        name, value = person.cookie.split("=", 1)
        browser.driver.add_cookie({"name": name, "value": value, "httpOnly": True, "sameSite": "Lax"})
        targets = [(f"http://{address}:{port}", ASKED[kind]) for kind, found in addresses.items() for address, port in found]
        targets += [(f"https://{address}:{port}", ASKED["etcd"]) for address, port in addresses["etcd"]]
        for page in pages:
            browser.open(page)
            told = attack(browser, [*targets, (open_door.url, ASKED["decoy"])])
            # The attack is one: what lets everybody in is read.
            read = [it for it in told["read"] if not it[0].startswith(open_door.url)]
            ways = {how for url, how, _, text in told["read"] if text == Decoy.SECRET}
            assert ways == {f"{method} cors" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
            assert (read, told["left"], told["cookie"]) == ([], [], "")
        expect_all_ways(open_door)
        # What was asked of the app was asked as the person.
        assert any(f"{name}={value}" in (cookies or "") for cookies in open_door.cookies)
    assert person.get("/api/me").status_code == 200
    person.close()


def expect_all_ways(open_door):
    """Every way that a page has was tried."""
    assert {method for method, *_ in open_door.taken} == {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    assert {dest for _, dest, *_ in open_door.taken} >= {"empty", "image", "script", "style", "iframe", "audio", "embed"}
    assert "websocket" in {upgrade for _, _, upgrade, *_ in open_door.taken}
    assert {kind for method, _, _, kind, has_body in open_door.taken if method == "POST" and has_body} >= {
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"}


def test_a_page_whose_name_leads_to_a_door_becomes_no_part_of_what_is_behind_it(lab, addresses):
    known = [(kind, address, port) for kind in SPEAK_HTTP for address, port in addresses[kind]]
    names = {f"lab-{number}.example.com": door for number, door in enumerate(known)}
    rules = ",".join(f"MAP {name} {address}" for name, (_, address, _) in names.items())
    answers = {kind: [] for kind in SPEAK_HTTP}
    with (nothing_changes(lab, addresses),
          chromium(f"--host-resolver-rules={rules}", "--disable-features=HttpsUpgrades") as browser):
        # What the door's own page forbids its scripts is no hindrance to a page that was somebody else's when it came.
        browser.driver.execute_cdp_cmd("Page.enable", {})
        browser.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        for name, (kind, _, port) in names.items():
            origin = f"http://{name}:{port}"
            browser.open(origin + "/")
            assert browser.run("return location.origin") == origin, (kind, browser.text)
            answers[kind] += attack(browser, [(origin, ASKED[kind])], is_own=True)["read"]
    everything = [it for read in answers.values() for it in read]
    assert [(word, told_by(word, everything)) for word in secrets(lab) if told_by(word, everything)] == []
    statuses = {kind: {(how.split()[0], status) for _, how, status, _ in read} for kind, read in answers.items()}
    assert {status for _, status in statuses["console"]} == {405, 421}
    assert {status for _, status in statuses["store"]} == {403}
    # Who leads, and the configuration.
    assert {status for method, status in statuses["patroni"] if method != "GET"} == {401, 501}
    assert {status for method, status in statuses["patroni"] if method == "GET"} <= {200, 503}
    # The rest are addresses that no door has.
    assert {status for _, status in statuses["app"]} - {404, 405} == {421}


def test_every_door_of_the_app_answers_to_its_own_names_alone(addresses):
    assert {(address, port): misjudged(address, port) for address, port in addresses["app"]} == {
        door: [] for door in addresses["app"]}
