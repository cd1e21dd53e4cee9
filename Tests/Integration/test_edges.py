"""Edges: static files come from the object store under names for good; what no header allows to be kept is not kept."""

import re

import pytest
import requests

from support.summit_api import Person
from support.waiting import wait_until

FOR_GOOD = "public, max-age=31536000, immutable"


@pytest.fixture
def stage_5(lab):
    lab.up("--stage", 5)
    lab.wait_until_all_ready()
    return lab


def test_static_files_come_from_the_object_store_and_from_the_app_without_it(stage_5):
    url = stage_5.status()["appURL"]
    page = requests.get(url + "/", timeout=10)
    path = re.search(r'href="(/static/summit[.][0-9a-f]{16}[.]css)"', page.text)[1]
    store = next(process for process in stage_5.status()["processes"] if process["name"] == "objects.ministack")
    port = 4566 + stage_5.state["place"]["portShift"]
    in_store = f"http://{store['address']}:{port}/summit-objects{path}"
    reader = {"Authorization": "Bearer " + (stage_5.home / "secrets" / "objects-reader").read_text()}
    assert requests.get(in_store, timeout=5).status_code == 403
    wait_until(lambda: requests.get(in_store, headers=reader, timeout=5).status_code == 200, "the app has put it there")
    first = requests.get(url + path, timeout=10)
    assert (first.status_code, first.headers["Cache-Control"]) == (200, FOR_GOOD)
    assert first.headers["Content-Type"].startswith("text/css")
    assert first.text == requests.get(in_store, headers=reader, timeout=5).text
    wait_until(lambda: requests.get(url + path, timeout=5).headers.get("X-Cache") == "HIT", "an edge keeps it")

    # One that no edge has yet, while there is no object store to ask.
    icon = re.search(r'href="(/static/favicon[.][0-9a-f]{16}[.]svg)"', page.text)[1]
    stage_5.ask("freeze", host="objects")
    try:
        answer = requests.get(url + icon, timeout=30)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_GOOD)
    finally:
        stage_5.ask("thaw", host="objects")


def test_what_says_nothing_of_being_kept_is_not_kept_and_what_is_kept_needs_no_server(stage_5):
    url = stage_5.status()["appURL"]
    person = Person.sign_up(url)
    for text in ("one", "two"):
        post = person.post(text).json()["id"]
        for _ in range(4):
            answer = requests.get(f"{url}/api/posts/{post}", timeout=10)
            assert answer.json()["text"] == text and answer.headers["X-Cache"] == "MISS"
    path = re.search(r'href="(/static/summit[.][0-9a-f]{16}[.]css)"', requests.get(url + "/", timeout=10).text)[1]
    wait_until(lambda: all(requests.get(url + path, timeout=5).headers.get("X-Cache") == "HIT" for _ in range(4)),
               "both edges keep it")
    # Told by an edge as long as it has it, whatever is behind it.
    for server in ("server-a", "server-b"):
        stage_5.ask("freeze", host=server)
    assert requests.get(url + path, timeout=10).status_code == 200
    for server in ("server-a", "server-b"):
        stage_5.ask("thaw", host=server)


def test_who_tries_too_many_passwords_shuts_out_nobody_else(stage_5):
    url = stage_5.status()["appURL"]
    person = Person.sign_up(url)

    def log_in(address, name, password, to=url, **headers):
        with requests.Session() as session:
            session.mount("http://", From(address))
            return session.post(to + "/api/sessions", json={"name": name, "password": password}, headers=headers,
                                timeout=30).status_code

    # A hundred failures are borne by each server, wherever each of them goes.
    codes = [log_in("127.0.0.66", f"nobody{number}", "a wrong password") for number in range(260)]
    assert codes[0] == 401 and codes[-20:] == [429] * 20
    # It says of itself that it asks for somebody else: at the front door, and at an edge, where DNS leads people.
    said = {"X-Forwarded-For": "127.0.0.77"}
    edge = f'http://{stage_5.process("edge-1.varnish")["address"]}:{stage_5.http_port}'
    for to in (url, edge):
        assert [log_in("127.0.0.66", f"o{number}", "a wrong one", to, **said) for number in range(6)] == [429] * 6, to
    assert log_in("127.0.0.77", person.name, person.password) == 201


def test_what_is_too_large_is_refused_with_413_through_every_proxy(stage_5):
    url = stage_5.status()["appURL"]
    person = Person.sign_up(url)
    for _ in range(3):
        assert person.upload(bytes(11 << 20)).status_code == 413
        assert person.post("a" * 200_000).status_code == 413
    assert person.post("short enough").status_code == 201


class From(requests.adapters.HTTPAdapter):
    """Connections from that address."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def test_people_cannot_make_an_edge_forget(stage_5):
    url = stage_5.status()["appURL"]
    path = re.search(r'href="(/static/summit[.][0-9a-f]{16}[.]css)"', requests.get(url + "/", timeout=10).text)[1]
    kept = lambda: all(requests.get(url + path, timeout=5).headers.get("X-Cache") == "HIT" for _ in range(4))
    wait_until(kept, "both edges keep it")
    for method in ("PURGE", "BAN", "REFRESH"):
        requests.request(method, url + path, timeout=10)
    assert kept()

    # The lab can: servers that start anew may be of another version.
    stage_5.ask("startHosts", hosts=["server-a"], stage=4)
    stage_5.ask("startHosts", hosts=["server-a"], stage=5)
    assert "has forgotten what it kept" in "\n".join(event["text"] for event in stage_5.status()["events"])
